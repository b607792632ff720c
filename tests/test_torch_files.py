"""PyTorch's .pt files: what torch.save writes comes back, and hostile files give an error and run nothing."""

import contextlib
import io
import os
import pickle
import re
import struct
import warnings
import zipfile
from collections import Counter, OrderedDict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import nn, optim
from autograd.serialization import LoadError, pickles

# --- against PyTorch --------------------------------------------------------------------------------------------------


def through(obj, **options):
    """What is read of a file in which PyTorch saved the object."""
    torch = pytest.importorskip("torch")
    file = io.BytesIO()
    torch.save(obj, file, **options)
    file.seek(0)
    return autograd.load(file)


DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "bfloat16"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_tensors(dtype):
    torch = pytest.importorskip("torch")
    x = (torch.randn(4, 6, generator=torch.Generator().manual_seed(0)) * 3).to(getattr(torch, dtype))
    views = [x, x.t(), x[1:, ::2], x[2, 3], x[:0], x[1].expand(3, 6), x[:, 5:6], torch.zeros(0, 2, dtype=x.dtype)]
    for ours, theirs in zip(through(views), views):
        assert ours.tolist() == theirs.tolist() and tuple(ours.shape) == tuple(theirs.shape)
        assert tuple(ours.stride()) == theirs.stride() or not ours.numel()
        assert ours.dtype.name == ("float32" if dtype == "bfloat16" else dtype)


def test_shared_storages_stay_shared():
    torch = pytest.importorskip("torch")
    x = torch.arange(12.0)
    whole, rows = through([x, x.view(3, 4)[1:]])
    whole[4] = -1.0
    assert rows.tolist() == [[-1, 5, 6, 7], [8, 9, 10, 11]]


def test_checkpoints():
    torch = pytest.importorskip("torch")
    net = torch.nn.Sequential(torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 4), torch.nn.Linear(4, 2))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02, betas=(0.8, 0.9))
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [1, 1, 5])
    x = torch.randn(5, 3)
    net(x).square().sum().backward()
    optimizer.step()
    schedule.step()
    saved = {
        "model": net.state_dict(), "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict(), "epoch": 3,
        "best": 0.5, "none": None, "flags": (True, False), "text": "é" * 300, "many": list(range(300)), "big": -(2**70),
        "shape": x.shape, "dtype": torch.float16, "device": torch.device("cpu"), "weight": net[1].weight,
        "nested": [{"a": ({}, [], ())}],
    }  # fmt: skip
    for protocol in (2, 3, 4, 5):
        loaded = through(saved, pickle_protocol=protocol)
        assert type(loaded["model"]) is OrderedDict and list(loaded["model"]) == list(saved["model"])
        for name in ("epoch", "best", "none", "flags", "text", "many", "big", "nested"):
            assert loaded[name] == saved[name]
        assert loaded["shape"] == (5, 3) and loaded["dtype"] is autograd.float16 and str(loaded["device"]) == "cpu"
        assert type(loaded["weight"]) is nn.Parameter and loaded["weight"].requires_grad
        assert type(loaded["schedule"]["milestones"]) is Counter
    ours = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 4), nn.Linear(4, 2))
    ours.load_state_dict(loaded["model"])
    stepper = optim.Adam(ours.parameters())
    stepper.load_state_dict(loaded["optimizer"])
    for library, model, optimizer_ in ((torch, net, optimizer), (autograd, ours, stepper)):
        optimizer_.zero_grad()
        model(library.from_numpy(x.numpy())).square().sum().backward()
        optimizer_.step()
    for a, b in zip(ours.parameters(), net.parameters()):
        np.testing.assert_allclose(a.tolist(), b.tolist(), rtol=1e-5, atol=1e-6)


def test_what_pytorch_saves_and_this_does_not_read():
    torch = pytest.importorskip("torch")
    with pytest.raises(
        LoadError, match=r"'torch\.nn\.modules\.linear\.Linear' is not part of .* save model\.state_dict"
    ):
        through(torch.nn.Linear(1, 1))
    with pytest.raises(LoadError, match="ComplexFloatStorage"):
        through(torch.zeros(2, dtype=torch.complex64))
    with pytest.raises(LoadError, match="_rebuild_tensor_v3"):
        through(torch.zeros(2, dtype=torch.uint16))
    with pytest.raises(LoadError, match="legacy format"):
        through([torch.zeros(2)], _use_new_zipfile_serialization=False)
    with pytest.raises(LoadError, match=r"numpy\..*scalar"):
        through(np.float64(1))
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), file)
    with pytest.raises(LoadError, match="TorchScript"):
        autograd.load(io.BytesIO(file.getvalue()))


