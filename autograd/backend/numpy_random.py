"""The random streams in NumPy: what ``csrc/random.c`` and ``csrc/random.c.inc`` do, on the same state.

The generator is the Mersenne Twister MT19937 (Matsumoto and Nishimura 1998), drawn from exactly as PyTorch's CPU
generator draws, so that a seed gives PyTorch's numbers. An MT19937 holds the very bytes of the C struct: a stream may
go on in C where NumPy left it, and the other way round.

How a distribution spends the 32-bit words of the stream:

- uniform: float32 one word an element (its low 24 bits), float64 two (high word first, the low 53 bits);
- integers: one word where the range is below 2^28, else two; the remainder by the range;
- permutation (Fisher and Yates's shuffle): one word for each element but the last; from 214,748,364 elements on two
  words for each;
- normal: Box-Muller, and two ways of it. Fewer than 16 elements: two float64 uniforms a pair, whatever the dtype, and
  the second of the pair waits in the state for the next such call. 16 or more: a uniform for each element, groups of
  16 paired first half with second; where 16 does not divide n, the last 16 elements come from 16 fresh uniforms.

>>> import numpy as np
>>> mt = MT19937(0)
>>> x = np.empty(3, np.float32)
>>> uniform(mt, x, 0, 1); x
array([0.4962566 , 0.7682218 , 0.08847743], dtype=float32)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

# The C struct ag_mt19937: the state words, the words left before the next refill plus one, the index of the next word.
STATE = np.dtype(
    [
        ("state", np.uint32, 624),
        ("left", np.int32),
        ("next", np.int32),
        ("seed", np.uint64),
        ("has_normal", np.int32),
        ("pad", np.int32),
        ("normal", np.float64),
    ]
)

# The 5,056 bytes of torch.get_rng_state().
TORCH_STATE = np.dtype(
    [
        ("seed", "<u8"),
        ("left", "<i4"),
        ("seeded", "<i4"),
        ("next", "<u8"),
        ("state", "<u8", 624),
        ("unused_x", "<f8"),
        ("normal", "<f8"),
        ("unused_rho", "<f8"),
        ("has_normal", "<i4"),
        ("pad", "<i4"),
        ("unused_float", "<f4", 2),
    ]
)


class MT19937:
    """The state of one random stream, as PyTorch's CPU generator keeps it."""

    def __init__(self, seed: int = 0):
        self.record = np.zeros((), STATE)
        self._engine: Any = None  # NumPy's generator, once more than a few words are drawn through it
        self.seed(seed)

    def seed(self, seed: int) -> None:
        """Start the stream of a seed in [-2^63, 2^64); a negative one counts as seed + 2^64.

        The words depend on the low 32 bits only, as in PyTorch. Raises ValueError outside that range.
        """
        if not -(2**63) <= seed < 2**64:
            raise ValueError(f"the seed {seed} is outside [-2**63, 2**64)")
        self.record["seed"] = seed % 2**64
        word = seed % 2**32
        words = [word]
        for i in range(1, 624):
            word = (1812433253 * (word ^ word >> 30) + i) % 2**32
            words.append(word)
        self.record["state"] = words
        self.record["left"], self.record["next"] = 1, 0
        self.record["has_normal"], self.record["normal"] = 0, 0

    def words(self, n: int) -> np.ndarray:
        """The next n words of the stream, uint32."""
        if n == 0:
            return np.empty(0, np.uint32)
        record = self.record
        position = 625 - int(record["left"])
        if n <= 624 - position:  # moving the state to NumPy's engine and back takes longer than a few words
            words, position = _temper(record["state"][position : position + n]), position + n
        else:
            engine: Any = self._engine or np.random.RandomState(0)
            self._engine = engine
            engine.set_state(("MT19937", record["state"], position))
            words = engine.randint(0, 2**32, n, dtype=np.uint32)
            record["state"], position = engine.get_state()[1:3]
        record["left"], record["next"] = 625 - position, position
        return words

    def long_words(self, n: int) -> np.ndarray:
        """The next n words of 64 bits: of two words, the first is the high one."""
        pairs = self.words(2 * n).astype(np.uint64)
        return pairs[0::2] << np.uint64(32) | pairs[1::2]

    def get_state(self) -> np.ndarray:
        """The state as 5,056 bytes, uint8: what torch.get_rng_state() gives at this point of the stream."""
        state = np.zeros((), TORCH_STATE)
        for field in ("seed", "left", "next", "state", "normal", "has_normal"):
            state[field] = self.record[field]
        state["seeded"] = 1
        return np.frombuffer(state.tobytes(), np.uint8).copy()

    def set_state(self, state) -> None:
        """Go on from a state of get_state() or torch.get_rng_state(). Raises ValueError where it is none."""
        data = np.ascontiguousarray(state)
        if data.dtype != np.uint8 or data.size != TORCH_STATE.itemsize:
            raise ValueError(f"a generator state is 5056 bytes of uint8, not {data.size} of {data.dtype}")
        new = data.view(TORCH_STATE).reshape(())
        left, position = int(new["left"]), int(new["next"])
        if new["seeded"] != 1 or not 1 <= left <= 624 or (position != 625 - left and (left, position) != (1, 0)):
            raise ValueError("these bytes are not the state of a generator")
        for field in ("seed", "left", "next", "state"):
            self.record[field] = new[field]
        self.record["has_normal"] = bool(new["has_normal"])
        self.record["normal"] = new["normal"] if new["has_normal"] else 0


def _temper(y: np.ndarray) -> np.ndarray:
    """State words to output words."""
    y = y ^ y >> 11
    y ^= y << 7 & 0x9D2C5680
    y ^= y << 15 & 0xEFC60000
    return y ^ y >> 18


