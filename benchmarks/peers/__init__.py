"""Other libraries on the same training steps, each in a process of its own."""
