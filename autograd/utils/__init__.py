"""What torch.utils holds: :mod:`.data`."""
