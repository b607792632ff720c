"""The random streams are PyTorch's, in NumPy and in C: against numbers taken from PyTorch 2.13 (x86-64 with FMA), and
against PyTorch itself where it is installed. Uniforms, integers and permutations agree to the bit (a CRC-32 of the
bytes stands for the whole array), normals to rounding."""

import random
import zlib
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from autograd.backend import numpy_random
from autograd.backend.numpy_random import MT19937

# seed, n, dtype, low, high, first three, CRC-32
UNIFORM = [
    (0, 5, "float32", 0, 1, [0.4962566, 0.7682218, 0.08847743], 1328454259),
    (0, 5, "float64", 0, 1, [0.9700530018065531, 0.707819864399788, 0.45938294312745087], 3747176466),
    (42, 1000, "float32", 0, 1, [0.88226926, 0.91500396, 0.38286376], 3579030519),
    (42, 1000, "float64", 0, 1, [0.05815448596142969, 0.06291016742457756, 0.12358607277440903], 756739536),
    (-1, 10000, "float32", -0.3, 1.4, [1.389459, 0.6712208, 0.6690137], 103790975),
    (-1, 10000, "float64", -0.3, 1.4, [1.3156717728287368, 0.6521097929853134, 1.3053099130374057], 2674293732),
    (7, 1000, "float32", 1, 1.0000003, [1.0000002, 1.0000001, 1.0000002], 2739190588),
    (2**32 + 7, 784, "float32", -1 / 28, 1 / 28, [0.0024944672, -0.02151406, 0.0113722645], 4225556480),
]

# seed, n, dtype, mean, std, first three, last three, sum in float64
NORMAL = [
    (0, 5, "float32", 0, 1, [1.5409961, -0.2934289, -2.1787894],
     [-2.1787894, 0.56843126, -1.0845224], -1.4473133087158203),
    (0, 5, "float64", 0, 1, [1.5409961082440433, -0.2934289057609464, -2.1787893820745574],
     [-2.1787893820745574, 0.5684312772806678, -1.084522342424021], -1.4473132447348136),
    (0, 15, "float32", 2, 0.5, [2.770498, 1.8532856, 0.9106053], [1.5716627, 2.550302, 1.4644064], 28.015503644943237),
    (0, 16, "float32", 0, 1, [-1.1258398, -1.1523602, -0.25057858],
     [1.2376579, 1.1167772, -0.24727815], -1.909114308655262),
    (0, 16, "float64", 0, 1, [-2.310411800234176, -0.3732508612577643, -1.0608166785462863],
     [-1.226881339001083, 0.07138847120511693, 0.3380174030507378], -3.5065501457946078),
    (42, 17, "float32", 0, 1, [1.9269153, -0.15959747, -0.49739754],
     [-0.2515753, 0.8598585, -0.30972677], 8.21729576587677),
    (42, 31, "float64", 0, 1, [0.2995562877502637, 0.24237779080894106, 0.28320739441795323],
     [-0.226715890674857, -0.21202045663845112, 0.5717787885763634], 2.656104669885591),
    (-1, 1000, "float32", 0, 1, [-2.6642976, -1.0910486, 0.45144743],
     [0.054031685, 0.10915167, 0.6625367], 7.722554140549619),
    (-1, 1000, "float64", -1, 3, [-6.952995394033436, 2.64138914924581, -5.928037788649122],
     [3.6603368308695146, -2.1451642951064587, -6.796329826699845], -1129.484145407903),
    (2**64 - 1, 1003, "float32", 0.5, 0.02, [0.44671404, 0.47817904, 0.509029], [0.48922718, 0.47625148, 0.53304523],
     501.65640994906425),
]  # fmt: skip

# seed, n, low, high, first three, CRC-32
INTEGERS = [
    (0, 5, 0, 10, [4, 9, 3], 4247970139),
    (42, 1000, -5, 100, [52, -3, 41], 451692776),
    (42, 1000, 0, 2**28 - 1, [266460267, 199900607, 56755051], 2393771723),
    (42, 1000, 0, 2**28, [199900595, 250975502, 127521863], 3211579570),
    (-1, 1000, -(2**40), 2**40, [700559016226, -1045555270585, 775354646080], 2307439139),
    (-1, 1000, 0, 2**63 - 1, [1800993050274709794, 7607120784305990728, 5331760257347419713], 2224499492),
]

