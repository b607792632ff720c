"""``torch.cuda.amp``: the older names of :mod:`autograd.as_torch.torch.amp`."""

from __future__ import annotations

from typing import Any

from .. import amp

__all__ = ["GradScaler", "autocast"]

GradScaler = amp.GradScaler


class autocast(amp.autocast):
    """As :class:`torch.autocast`, whose device it does not name."""

    def __init__(self, enabled: bool = True, dtype: Any = None, cache_enabled: bool = True):
        super().__init__("cuda", dtype, enabled)
