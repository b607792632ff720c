"""``torch.multiprocessing``: Python's, whose processes have copies of tensors, by pickle.

>>> cpu_count() > 0
True
"""

import multiprocessing as _multiprocessing

from ...naming import refuse_others

globals().update({name: getattr(_multiprocessing, name) for name in _multiprocessing.__all__})
__getattr__ = refuse_others("torch.multiprocessing")
