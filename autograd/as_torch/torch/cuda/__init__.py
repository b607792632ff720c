"""``torch.cuda``: what it says where there is none.

>>> is_available(), device_count(), memory_allocated()
(False, 0, 0)
"""

from ....naming import refuse_others
from ...answers import answer, refusal
from . import amp

_refuse = refusal(
    AssertionError, "Torch not compiled with CUDA enabled: autograd runs on the CPU; ask torch.cuda.is_available()"
)
is_available = is_initialized = is_bf16_supported = answer(False)
device_count = memory_allocated = max_memory_allocated = memory_reserved = max_memory_reserved = answer(0)
manual_seed = manual_seed_all = seed = seed_all = empty_cache = reset_peak_memory_stats = ipc_collect = answer(None)
synchronize = current_device = set_device = get_device_name = get_device_properties = get_device_capability = _refuse
current_stream = stream = Stream = Event = get_rng_state = set_rng_state = mem_get_info = init = _refuse
__getattr__ = refuse_others("torch.cuda")