# seed, n, first five, CRC-32
PERMUTATION = [
    (0, 0, [], 0),
    (0, 1, [0], 1696784233),
    (0, 10, [4, 1, 7, 5, 3], 1883426623),
    (42, 1000, [542, 618, 816, 68, 94], 441664704),
    (-1, 60000, [46371, 14968, 5104, 10485, 6764], 3561694629),
]

# seed: first three of 2,000 words, CRC-32
WORDS = {
    0: ([2357136044, 2546248239, 3071714933], 2337889851),
    42: ([1608637542, 3421126067, 4083286876], 2648628460),
    -1: ([419326371, 479346978, 3918654476], 800649632),
    -(2**63): ([2357136044, 2546248239, 3071714933], 2337889851),
    2**32 + 7: ([327741615, 976413892, 3349725721], 823452720),
    2**64 - 1: ([419326371, 479346978, 3918654476], 800649632),
}

# seed: what mixed_calls() returns
MIXED = {
    0: ([0.5684312582015991, 1.0127254109121895, 2.078566074371338], [420797, 968958, 887808]),
    2**32 + 7: ([-1.1143440008163452, 1.4641908220741118, 0.405267596244812], [234006, 845268, 775145]),
    -5: ([1.1472562551498413, 0.0825681358883849, -0.21521201729774475], [1028764, 413918, 473526]),
}


def c_streams():
    """The C kernels under the signatures of numpy_random."""
    extension = pytest.importorskip("autograd.backend._kernels", reason="the C kernels are not built")
    ffi, lib = extension.ffi, extension.lib

    def pointers(mt, out):
        state = ffi.cast("ag_mt19937 *", mt.record.ctypes.data)
        return state, out.size, ffi.cast("void *", out.ctypes.data)

    def of_dtype(name):
        f = {np.dtype(np.float32): getattr(lib, f"ag_{name}_f32"), np.dtype(np.float64): getattr(lib, f"ag_{name}_f64")}
        return lambda mt, out, a, b: f[out.dtype](*pointers(mt, out), a, b)

    return SimpleNamespace(
        uniform=of_dtype("uniform"),
        normal=of_dtype("normal"),
        integers=lambda mt, out, low, range: lib.ag_mt_integers(*pointers(mt, out), low, range),
        permutation=lambda mt, out: lib.ag_mt_permutation(*pointers(mt, out)),
    )


@pytest.fixture(params=["numpy", "c"])
def streams(request):
    return numpy_random if request.param == "numpy" else c_streams()


def drawn(function, mt, n, dtype, *args):
    out = np.empty(n, dtype)
    function(mt, out, *args)
    return out


def assert_close(actual, expected, scale=1.0):
    """Equal to a few units in the last place of the larger of the values and scale."""
    expected = np.asarray(expected, actual.dtype)
    unit = np.spacing(np.maximum(np.abs(expected), actual.dtype.type(scale)))
    assert np.all(np.abs(actual - expected) <= 8 * unit)


@pytest.mark.parametrize("seed", WORDS)
def test_words(seed):
    first, crc = WORDS[seed]
    words = MT19937(seed).words(2000)
    assert words[:3].tolist() == first
    assert zlib.crc32(words.tobytes()) == crc


@pytest.mark.parametrize(("seed", "n", "dtype", "low", "high", "first", "crc"), UNIFORM)
def test_uniform(streams, seed, n, dtype, low, high, first, crc):
    x = drawn(streams.uniform, MT19937(seed), n, dtype, low, high)
    assert np.array_equal(x[:3], np.array(first, dtype))
    assert zlib.crc32(x.tobytes()) == crc


@pytest.mark.parametrize(("seed", "n", "dtype", "mean", "std", "first", "last", "total"), NORMAL)
def test_normal(streams, seed, n, dtype, mean, std, first, last, total):
    x = drawn(streams.normal, MT19937(seed), n, dtype, mean, std)
    assert_close(x[:3], first)
    assert_close(x[-3:], last)
    assert abs(x.sum(dtype=np.float64) - total) <= n * np.finfo(dtype).eps * max(1, std)