def uniform(mt: MT19937, out: np.ndarray, low: float, high: float) -> None:
    """Uniform in [low, high): u (high - low) + low with one rounding, and low where that rounds up to high."""
    t = out.dtype.type
    x = _fma(_unit(mt, out.size, out.dtype), t(high) - t(low), t(low))
    x[x == t(high)] = t(low)
    out[...] = x.reshape(out.shape)


def normal(mt: MT19937, out: np.ndarray, mean: float, std: float) -> None:
    """Normal with the given mean and standard deviation (Box and Muller 1958)."""
    if out.size < 16:
        x = _fma(paired_normals(mt, out.size), np.float64(std), np.float64(mean))
    else:
        t = out.dtype.type
        x = _fma(_grouped_normals(mt, out.size, out.dtype), t(std), t(mean))
    out[...] = x.reshape(out.shape)


def integers(mt: MT19937, out: np.ndarray, low: int, range: int) -> None:
    """Integers in [low, low + range); a range of 0 stands for 2^64."""
    if 0 < range < 2**28:
        x = mt.words(out.size).astype(np.uint64) % np.uint64(range)
    else:
        x = mt.long_words(out.size)
        x = x % np.uint64(range) if range else x
    x += np.uint64(low % 2**64)
    out[...] = x.view(np.int64).reshape(out.shape)


def permutation(mt: MT19937, out: np.ndarray) -> None:
    """A permutation of 0 .. n - 1: element i swaps with one of i .. n - 1, in a long one with one of 0 .. i."""
    n = out.size
    if n < _LONG_PERMUTATION:
        left = np.arange(n, 1, -1, dtype=np.uint32)
        others = mt.words(left.size) % left + np.arange(left.size)
    else:
        others = mt.long_words(n) % np.arange(1, n + 1, dtype=np.uint64)
    order = list(range(n))
    for i, other in enumerate(others.tolist()):
        order[i], order[other] = order[other], order[i]
    out[...] = order


_LONG_PERMUTATION = (2**32 - 1) // 20


def _unit(mt: MT19937, n: int, dtype: np.dtype) -> np.ndarray:
    """Uniform in [0, 1), all 24 or 53 bits of it."""
    if dtype == np.float32:
        return (mt.words(n) & np.uint32(2**24 - 1)).astype(np.float32) * np.float32(2**-24)
    return (mt.long_words(n) & np.uint64(2**53 - 1)).astype(np.float64) * 2.0**-53


def paired_normals(mt: MT19937, n: int) -> np.ndarray:
    """Standard normals in float64 as they are made one by one, or fewer than 16 at once: the one that waits first; an
    odd one is left waiting."""
    record = mt.record
    waiting = [float(record["normal"])] if record["has_normal"] and n else []
    u = _unit(mt, 2 * math.ceil((n - len(waiting)) / 2), np.dtype(np.float64)).reshape(-1, 2)
    radius, angle = np.sqrt(-2 * np.log1p(-u[:, 1])), 2 * math.pi * u[:, 0]
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    z = np.concatenate([waiting, pairs.reshape(-1)])
    if n:
        record["has_normal"], record["normal"] = len(z) - n, z[n] if len(z) > n else 0
    return z[:n]


def _grouped_normals(mt: MT19937, n: int, dtype: np.dtype) -> np.ndarray:
    """n >= 16: standard normals from a uniform each; the last 16 are drawn again where 16 does not divide n."""
    z = _unit(mt, n, dtype)
    whole = n - n % 16
    z[:whole] = _box_muller(z[:whole])
    if whole < n:
        z[-16:] = _box_muller(_unit(mt, 16, dtype))
    return z


def _box_muller(u: np.ndarray) -> np.ndarray:
    """Groups of 16 uniforms to groups of 16 normals: the first 8 of a group give radii, the last 8 angles."""
    t = u.dtype.type
    groups = u.reshape(-1, 2, 8)
    radius, angle = np.sqrt(t(-2) * np.log(1 - groups[:, 0])), t(2 * math.pi) * groups[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)


# --- fused multiply-add, which NumPy does not have --------------------------------------------------------------------


def _fma(a: np.ndarray, b: Any, c: Any) -> np.ndarray:
    """a b + c with one rounding (Boldo and Melquiond 2008: sum the rest to odd, then round once)."""
    if b == 1 and c == 0:
        return a
    if abs(float(b)) > 2.0**900:  # where splitting b would overflow
        return _fma(a, b * 2.0**-64, c * 2.0**-64) * 2.0**64
    if a.dtype == np.float32:
        return _sum_to_odd(a.astype(np.float64) * np.float64(b), np.float64(c)).astype(np.float32)
    product, rest = _two_product(a, b)
    middle, low = _two_sum(c, rest)
    high, carry = _two_sum(product, middle)
    return high + _sum_to_odd(low, carry)


def _two_sum(a, b):
    """s, e with s = a + b rounded and s + e = a + b exactly (Knuth)."""
    s = a + b
    shadow = s - a
    return s, (a - (s - shadow)) + (b - shadow)


def _two_product(a, b):
    """p, e with p = a b rounded and p + e = a b exactly (Dekker 1971)."""
    p = a * b
    (ah, al), (bh, bl) = _split(a), _split(b)
    return p, al * bl - (((p - ah * bh) - al * bh) - ah * bl)


def _split(a):
    """a as the sum of two halves of 26 bits."""
    c = 134217729.0 * a
    high = c - (c - a)
    return high, a - high


def _sum_to_odd(a, b):
    """a + b; where it is not exact, of its two neighbours the one with an odd last bit."""
    s, e = _two_sum(a, b)
    even = s.view(np.int64) & 1 == 0
    return np.where(even & (e != 0), np.nextafter(s, np.copysign(np.inf, e)), s)
