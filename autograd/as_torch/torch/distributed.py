"""``torch.distributed``: one process, no group of them.

>>> is_available(), is_initialized()
(False, False)
"""

from ...naming import refuse_others
from ..answers import answer, refusal

_refuse = refusal(
    RuntimeError,
    "torch.distributed is not implemented by autograd: run the script as one process, as scripts do where "
    "torch.distributed.is_available() is False",
)
is_available = is_initialized = is_torchelastic_launched = is_nccl_available = is_gloo_available = answer(False)
init_process_group = destroy_process_group = get_rank = get_world_size = get_backend = barrier = new_group = _refuse
all_reduce = all_gather = reduce = broadcast = gather = scatter = send = recv = get_default_backend_for_device = _refuse
__getattr__ = refuse_others("torch.distributed")