@pytest.mark.parametrize(("seed", "n", "low", "high", "first", "crc"), INTEGERS)
def test_integers(streams, seed, n, low, high, first, crc):
    x = drawn(streams.integers, MT19937(seed), n, np.int64, low, high - low)
    assert x[:3].tolist() == first
    assert zlib.crc32(x.tobytes()) == crc


@pytest.mark.parametrize(("seed", "n", "first", "crc"), PERMUTATION)
def test_permutation(streams, seed, n, first, crc):
    x = drawn(streams.permutation, MT19937(seed), n, np.int64)
    assert x[:5].tolist() == first
    assert zlib.crc32(x.tobytes()) == crc


def mixed_calls(streams, seed):
    """Calls that leave words over and normals waiting; three normals on the way, three integers at the end."""
    mt = MT19937(seed)
    drawn(streams.normal, mt, 3, np.float32, 0, 1)
    drawn(streams.uniform, mt, 10, np.float32, 0, 1)
    a = drawn(streams.normal, mt, 1, np.float32, 0, 1)  # the one that waited
    drawn(streams.normal, mt, 1000, np.float64, 0, 1)
    drawn(streams.permutation, mt, 700, np.int64)
    b = drawn(streams.normal, mt, 2, np.float64, 0, 1)
    drawn(streams.integers, mt, 5, np.int64, 0, 2**40)
    drawn(streams.uniform, mt, 7, np.float64, 0, 1)
    drawn(streams.normal, mt, 33, np.float32, 0, 1)
    drawn(streams.integers, mt, 3, np.int64, 0, 9)
    c = drawn(streams.normal, mt, 1, np.float32, 0, 1)
    return [a[0], b[1], c[0]], drawn(streams.integers, mt, 3, np.int64, 0, 2**20).tolist()


@pytest.mark.parametrize("seed", MIXED)
def test_mixed_calls(streams, seed):
    normals, integers = mixed_calls(streams, seed)
    for actual, expected in zip(normals, MIXED[seed][0], strict=True):
        assert_close(actual, expected)
    assert integers == MIXED[seed][1]


def test_state_goes_on_where_it_was_taken(streams):
    mt = MT19937(3)
    drawn(streams.normal, mt, 5, np.float64, 0, 1)
    state = mt.get_state()
    first = drawn(streams.normal, mt, 700, np.float32, 0, 1), drawn(streams.normal, mt, 1, np.float64, 0, 1)
    other = MT19937(4)
    other.set_state(state)
    again = drawn(streams.normal, other, 700, np.float32, 0, 1), drawn(streams.normal, other, 1, np.float64, 0, 1)
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert mt.get_state().tobytes() == other.get_state().tobytes()


def test_seeding_forgets_the_waiting_normal(streams):
    mt = MT19937(3)
    drawn(streams.normal, mt, 1, np.float32, 0, 1)
    mt.seed(0)
    assert_close(drawn(streams.normal, mt, 1, np.float32, 0, 1), [1.5409961])


def test_seed_range():
    assert MT19937(-1).record["seed"] == 2**64 - 1
    for seed in (2**64, -(2**63) - 1):
        with pytest.raises(ValueError, match="outside"):
            MT19937(seed)


@pytest.mark.parametrize(
    "state", [np.zeros(5056, np.uint8), np.zeros(5055, np.uint8), np.zeros(5056, np.int8), np.zeros(0, np.uint8)]
)
def test_set_state_refuses_what_is_no_state(state):
    mt = MT19937(0)
    with pytest.raises(ValueError, match="state"):
        mt.set_state(state)
    assert mt.get_state().tobytes() == MT19937(0).get_state().tobytes()