# --- files by hand ----------------------------------------------------------------------------------------------------


def name(path: str) -> bytes:
    module, _, attribute = path.rpartition(".")
    return f"c{module}\n{attribute}\n".encode()


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def number(n: int) -> bytes:
    if -(2**31) <= n < 2**31:
        return b"J" + struct.pack("<i", n)
    return pickle.dumps(n, 2)[2:-1]


def group(*parts: bytes) -> bytes:
    return b"(" + b"".join(parts) + b"t"


def numbers(*ns: int) -> bytes:
    return group(*map(number, ns))


def storage(kind="Float", *, key=None, numel=None, tag=None) -> bytes:
    place = group(
        tag or text("storage"), name(f"torch.{kind}Storage"), key or text("0"), text("cpu"), numel or number(4)
    )
    return place + b"Q"


ORDERED = name("collections.OrderedDict") + b")R"


def rebuilt(stored=None, offset=0, size=(2, 2), stride=(2, 1), requires_grad=False, flags=b"") -> bytes:
    """A tensor of the storage; the arguments that are bytes are taken as they are."""
    arguments = [
        value if isinstance(value, bytes) else number(value) if isinstance(value, int) else numbers(*value)
        for value in (offset, size, stride)
    ]
    arguments = [stored or storage(), *arguments, b"\x88" if requires_grad else b"\x89", ORDERED, flags]
    return name("torch._utils._rebuild_tensor_v2") + group(*arguments) + b"R"


CONTENT = np.array([1, 2, 3, 4], np.float32)


def archive(body: bytes = b"", change=None, **entries: bytes) -> io.BytesIO:
    """A .pt file with a pickle and the storage 0; ``change(zip)`` may add to it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of duplicate names
        made.writestr("archive/data.pkl", b"\x80\x02" + body + b".")
        made.writestr("archive/data/0", CONTENT.tobytes())
        for path, content in entries.items():
            made.writestr(f"archive/{path}", content)
        if change is not None:
            change(made)
    file.seek(0)
    return file


def test_files_by_hand():
    """So that what the table below refuses is refused for its own reason."""
    loaded = autograd.load(archive(b"}" + text("a") + rebuilt() + b"s"))
    assert loaded["a"].tolist() == [[1, 2], [3, 4]]
    assert autograd.load(archive(rebuilt(size=b")", stride=b")"))).item() == 1
    assert autograd.load(archive(rebuilt(offset=4, size=(0,), stride=(1,)))).shape == (0,)
    assert autograd.load(archive(rebuilt(size=(2**40, 2), stride=(0, 3)))).shape == (2**40, 2)
    assert autograd.load(archive(rebuilt(requires_grad=True))).requires_grad
    flags = autograd.load(archive(rebuilt(storage("Bool", numel=number(16)), size=(16,), stride=(1,))))
    assert flags.numpy().view(np.uint8).max() == 1  # whatever the bytes are
    again = autograd.load(archive(b"]q\x01(" + b"]q\x02" + number(1) + b"ah\x02e"))
    assert again == [[1], [1]] and again[0] is again[1]


def test_big_endian_files():
    big = {"data/1": CONTENT.astype(">f4"), "data/2": (CONTENT.view(np.uint32) >> 16).astype(">u2")}
    entries = {path: content.tobytes() for path, content in big.items()}
    for key, kind in (("1", "Float"), ("2", "BFloat16")):
        file = archive(rebuilt(storage(kind, key=text(key))), byteorder=b"big", **entries)
        assert autograd.load(file).tolist() == [[1, 2], [3, 4]]


def doubled(levels: int) -> bytes:
    """Lists that each hold the last one ten times: small in the file, large for whoever walks through them."""
    parts = [b"]q\x00" + number(0) + b"a"]
    for i in range(1, levels):
        parts.append(b"]q" + bytes([i]) + b"(" + (b"h" + bytes([i - 1])) * 10 + b"e")
    return group(*parts)


def entries_changed(path: str, **fields):
    """A change to what the archive's list of contents says of an entry, after its bytes were written."""

    def change(made):
        for field, value in fields.items():
            setattr(made.getinfo(f"archive/{path}"), field, value)

    return change


