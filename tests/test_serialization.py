"""autograd.save and load: what is saved comes back bit for bit, files are replaced whole, safetensors go between this
package and PyTorch, and training goes on where it was saved."""

import io
import json
import os
import random
import stat
import sys
from collections import Counter, OrderedDict, namedtuple

import numpy as np
import pytest

import autograd
from autograd import Generator, nn, optim, tensor
from autograd.serialization import LoadError
from autograd.utils import data

pytest.importorskip("safetensors")


def copied(obj):
    """The object saved and loaded."""
    file = io.BytesIO()
    autograd.save(obj, file)
    file.seek(0)
    return autograd.load(file)


def same(a, b) -> bool:
    """Equal to the bit, with the same types."""
    if isinstance(a, (autograd.Tensor, np.ndarray, np.generic)):
        x, y = (v.detach().numpy() if isinstance(v, autograd.Tensor) else np.asarray(v) for v in (a, b))
        flags = [(type(v), getattr(v, "requires_grad", None)) for v in (a, b)]
        return flags[0] == flags[1] and (x.dtype, x.shape, x.tobytes()) == (y.dtype, y.shape, y.tobytes())
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return [repr(k) for k in a] == [repr(k) for k in b] and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return repr(a) == repr(b)


x = autograd.arange(24.0).reshape(4, 6)
SAVED = {
    "numbers": [0, -5, 2**80, True, None, 0.1, -0.0, 1e-320, float("nan"), float("inf"), -float("inf")],
    "strings": ["", "é\n\0", "\ud800", "__metadata__"],
    "containers": {"a": (1, [2, ()], {}), "o": OrderedDict(z=1, a=2), "c": Counter("aab"), "s": x.shape},
    "keys": {0: 1, "0": 2, None: 3, True: 4, 1.5: 5, (1, ("a",)): 6, float("inf"): 7},
    "dtypes": [x.to(d) for d in autograd.dtypes.ALL] + list(autograd.dtypes.ALL) + [autograd.device("cpu")],
    "shapes": [tensor(1.5), autograd.zeros(0), autograd.zeros(3, 0, 2), autograd.ones(1, 1)],
    "strides": [x.t(), x[1:, ::2], x[0].expand(3, 6), x[:, 3], autograd.as_tensor(np.arange(6)[::-1])],
    "values": tensor([float("nan"), float("inf"), -0.0, 1e-40]),
    "gradients": [tensor(1.0, requires_grad=True), nn.Parameter(x.clone()), nn.Parameter(x.clone(), False)],
    "names": {"": x, "__metadata__": x + 1, "\ud800": x + 2, "a.b": x + 3, "a": {"b": x + 4, "b.1": x + 5}, "é": x + 6},
    "names that collide": {0: x, "0": x + 1, "a.1": x + 2, "a": [x + 3, x + 4]},
    "arrays": [np.arange(5, dtype=np.uint16), np.float64(2.5), np.float32(2.5), np.bool_(True), np.zeros((2, 0))],
    "random states": [autograd.get_rng_state(), np.random.default_rng(3).bit_generator.state, np.random.RandomState(1)
                      .get_state(), random.Random(2).getstate()],
    "a number": 3,
    "a tensor": x,
}  # fmt: skip


@pytest.mark.parametrize("name", SAVED)
def test_what_is_saved_comes_back(backend, name):
    assert same(copied(SAVED[name]), SAVED[name])


def test_foreign_byte_order_becomes_native():
    array = np.array([1, 2**30], ">i4")
    assert copied(array).dtype == np.int32 and copied(array).tolist() == array.tolist()
    assert copied(autograd.from_numpy(array)).tolist() == array.tolist()


def test_loaded_tensors_own_their_memory():
    y = copied({"a": x})["a"]
    y.add_(1)
    assert y.is_contiguous() and not same(y, x)


def test_one_tensor_stays_one():
    first, second, part = copied([x, x.detach(), x[1:]])
    first[1, 0] = -1.0
    assert second[1, 0] == -1 and part[0, 0] == 6 and x[1, 0] == 6


def test_tensors_with_a_graph_are_saved_as_leaves():
    y = copied((nn.Parameter(x) * 2,))[0]
    assert y.is_leaf and y.requires_grad


# --- resuming ---------------------------------------------------------------------------------------------------------

