"""Whether ops are recorded: no_grad, enable_grad, set_grad_enabled, inference_mode.

>>> from autograd import ones
>>> x = ones(2, requires_grad=True)
>>> with no_grad():
...     (x * 2).requires_grad
False
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps

_grad_mode: ContextVar[bool] = ContextVar("autograd_grad_mode", default=True)
is_grad_enabled = _grad_mode.get


class set_grad_enabled:
    """Record graphs, or not, from here on; in a with statement until its end; as a decorator within the function.

    >>> from autograd import ones
    >>> x = ones(2, requires_grad=True)
    >>> with set_grad_enabled(False):
    ...     (x * 2).requires_grad
    False
    """

    __slots__ = ("_mode", "_token")

    def __init__(self, mode: bool):
        self._mode = bool(mode)
        self._token = _grad_mode.set(self._mode)

    def __call__(self, function: Callable) -> Callable:
        _grad_mode.reset(self._token)  # a decorator changes nothing outside the function
        return (enable_grad() if self._mode else no_grad())(function)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        _grad_mode.reset(self._token)


class _Mode:
    """A context manager and decorator that sets the grad mode within; reentrant."""

    __slots__ = ("_tokens",)
    mode = False

    def __init__(self):
        self._tokens = []

    def __new__(cls, function=None):
        self = object.__new__(cls)
        if function is not None:  # used as a bare decorator: @no_grad
            self._tokens = []
            return self(function)
        return self

    def __enter__(self):
        self._tokens.append(_grad_mode.set(self.mode))
        return self

    def __exit__(self, *exc):
        _grad_mode.reset(self._tokens.pop())

    def __call__(self, function: Callable) -> Callable:
        @wraps(function)
        def within(*args, **kwargs):
            token = _grad_mode.set(self.mode)
            try:
                return function(*args, **kwargs)
            finally:
                _grad_mode.reset(token)

        return within


class no_grad(_Mode):
    """Within it nothing is recorded: ``with no_grad():`` or ``@no_grad()``.

    >>> from autograd import ones
    >>> x = ones(2, requires_grad=True)
    >>> with no_grad():
    ...     (x * 2).requires_grad
    False
    """


class enable_grad(_Mode):
    """Within it ops are recorded, also inside :class:`no_grad`."""

    mode = True


_inference: ContextVar[bool] = ContextVar("autograd_inference_mode", default=False)
is_inference_mode_enabled = _inference.get


class inference_mode:
    """As :class:`no_grad`, for inference: ``with inference_mode():`` or ``@inference_mode()``; ``mode=False`` records.

    Tensors made within are like any other afterwards; PyTorch refuses to save them for backward, to spare the version
    counters, which cost nothing here.

    >>> from autograd import ones
    >>> x = ones(2, requires_grad=True)
    >>> with inference_mode():
    ...     (x * 2).requires_grad, is_inference_mode_enabled()
    (False, True)
    """

    __slots__ = ("_mode", "_tokens")

    def __new__(cls, mode=True):
        self = object.__new__(cls)
        if callable(mode):  # used as a bare decorator: @inference_mode
            self.__init__()
            return self(mode)
        return self

    def __init__(self, mode: bool = True):
        self._mode = bool(mode)
        self._tokens: list = []

    def __enter__(self):
        self._tokens.append((_grad_mode.set(not self._mode), _inference.set(self._mode)))
        return self

    def __exit__(self, *exc):
        grad, inference = self._tokens.pop()
        _grad_mode.reset(grad)
        _inference.reset(inference)

    def __call__(self, function: Callable) -> Callable:
        mode = self._mode

        @wraps(function)
        def within(*args, **kwargs):
            with inference_mode(mode):
                return function(*args, **kwargs)

        return within
