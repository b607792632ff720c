"""What torch.distributions holds, as far as policies and variational models of small nets need it.

>>> from autograd import manual_seed
>>> _ = manual_seed(0)
>>> policy = Categorical(logits=tensor([0.0, 1.0, 2.0]))
>>> action = policy.sample()
>>> action, policy.log_prob(action), policy.entropy()
(tensor(2), tensor(-0.4076), tensor(0.8324))

The same seed gives PyTorch's samples. Parameters and values are checked, which a captured step cannot do: there pass
``validate_args=False``.
"""

from ..naming import refuse_others as _refuse_others
from .bernoulli import Bernoulli
from .categorical import Categorical
from .distribution import Distribution
from .kl import kl_divergence
from .normal import Normal

__all__ = ["Bernoulli", "Categorical", "Distribution", "Normal", "kl_divergence"]

__getattr__ = _refuse_others("torch.distributions")
