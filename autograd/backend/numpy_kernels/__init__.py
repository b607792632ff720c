"""The living definition of every kernel, in NumPy.

Each function here has the name of a line in ``csrc/kernels.def`` and says what that kernel means. It takes NumPy
arrays, writes its first argument and returns nothing. It is also the fallback: without the C extension, with
``AUTOGRAD_BACKEND=numpy``, and for dtypes the C kernels do not have, these are what runs.

>>> import numpy as np
>>> out = np.empty(3)
>>> sigmoid(out, np.array([-1000.0, 0.0, 1000.0])); out
array([0. , 0.5, 1. ])
"""

from .attention import *
from .elementwise import *
from .functions import *
from .index import *
from .losses import *
from .optimizers import *
from .products import *
from .recurrent import *
from .reductions import *
from .rows import *
from .whole import *
from .windows import *
