"""``import torch`` in a process that a program under autograd.as_torch has started."""

import sys
from importlib import import_module

from autograd import as_torch

del sys.modules[__name__]  # install() refuses where it is imported
as_torch.install()
sys.modules[__name__] = import_module(__name__)