RUNS = [
    ("os.system", name("os.system") + group(text("touch ran")) + b"R"),
    ("posix.system", name("posix.system") + group(text("touch ran")) + b"R"),
    ("builtins.eval", name("builtins.eval") + group(text("open('ran', 'w')")) + b"R"),
    ("torch.serialization.os.system", name("torch.serialization.os.system") + group(text("touch ran")) + b"R"),
    ("os.system", text("os") + text("system") + b"\x93" + group(text("touch ran")) + b"R"),
    ("subprocess.Popen", name("subprocess.Popen") + group(text("touch ran")) + b"\x81"),
    ("builtins.getattr", name("builtins.getattr")),
    ("torch.storage._load_from_bytes", name("torch.storage._load_from_bytes")),
    ("torch.nn.Module", name("torch.nn.Module")),
    ("torch.FloatTensor", name("torch.FloatTensor")),
    ("", b"c\n\n"),
]
INSTRUCTIONS = {
    "INST": b"(" + text("touch ran") + b"ios\nsystem\n", "OBJ": b"(" + ORDERED + b"o", "NEWOBJ": ORDERED + b")\x81",
    "NEWOBJ_EX": ORDERED + b")}\x92", "EXT1": b"\x82\x01", "PERSID": b"Pabc\n", "POP": number(1) + b"0",
    "DUP": number(1) + b"2", "INT": b"I1\n", "LONG": b"L" + b"1" * 4000 + b"L\n", "STRING": b"S'a'\n",
    "UNICODE": b"Va\n", "FLOAT": b"F1.5\n", "GET": b"g0\n", "PUT": number(1) + b"p0\n", "EMPTY_SET": b"\x8f",
    "FROZENSET": b"(\x91", "BYTEARRAY8": b"\x96" + bytes(8), "NEXT_BUFFER": b"\x97", "DICT": b"(d", "LIST": b"(l",
}  # fmt: skip
HOSTILE = [
    *[(body, f"Unsupported global: {re.escape(repr(path or '.'))}") for path, body in RUNS],
    *[(body, f"Unsupported operand: the instruction {opcode} ") for opcode, body in INSTRUCTIONS.items()],
    (number(1) + b")R", "something is called that is no function"),
    (text("os.system") + group(text("touch ran")) + b"R", "something is called that is no function"),
    (name("torch.FloatStorage") + b")R", "something is called that is no function"),
    (name("collections.OrderedDict") + b"]R", "something is called that is no function"),
    (name("collections.OrderedDict") + group(number(1)) + b"R", "an OrderedDict is made with arguments"),
    (name("collections.Counter") + group(text("aab")) + b"R", "something else than counts"),
    (name("collections.Counter") + b")R", "counter with 0 arguments"),
    (name("torch.Size") + group(numbers(-1)) + b"R", "something else than sizes"),
    (name("torch.device") + group(text("/dev/sda")) + b"R", "a device of an unknown kind"),
    (name("torch._utils._rebuild_parameter") + group(number(1), b"\x88", ORDERED) + b"R", "made of a int"),
    (name("torch._utils._rebuild_tensor_v2") + b")R", "tensor with 0 arguments"),
    # attributes
    (b"}" + b"}" + text("__class__") + number(1) + b"sb", "no OrderedDict to put an item into"),
    (name("collections.OrderedDict") + b"}" + text("__init__") + number(1) + b"sb", "no OrderedDict to put an item"),
    (rebuilt() + b"}b", "no OrderedDict to put an item into"),
    # values that are none
    (name("collections.OrderedDict"), "holds a Call that is no value"),
    (storage(), "holds a Stored that is no value"),
    (b"}" + text("a") + name("torch.LongStorage") + b"s", "holds a Tag that is no value"),
    (b"}" + rebuilt() + number(1) + b"s", "a Tensor is a key of a dict"),
    (b"}" + b"]" + number(1) + b"s", "a list is a key of a dict"),
    (b"}" + group(b"]") + number(1) + b"s", "a tuple is a key of a dict"),
    # the stack
    (b"", "0 objects are left"),
    (number(1) * 2, "2 objects are left"),
    (b"(", "holds a Mark that is no value"),
    (b"a", "finds nothing to work on"),
    (b"(R", "finds nothing to work on"),
    (b"e", "finds no mark"),
    (number(1) + number(2) + b"a", "no list to put an item into"),
    (number(1) + number(2) + number(3) + b"s", "no dict to put an item into"),
    (b"}(" + number(1) + b"u", "a key without a value"),
    (b"h\x07", "what was not kept is asked for again"),
    (b"q\x00", "nothing to keep"),
    (number(1) + number(2) + b"\x93", "a name that is no text"),
    # shapes of containers
    (b"]q\x00h\x00a", "a container that stands within itself"),
    (b"}q\x00" + text("a") + b"h\x00s", "a container that stands within itself"),
    (b"]" * 200 + b"a" * 199, "nested more than 100 deep"),
    (b")" + b"\x85" * 200, "nested more than 100 deep"),
    (b"}" + b")" + b"\x85" * 5000 + number(1) + b"s", "a tuple is a key of a dict"),
    (doubled(12), "hold more than 10,000,000 values"),
    # storages
    (storage(tag=text("module")), "a reference to something else than a storage"),
    (storage(tag=number(1)), "a reference to something else than a storage"),
    (number(1) + b"Q", "a reference to something else than a storage"),
    (group(text("storage"), number(1), text("0"), text("cpu"), number(4)) + b"Q", "something else than a storage"),
    (storage(key=text("../data.pkl")), r"the storage '\.\./data\.pkl' is not in the file"),
    (storage(key=text("/etc/passwd")), "the storage '/etc/passwd' is not in the file"),
    (storage(key=text("1")), "the storage '1' is not in the file"),
    (storage(key=number(0)), "the name of a storage is a int"),
    (storage(numel=number(5)), "16 bytes, which is not what is said of it"),
    (storage(numel=number(3)), "16 bytes, which is not what is said of it"),
    (storage(numel=number(-4)), "16 bytes, which is not what is said of it"),
    (storage(numel=number(2**62)), "16 bytes, which is not what is said of it"),
    (storage(numel=number(10**5000)), "16 bytes, which is not what is said of it"),
    (storage(numel=b"\x88"), "16 bytes, which is not what is said of it"),
    (storage(numel=text("4")), "16 bytes, which is not what is said of it"),
    (storage("Double"), "16 bytes, which is not what is said of it"),
    (b"](" + storage() + storage("Int") + b"e", "the storage '0' is said to be of float32 and of int32"),
    (storage("ComplexFloat"), "Unsupported global: 'torch.ComplexFloatStorage'"),
    # tensors
    (rebuilt(stored=number(1)), "something else than a storage"),
    (rebuilt(offset=1), r"offset 1 reaches beyond its storage of 4 elements"),
    (rebuilt(offset=-1), "something else than a storage, an offset"),
    (rebuilt(offset=10**5000), "something else than a storage, an offset"),
    (rebuilt(offset=5, size=(0,), stride=(1,)), "reaches beyond its storage"),
    (rebuilt(size=(2, 3)), "reaches beyond its storage"),
    (rebuilt(size=(2**62, 2**62)), "reaches beyond its storage"),
    (rebuilt(size=(-2, 2)), "something else than a storage"),
    (rebuilt(size=group(b"\x88", number(2))), "something else than a storage"),
    (rebuilt(size=group(text("2"), number(2))), "something else than a storage"),
    (rebuilt(size=b"]"), "something else than a storage"),
    (rebuilt(size=(4,)), "not one per dim"),
    (rebuilt(size=[1] * 65, stride=[1] * 65), "something else than a storage"),
    (rebuilt(stride=(2, -1)), "something else than a storage"),
    (rebuilt(stride=(2**62, 1)), "reaches beyond its storage"),
    (rebuilt(size=(2**40, 2**40), stride=(0, 0)), "larger than 2\\*\\*63 bytes"),
    (rebuilt(storage("Int"), requires_grad=True), "of autograd.int32 is said to require gradients"),
    (rebuilt(flags=b"}" + text("conj") + b"\x88s"), "with flags"),
    (rebuilt(flags=rebuilt()), "with flags"),
]  # fmt: skip


