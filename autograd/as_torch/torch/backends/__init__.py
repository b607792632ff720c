"""``torch.backends``: switches of other libraries, which scripts may set and read; there is none of these libraries.

>>> cudnn.benchmark = True
>>> cudnn.benchmark, cudnn.is_available(), mps.is_available()
(True, False, False)
"""

from types import SimpleNamespace as _SimpleNamespace

from ....naming import refuse_others
from ...answers import answer
from . import cuda, cudnn, mps

mkl, mkldnn, openmp = (_SimpleNamespace(is_available=answer(False), enabled=False) for _ in range(3))
__getattr__ = refuse_others("torch.backends")