OPTIMIZERS = {
    "sgd": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "adam": lambda p: optim.AdamW(p, lr=0.01, amsgrad=True),
    "rmsprop": lambda p: optim.RMSprop([{"params": list(p), "lr": 0.02}], centered=True, momentum=0.5),
}


class Training:
    """A net with dropout and batch norm, its optimizer and its data."""

    def __init__(self, optimizer: str, seed: int):
        autograd.manual_seed(seed)
        self.net = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.4), nn.Linear(6, 3))
        self.optimizer = OPTIMIZERS[optimizer](self.net.parameters())
        self.order = Generator().manual_seed(seed)
        g = Generator().manual_seed(9)
        pairs = data.TensorDataset(autograd.randn(12, 4, generator=g), autograd.randint(3, (12,), generator=g))
        self.loader = data.DataLoader(pairs, 4, shuffle=True, generator=self.order)

    def epoch(self) -> None:
        for inputs, targets in self.loader:
            self.optimizer.zero_grad()
            nn.functional.cross_entropy(self.net(inputs), targets).backward()
            self.optimizer.step()

    def state(self) -> dict:
        return {
            "model": self.net.state_dict(), "optimizer": self.optimizer.state_dict(),
            "random": autograd.get_rng_state(), "order": self.order.get_state(),
        }  # fmt: skip

    def resume(self, state: dict) -> None:
        self.net.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        autograd.set_rng_state(state["random"])
        self.order.set_state(state["order"])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_goes_on_bit_for_bit(backend, tmp_path, optimizer):
    straight = Training(optimizer, 1)
    straight.epoch()
    autograd.save(straight.state(), tmp_path / "model.pt")
    straight.epoch()
    expected = straight.state()
    resumed = Training(optimizer, 2)
    resumed.resume(autograd.load(tmp_path / "model.pt"))
    resumed.epoch()
    assert same(resumed.state(), expected)


# --- what is refused --------------------------------------------------------------------------------------------------


def cycle():
    made: dict = {"a": []}
    made["a"].append(made)
    return made


def deep(n):
    made: list = []
    for _ in range(n):
        made = [made]
    return made


REFUSED = [
    (nn.Linear(2, 2), TypeError, r"the object is a module \(Linear\): save its weights, model\.state_dict\(\)"),
    (
        {"a": [optim.SGD([tensor(1.0)], lr=1.0)]},
        TypeError,
        r"the object\['a'\]\[0\] is an optimizer \(SGD\): save optimizer",
    ),
    ({"f": lambda: 0}, TypeError, r"the object\['f'\] is code \(.*<lambda>\), which is never saved"),
    ([nn.ReLU], TypeError, r"code \(ReLU\)"),
    ([Generator()], TypeError, r"save generator\.get_state\(\)"),
    ([np.random.default_rng()], TypeError, r"save generator\.bit_generator\.state"),
    ([namedtuple("Point", "x y")(1, 2)], TypeError, r"is a Point: save tuple\(\.\.\.\)"),
    ([1j], TypeError, "of type complex: only dicts"),
    ([{1, 2}], TypeError, "of type set"),
    ([np.array("a")], TypeError, "an array of <U1"),
    ({frozenset(): 1}, TypeError, "a key of the object is of type frozenset"),
    ({nn.ReLU: 1}, TypeError, "keys are strings, numbers"),
    (cycle(), ValueError, r"\['a'\]\[0\] is a container that stands within itself"),
    (deep(200), ValueError, "nested more than 100 deep"),
]


@pytest.mark.parametrize("obj, error, message", REFUSED, ids=[message for *_, message in REFUSED])
def test_what_cannot_be_saved_is_named(tmp_path, obj, error, message):
    with pytest.raises(error, match=message):
        autograd.save(obj, tmp_path / "x")
    assert os.listdir(tmp_path) == []


def test_as_deep_as_it_may_be():
    assert same(copied(deep(99)), deep(99))
    nested: dict = {}
    for _ in range(99):
        nested = {0: nested}
    assert same(copied(nested), nested)


def test_without_the_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(ImportError, match=r"safetensors is needed here .*'autograd-cffi\[io\]'"):
        autograd.save({}, tmp_path / "x")