@pytest.mark.parametrize("body, message", HOSTILE, ids=[str(i) for i in range(len(HOSTILE))])
def test_hostile_pickles(tmp_path, monkeypatch, body, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LoadError, match=message):
        autograd.load(archive(body))
    assert os.listdir(tmp_path) == []


ARCHIVES = [
    (lambda made: made.writestr("archive/data/0", b"again"), "two of its entries have one name"),
    (
        lambda made: made.writestr("archive/data/1", bytes(10_000), zipfile.ZIP_DEFLATED),
        "'archive/data/1' is compressed",
    ),
    (lambda made: made.writestr("other/data.pkl", b""), "no data.pkl in it: this is a zip archive that PyTorch"),
    (lambda made: made.writestr("archive/constants.pkl", b""), "a TorchScript archive, which holds code"),
    (lambda made: made.writestr("archive/byteorder", b"middle"), "byte order is b'middle', neither little nor big"),
    (entries_changed("data/0", flag_bits=1), "'archive/data/0' is compressed or encrypted"),
    (entries_changed("data/0", file_size=2**40), "'archive/data/0' is compressed or encrypted"),
    (entries_changed("data/0", file_size=2**40, compress_size=2**40), "said to be larger than the file"),
    (entries_changed("data/0", CRC=1), "'archive/data/0' is damaged: Bad CRC-32"),
    (entries_changed("data/0", header_offset=0), "'archive/data/0' is damaged"),
    (entries_changed("data/0", header_offset=2**30), "'archive/data/0' is damaged"),
    (entries_changed("data/0", compress_type=99), "'archive/data/0' is compressed or encrypted"),
]