def test_uniform_never_reaches_high(streams):
    x = drawn(streams.uniform, MT19937(1), 10000, np.float32, 1, np.nextafter(np.float32(1), np.float32(2)))
    assert np.all(x == 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_fma_rounds_once(dtype):
    rng = np.random.default_rng(0)
    a = rng.random(500).astype(dtype)
    for b, c in [(1 / 3, -0.1), (1e-3, 1.0), (-7.7, 7.7), (1e30, -1e29)] + [(2e300, -1e300)] * (dtype is np.float64):
        b, c = dtype(b), dtype(c)
        exact = [Fraction(float(x)) * Fraction(float(b)) + Fraction(float(c)) for x in a]
        for value, y in zip(exact, numpy_random._fma(a, b, c), strict=True):
            error = abs(Fraction(float(y)) - value)
            neighbours = np.nextafter(y, dtype(-np.inf)), np.nextafter(y, dtype(np.inf))
            assert all(error <= abs(Fraction(float(z)) - value) for z in neighbours)


@pytest.mark.parametrize("seed", [0, 5, -9, 2**63 + 11, 2**32 - 1])
def test_c_and_numpy_spend_the_stream_alike(seed):
    c, choose = c_streams(), random.Random(seed)
    mine, theirs = MT19937(seed), MT19937(seed)
    for _ in range(60):
        n, dtype = choose.choice([0, 1, 2, 15, 16, 17, 100, 311, 624, 2000]), choose.choice([np.float32, np.float64])
        name, dtype, args = choose.choice(
            [
                ("uniform", dtype, (0, 1)),
                ("uniform", dtype, (-0.1, 0.7)),
                ("normal", dtype, (1, 0.5)),
                ("integers", np.int64, (-3, choose.choice([1, 9, 2**28 - 1, 2**28, 2**63, 0]))),
                ("permutation", np.int64, ()),
            ]
        )
        x = drawn(getattr(numpy_random, name), mine, n, dtype, *args)
        y = drawn(getattr(c, name), theirs, n, dtype, *args)
        if name == "normal":
            assert_close(y, x)
        else:
            assert np.array_equal(x, y)
        for field in ("state", "left", "next", "seed", "has_normal"):
            assert np.array_equal(mine.record[field], theirs.record[field])


@pytest.mark.parametrize("seed", [0, 1, -1, -(2**63), 2**32 + 5, 2**64 - 1, 1234567])
def test_against_pytorch(streams, seed):
    torch = pytest.importorskip("torch")
    choose, mt, generator = random.Random(seed), MT19937(seed), torch.Generator().manual_seed(seed)
    for _ in range(60):
        n = choose.choice([0, 1, 2, 7, 15, 16, 17, 32, 100, 311, 623, 624, 625, 3000])
        dtype = choose.choice(["float32", "float64"])
        empty = torch.empty(n, dtype=getattr(torch, dtype))
        call = choose.choice(["rand", "uniform", "randn", "normal", "randint", "randperm", "bernoulli", "state"])
        if call in ("rand", "uniform"):
            low, high = (0, 1) if call == "rand" else (-0.3, choose.choice([-0.3, 0.1, 2.5]))
            expected = empty.uniform_(low, high, generator=generator).numpy()
            x = drawn(streams.uniform, mt, n, dtype, low, high)
        elif call in ("randn", "normal"):
            mean, std = (0, 1) if call == "randn" else (-1, 0.3)
            expected = empty.normal_(mean, std, generator=generator).numpy()
            x = drawn(streams.normal, mt, n, dtype, mean, std)
        elif call == "randint":
            high = choose.choice([1, 10, 2**28 - 1, 2**28, 2**32, 2**62])
            expected = torch.randint(-3, high, (n,), generator=generator).numpy()
            x = drawn(streams.integers, mt, n, np.int64, -3, high + 3)
        elif call == "randperm":
            expected = torch.randperm(n, generator=generator).numpy()
            x = drawn(streams.permutation, mt, n, np.int64)
        elif call == "bernoulli":  # a number for p: float64 uniforms; a tensor: uniforms of its dtype
            p = choose.choice([0.3, torch.full((n,), 0.3), torch.full((n,), 0.3, dtype=torch.float64)])
            expected = empty.bernoulli_(p, generator=generator).numpy()
            of_p = np.float32 if getattr(p, "dtype", None) == torch.float32 else np.float64
            u = drawn(streams.uniform, mt, n, of_p, 0, 1)
            x = u < u.dtype.type(0.3)
        else:
            generator.set_state(torch.from_numpy(mt.get_state()))
            expected, x = generator.get_state().numpy(), mt.get_state()
        if call in ("randn", "normal"):
            assert_close(x, expected)
        else:
            assert np.array_equal(x, expected), call