def test_where_it_is_loaded(tmp_path):
    autograd.save({"a": x}, tmp_path / "x")
    for place in (None, "cpu", autograd.device("cpu"), {"cuda:0": "cpu"}, lambda storage, location: storage):
        assert same(autograd.load(tmp_path / "x", place), {"a": x})
        assert same(autograd.load(str(tmp_path / "x"), map_location=place, weights_only=False), {"a": x})
    for place in ("cuda", autograd.device("cuda:1"), {"cpu": "mps"}):
        with pytest.raises(RuntimeError, match="is not available: this engine runs on the CPU"):
            autograd.load(tmp_path / "x", place)
    with pytest.raises(FileNotFoundError):
        autograd.load(tmp_path / "not there")


# --- the file at a path -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch, step):
    path = tmp_path / "model.pt"
    autograd.save({"a": 1}, path)

    def fails(*args):
        raise OSError("the disk is full")

    monkeypatch.setattr(os, step, fails)
    with pytest.raises(OSError, match="disk is full"):
        autograd.save({"a": 2}, path)
    monkeypatch.undo()
    assert autograd.load(path) == {"a": 1} and os.listdir(tmp_path) == ["model.pt"]


@pytest.mark.skipif(os.name != "posix", reason="permissions, links and pipes of POSIX")
def test_permissions_links_and_pipes(tmp_path):
    path, link = tmp_path / "model.pt", tmp_path / "last.pt"
    mask = os.umask(0o027)
    try:
        autograd.save(1, path)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o604)
    link.symlink_to(path)
    autograd.save(2, link)
    assert link.is_symlink() and autograd.load(path) == 2 and stat.S_IMODE(path.stat().st_mode) == 0o604
    autograd.save(3, os.devnull)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)
    with pytest.raises(IsADirectoryError):
        autograd.save(4, tmp_path)


# --- safetensors ------------------------------------------------------------------------------------------------------


def test_weights_stand_under_their_names(tmp_path):
    import safetensors.numpy

    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    autograd.save({"model": net.state_dict(), "epoch": 1}, tmp_path / "x")
    arrays = safetensors.numpy.load_file(tmp_path / "x")
    assert {k: v.shape for k, v in arrays.items()} == {
        "model.0.weight": (3, 2), "model.0.bias": (3,), "model.1.weight": (1, 3), "model.1.bias": (1,),
    }  # fmt: skip


def test_weights_to_pytorch_and_back(tmp_path):
    torch = pytest.importorskip("torch")
    import safetensors.torch

    ours = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    theirs = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    autograd.save(ours.state_dict(), tmp_path / "ours")
    theirs.load_state_dict(safetensors.torch.load_file(tmp_path / "ours"))
    for k, v in ours.state_dict().items():
        assert theirs.state_dict()[k].tolist() == v.tolist()
    with torch.no_grad():
        theirs[0].weight.mul_(2)
    safetensors.torch.save_file(theirs.state_dict(), tmp_path / "theirs")
    ours.load_state_dict(autograd.load(tmp_path / "theirs"))
    assert ours[0].weight.tolist() == theirs[0].weight.tolist()
    odd = torch.tensor([1.5, -2.0, float("inf"), 3e38])
    safetensors.torch.save_file({"a": odd.bfloat16(), "b": odd.bool()}, tmp_path / "odd")
    loaded = autograd.load(tmp_path / "odd")
    assert loaded["a"].dtype is autograd.float32 and loaded["a"].tolist() == odd.bfloat16().tolist()
    safetensors.torch.save_file({"a": odd.to(torch.float8_e5m2)}, tmp_path / "odd")
    with pytest.raises(LoadError, match="'a' is of dtype F8_E5M2, which this engine does not have"):
        autograd.load(tmp_path / "odd")


def plain_file(header, content=b"") -> io.BytesIO:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return io.BytesIO(len(text).to_bytes(8, "little") + text + content)


def entry(dtype="F32", shape=(2,), offsets=(0, 8)) -> dict:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def structured(structure, version="1") -> io.BytesIO:
    """A file with tensors a, b (of one shape), c, u, i and a structure, as an object or as text."""
    text = structure if isinstance(structure, str) else json.dumps(structure)
    header = {
        "__metadata__": {"autograd": version, "structure": text}, "a": entry(), "b": entry(offsets=(8, 16)),
        "c": entry(shape=(1,), offsets=(16, 20)), "u": entry("U16", offsets=(20, 24)),
        "i": entry("I32", offsets=(24, 32)),
    }  # fmt: skip
    return plain_file(header, bytes(32))