@pytest.mark.parametrize("change, message", ARCHIVES, ids=[message for _, message in ARCHIVES])
def test_hostile_archives(change, message):
    with pytest.raises(LoadError, match=message):
        autograd.load(archive(rebuilt(), change))


def test_other_archives():
    file = io.BytesIO()
    np.savez(file, a=CONTENT)
    with pytest.raises(LoadError, match=r"an \.npz file of NumPy's"):
        autograd.load(io.BytesIO(file.getvalue()))
    for pickled, message in ((b"\x80\x02", "damaged"), (b"", "damaged"), (b"\x80\x02}\xff.", "damaged")):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as made:
            made.writestr("archive/data.pkl", pickled)
        with pytest.raises(LoadError, match=message):
            autograd.load(io.BytesIO(file.getvalue()))


def test_truncated_archives():
    whole = archive(rebuilt()).getvalue()
    for n in range(len(whole)):
        with pytest.raises(LoadError):
            autograd.load(io.BytesIO(whole[:n]))


# --- random files -----------------------------------------------------------------------------------------------------


def loads_or_refuses(file: bytes) -> None:
    with contextlib.suppress(LoadError):
        autograd.load(io.BytesIO(file))


WHOLE = archive(b"}(" + text("a") + rebuilt() + text("b") + b"](K\x01G" + bytes(8) + b"eu").getvalue()
CHANGES = st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=8)


@settings(max_examples=200, deadline=None)
@given(CHANGES, st.integers(0, len(WHOLE)))
def test_any_change_of_bytes_of_an_archive(changes, length):
    changed = bytearray(WHOLE)
    for position, byte in changes:
        changed[position] = byte
    loads_or_refuses(bytes(changed))
    loads_or_refuses(bytes(changed[:length]))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 255)), max_size=8))
def test_any_change_of_bytes_of_a_safetensors_file(changes):
    pytest.importorskip("safetensors")
    file = io.BytesIO()
    autograd.save({"a": autograd.ones(2), "b": [autograd.zeros(2, 3, requires_grad=True), (1, 2.5)]}, file)
    changed = bytearray(file.getvalue())
    for position, byte in changes:
        changed[position % len(changed)] = byte
    loads_or_refuses(bytes(changed))


PIECES = [
    *[bytes([code]) for code in b"}])(tuesaRbQ\x85\x86\x87\x94N\x88\x93"], b"q\x00", b"h\x00", number(0), number(2),
    number(2**62), numbers(2, 2), text("a"), text("0"), text("storage"), ORDERED, storage(), rebuilt(),
    *[name(path) for path in pickles.GLOBALS if "Storage" not in path], name("torch.FloatStorage"), name("os.system"),
]  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=3), max_size=30))
def test_any_program_of_the_machine(pieces):
    loads_or_refuses(archive(b"".join(pieces)).getvalue())