HOSTILE = [
    (io.BytesIO(b""), "the file is empty"),
    (io.BytesIO(b"hello, world"), "neither a safetensors file nor a .pt file .* it begins with b'hello"),
    (io.BytesIO(b"\x93NUMPY\x01\x00"), "an array of NumPy's"),
    (io.BytesIO(b"\x80\x04\x95abc"), "a pickle, which could run code"),
    (io.BytesIO(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."), "legacy format, which is not read: in PyTorch, "),
    (plain_file({"a": entry()}), "a damaged safetensors file"),
    (plain_file({"a": entry()}, bytes(9)), "a damaged safetensors file"),
    (plain_file({"a": entry(shape=(3,))}, bytes(8)), "a damaged safetensors file"),
    (plain_file({"a": entry(shape=(2**62, 2**62))}, bytes(8)), "a damaged safetensors file"),
    (plain_file({"a": entry(shape=(-2,))}, bytes(8)), "a damaged safetensors file"),
    (plain_file({"a": entry(offsets=(0, 2**63))}, bytes(8)), "a damaged safetensors file"),
    (plain_file({"a": entry(), "b": entry()}, bytes(8)), "a damaged safetensors file"),  # one memory for two
    (plain_file({"a": entry(offsets=(8, 0))}, bytes(8)), "a damaged safetensors file"),
    (plain_file({"a": entry("X9")}, bytes(8)), "a damaged safetensors file"),
    (plain_file(b"{" * 5000, bytes(8)), "a damaged safetensors file"),
    (plain_file(b"{\xff}"), "a damaged safetensors file"),
    (io.BytesIO(b"\xff" * 7 + b"\x7f{}"), "a damaged safetensors file"),
    (structured([], version="2"), r"written by a later version of this package \(format '2'"),
    (structured("["), "the structure in its metadata is damaged"),
    (structured(""), "the structure in its metadata is damaged"),
    (structured("[" * 100_000), "(the structure in its metadata is damaged|nested more than 100 deep)"),
    (structured("1" * 5000), "the structure in its metadata is damaged"),
    (structured(deep(101)), "nested more than 100 deep"),
    (structured({"tensor": "z"}), "names a tensor that is not there: 'z'"),
    (structured({"tensor": ["a"]}), "names a tensor that is not there"),
    (structured({"tensor": "a", "like": "c"}), "'a' and 'c' are to be one, but differ"),
    (structured({"tensor": "a", "like": "i"}), "'a' and 'i' are to be one, but differ"),
    (structured({"tensor": "u"}), "of dtype uint16, which this engine does not have"),
    (structured({"tensor": "i", "requires_grad": True}), "of autograd.int32 is said to require gradients"),
    (structured({"tensor": "a", "self": 1}), r"no known form: an object of \['tensor', 'self'\]"),
    *[
        (structured(node), "has a part of no known form")
        for node in (
            {}, {"x": 1}, {"dict": 3}, {"dict": "ab"}, {"dict": [[1]]}, {"dict": [[[], 1]]}, {"dict": {"a": {"x": 1}}},
            {"tuple": {"a": 1}}, {"tuple": 3}, {"float": "1.5"}, {"float": [1]}, {"scalar": "a"}, {"dtype": "bfloat16"},
            {"dtype": []}, {"device": "cuda"}, {"tuple": [], "dict": {}}, {"__class__": "os.system"},
        )
    ],
]  # fmt: skip


@pytest.mark.parametrize("file, message", HOSTILE, ids=[str(i) for i in range(len(HOSTILE))])
def test_hostile_files(file, message):
    file.seek(0)
    with pytest.raises(LoadError, match=message):
        autograd.load(file)


def test_truncated_files():
    file = io.BytesIO()
    autograd.save(SAVED["containers"] | {"w": x}, file)
    for n in range(len(file.getvalue())):
        with pytest.raises(LoadError):
            autograd.load(io.BytesIO(file.getvalue()[:n]))


def test_what_is_no_file():
    for use in (lambda: autograd.load(None), lambda: autograd.save({}, 3)):
        with pytest.raises(TypeError, match="f is a path or a binary file"):
            use()
