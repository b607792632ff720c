"""autograd.datasets: files of the published forms, downloads from a local server, transforms, scikit-learn's tables."""

import functools
import gzip
import hashlib
import http.server
import io
import pickle
import struct
import sys
import tarfile
import threading

import numpy as np
import pytest

import autograd
from autograd import datasets
from autograd.datasets import transforms
from autograd.datasets.files import INFLATION
from autograd.utils import data

RNG = np.random.default_rng(0)


def idx(values: np.ndarray) -> bytes:
    return bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


class Digits(datasets.MNIST):
    """A small MNIST; the checksums are those of its own files."""

    pictures = [RNG.integers(0, 256, (n, 28, 28), np.uint8) for n in (7, 3)]
    labels = [RNG.integers(0, 10, n, np.uint8) for n in (7, 3)]
    files = {
        name: gzip.compress(idx(values), mtime=0)
        for (name, _), values in zip(datasets.MNIST.resources, (pictures[0], labels[0], pictures[1], labels[1]))
    }
    resources = [(name, hashlib.md5(content).hexdigest()) for name, content in files.items()]


class Colours(datasets.CIFAR10):
    """A small CIFAR-10."""

    pictures = RNG.integers(0, 256, (12, 32, 32, 3), np.uint8)
    labels = RNG.integers(0, 10, 12, np.uint8)
    records = np.concatenate([labels[:, None], pictures.transpose(0, 3, 1, 2).reshape(12, -1)], axis=1)
    names = [*datasets.CIFAR10.parts[True], *datasets.CIFAR10.parts[False]]
    files = {name: records.tobytes() for name, records in zip(names, records.reshape(6, 2, -1))}

    @staticmethod
    def packed(files) -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        return out.getvalue()


CIFAR_ARCHIVE = Colours.packed({"readme.html": b"hello", **Colours.files})
Colours.archive = ("cifar-10-binary.tar.gz", hashlib.md5(CIFAR_ARCHIVE).hexdigest())


@pytest.fixture
def server(tmp_path):
    """A server of the files in a folder: (folder, address, the paths asked for)."""
    folder, asked = tmp_path / "served", []
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            asked.append(self.path)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder)) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield folder, f"http://127.0.0.1:{running.server_address[1]}", asked
        running.shutdown()


def put(folder, files) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


# --- MNIST ------------------------------------------------------------------------------------------------------------


def test_digits_from_a_server(tmp_path, server, capsys):
    folder, address, asked = server
    put(folder, Digits.files)
    train = Digits(tmp_path, download=True, mirror=address)
    assert train.data.numpy().tobytes() == Digits.pictures[0].tobytes() and train.data.shape == (7, 28, 28)
    assert train.targets.dtype is autograd.int64 and train.targets.tolist() == Digits.labels[0].tolist()
    picture, label = train[3]
    assert isinstance(picture, np.ndarray) and picture.dtype == np.uint8 and type(label) is int
    assert (picture == Digits.pictures[0][3]).all() and label == Digits.labels[0][3]
    assert len(asked) == 4 and f"Downloading {address}/train-images-idx3-ubyte.gz" in capsys.readouterr().err
    test = Digits(str(tmp_path), train=False, download=True, mirror=address)  # nothing is fetched again
    assert len(asked) == 4 and len(test) == 3 and test.data.tolist() == Digits.pictures[1].tolist()
    assert repr(test) == f"Digits({str(tmp_path)!r}, 3 test pictures)" and test.class_to_idx["3 - three"] == 3
    damaged = tmp_path / "Digits" / "raw" / "t10k-labels-idx1-ubyte.gz"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    Digits(tmp_path, download=True, mirror=address)  # what is damaged is fetched again, the rest is not
    assert len(asked) == 5 and asked[4] == "/t10k-labels-idx1-ubyte.gz"


def test_unpacked_files_will_do(tmp_path):
    put(tmp_path / "Digits" / "raw", {k.removesuffix(".gz"): gzip.decompress(v) for k, v in Digits.files.items()})
    assert Digits(tmp_path, download=True)[0][1] == Digits.labels[0][0]


def test_transforms_and_loaders(tmp_path):
    put(tmp_path / "Digits" / "raw", Digits.files)
    change = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    train = Digits(tmp_path, transform=change, target_transform=lambda t: t % 2)
    for workers in (0, 2):
        loader = data.DataLoader(train, 4, num_workers=workers, multiprocessing_context="fork" if workers else None)
        x, y = next(iter(loader))
        assert x.shape == (4, 1, 28, 28) and y.tolist() == [int(n) % 2 for n in Digits.labels[0][:4]]
        expected = (Digits.pictures[0][:4, None] / np.float32(255) - np.float32(0.1307)) / np.float32(0.3081)
        assert x.tolist() == expected.tolist()


def test_what_a_download_refuses(tmp_path, server):
    folder, address, _ = server
    raw = tmp_path / "Digits" / "raw"
    with pytest.raises(
        RuntimeError, match=r"Dataset not found. You can use download=True .* train-images-idx3-ubyte\.gz"
    ):
        Digits(tmp_path)
    with pytest.raises(
        RuntimeError, match=r"404: File not found.*Without a network, put train-images-idx3-ubyte\.gz \(MD5"
    ):
        Digits(tmp_path, download=True, mirror=address)
    for wrong in (b"", b"other", Digits.files["train-images-idx3-ubyte.gz"][:-3]):
        put(folder, {"train-images-idx3-ubyte.gz": wrong})
        with pytest.raises(RuntimeError, match=r"its MD5 is [0-9a-f]{32}, not [0-9a-f]{32}: it is damaged"):
            Digits(tmp_path, download=True, mirror=address)
        assert list(raw.iterdir()) == []
    closed = "http://127.0.0.1:9"
    with pytest.raises(
        RuntimeError, match=r"Error downloading train-images.*Connection refused.*or name another source"
    ):
        Digits(tmp_path, download=True, mirror=closed)
    put(folder, Digits.files)
    several = type("Digits", (Digits,), {"mirrors": [closed, f"{address}/nowhere/", f"{address}/"]})
    assert len(several(tmp_path, download=True)) == 7  # the first mirror that works


def changed(**files):
    """The small files with others in their place, by the beginning of their names."""
    return {k: next((v for start, v in files.items() if k.startswith(start)), v) for k, v in Digits.files.items()}


IMAGES = idx(Digits.pictures[0])
DAMAGED = [
    (gzip.compress(b"\x00\x00\x0d\x03" + IMAGES[4:]), r"is no IDX file of 3 dims of uint8: it begins with"),
    (gzip.compress(idx(Digits.labels[0])), r"is no IDX file of 3 dims"),
    (gzip.compress(b"<html>not found</html>"), r"begins with b'<htm'"),
    (gzip.compress(IMAGES[:10]), "is no IDX file"),
    (gzip.compress(b""), "is no IDX file"),
    (IMAGES, "is damaged: Not a gzipped file"),
    (gzip.compress(IMAGES)[:-30], "is damaged: Compressed file ended"),
    (gzip.compress(IMAGES)[:2000] + b"\xff" * 50 + gzip.compress(IMAGES)[2050:], "is damaged"),
    (gzip.compress(IMAGES[:-1]), "is damaged: 5,488 bytes are announced, 5,487 are there"),
    (gzip.compress(IMAGES + b"x"), "is damaged: there is more in it than 5,488 bytes"),
    (gzip.compress(IMAGES[:4] + struct.pack(">3I", 2**32 - 1, 2**32 - 1, 2**32 - 1)), "can be in it"),
    (gzip.compress(IMAGES[:4] + struct.pack(">3I", 2**12, 2**12, 2**12) + bytes(1000)), "at most .* can be in it"),
    (gzip.compress(idx(Digits.pictures[0][:4])), "is damaged: 7 labels for 4 pictures"),
]


@pytest.mark.parametrize("content, message", DAMAGED, ids=[message for _, message in DAMAGED])
def test_damaged_digits(tmp_path, content, message):
    put(tmp_path / "Digits" / "raw", changed(**{"train-images": content}))
    with pytest.raises(RuntimeError, match=message):
        Digits(tmp_path)


def test_labels_have_a_class(tmp_path):
    put(tmp_path / "Digits" / "raw", changed(**{"train-labels": gzip.compress(idx(np.full(7, 10, np.uint8)))}))
    with pytest.raises(RuntimeError, match="there is a label 10, of 10 classes"):
        Digits(tmp_path)


def test_how_much_gzip_can_hold():
    assert 10**6 / len(gzip.compress(bytes(10**6))) < INFLATION


def test_published_checksums():
    for kind in (datasets.MNIST, datasets.FashionMNIST):
        assert [len(checksum) for _, checksum in kind.resources] == [32] * 4 and len(kind.classes) == 10
    assert datasets.FashionMNIST.resources != datasets.MNIST.resources


# --- CIFAR-10 ---------------------------------------------------------------------------------------------------------


def test_colours(tmp_path, server):
    folder, address, asked = server
    put(folder, {"cifar-10-binary.tar.gz": CIFAR_ARCHIVE})
    for _ in range(2):
        train = Colours(tmp_path, download=True, mirror=address)
    assert len(asked) == 1
    test = Colours(tmp_path, train=False)
    put(tmp_path / "plain" / "cifar-10-batches-bin", Colours.files)
    plain = Colours(tmp_path / "plain", download=True)
    for made, rows in ((train, slice(10)), (plain, slice(10)), (test, slice(10, 12))):
        assert made.data.shape[1:] == (32, 32, 3) and (made.data == Colours.pictures[rows]).all()
        assert made.targets == Colours.labels[rows].tolist()
    picture, label = train[4]
    assert picture.shape == (32, 32, 3) and train.classes[label] in datasets.CIFAR10.classes
    assert len(pickle.loads(pickle.dumps(train))) == 10  # for worker processes that are spawned


def test_damaged_colours(tmp_path):
    with pytest.raises(RuntimeError, match="Dataset not found"):
        Colours(tmp_path)
    whole, first = Colours.files, Colours.names[0]
    outside = tmp_path / "outside"
    for content, message in (
        (CIFAR_ARCHIVE[:-2000], "is damaged"),
        (b"", "is damaged"),
        (gzip.compress(b"not a tar file" * 100), "is damaged"),
        (Colours.packed({k: v for k, v in whole.items() if k != first}), f"{first} not in it"),
        (Colours.packed({**whole, first: whole[first][:-1]}), "bytes are no records of 3,073"),
        (Colours.packed({**whole, first: b"\x0b" + whole[first][1:]}), "there is a label 11, of 10 classes"),
        (Colours.packed({"../" + str(outside): b"x"}), "not in it"),
    ):
        put(tmp_path, {"cifar-10-binary.tar.gz": content})
        with pytest.raises(RuntimeError, match=message):
            Colours(tmp_path)
    assert not outside.exists()
    put(tmp_path / "cifar-10-batches-bin", {k: v for k, v in whole.items() if k != first})
    with pytest.raises(RuntimeError, match=f"needs {first}"):
        Colours(tmp_path)


# --- transforms -------------------------------------------------------------------------------------------------------


def test_to_tensor():
    to_tensor = transforms.ToTensor()
    colours = RNG.integers(0, 256, (4, 5, 3), np.uint8)
    assert to_tensor(colours).tolist() == (colours.transpose(2, 0, 1) / np.float32(255)).tolist()
    assert to_tensor(colours).is_contiguous() and to_tensor(colours[..., 0]).shape == (1, 4, 5)
    assert to_tensor(np.ones((2, 3))).dtype is autograd.float64  # as it is
    for wrong in (autograd.ones(1, 2, 2), np.ones(3), "picture"):
        with pytest.raises(TypeError, match="pic should be a picture"):
            to_tensor(wrong)
    image = pytest.importorskip("PIL.Image").fromarray(colours)
    assert to_tensor(image).tolist() == to_tensor(colours).tolist()


def test_normalize():
    x = autograd.rand(3, 2, 2)
    y = transforms.Normalize([0.5, 0.4, 0.3], [1.0, 2.0, 4.0])(x)
    assert y is not x and np.allclose(y.numpy()[2], (x.numpy()[2] - 0.3) / 4)
    assert transforms.Normalize([0.5], [0.5], inplace=True)(x) is x
    with pytest.raises(ValueError, match="std evaluated to zero"):
        transforms.Normalize([0.5], [0.0])
    for wrong in (np.ones((1, 2, 2)), autograd.ones(1, 2, 2).long(), autograd.ones(2, 2)):
        with pytest.raises(TypeError, match="should be a float tensor"):
            transforms.Normalize([0.5], [0.5])(wrong)


def test_random_transforms():
    picture = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    tensor = autograd.tensor(picture.transpose(2, 0, 1))
    for image, rows, columns in ((picture, 0, 1), (tensor, 1, 2)):
        mirrored = transforms.RandomHorizontalFlip(1.0)(image)
        assert (np.asarray(mirrored) == np.flip(np.asarray(image), columns)).all() and type(mirrored) is type(image)
        assert transforms.RandomHorizontalFlip(0.0)(image) is image
        seen = set()
        for _ in range(50):
            part = transforms.RandomCrop((2, 3))(image)
            assert part.shape[rows] == 2 and part.shape[columns] == 3 and type(part) is type(image)
            seen.add(np.asarray(part).tobytes())
        assert len(seen) == 6
        assert (np.asarray(transforms.RandomCrop(4)(image)) == np.asarray(image)).all()
        padded = transforms.RandomCrop(8, padding=2, fill=9)(image)
        assert padded.shape[rows] == 8 and np.asarray(padded).ravel()[0] == 9 and type(padded) is type(image)
        with pytest.raises(ValueError, match=r"Required crop size \(5, 5\) is larger than input image size"):
            transforms.RandomCrop(5)(image)


def test_transforms_print():
    made = transforms.Compose(
        [transforms.RandomCrop(4, padding=1), transforms.RandomHorizontalFlip(), transforms.ToTensor(),
         transforms.Normalize([0.5], [0.5]), transforms.Lambda(abs)]
    )  # fmt: skip
    assert str(made).splitlines()[1:5] == [
        "    RandomCrop(size=(4, 4), padding=1)", "    RandomHorizontalFlip(p=0.5)", "    ToTensor()",
        "    Normalize(mean=[0.5], std=[0.5])",
    ]  # fmt: skip
    assert transforms.Lambda(abs)(-3) == 3
    with pytest.raises(TypeError, match="should be callable"):
        transforms.Lambda(3)


# --- scikit-learn -----------------------------------------------------------------------------------------------------


def test_tables():
    pytest.importorskip("sklearn")
    for name, n, features, classes in (
        ("digits", 1797, 64, 10), ("iris", 150, 4, 3), ("wine", 178, 13, 3), ("breast_cancer", 569, 30, 2),
        ("diabetes", 442, 10, 0),
    ):  # fmt: skip
        load = getattr(datasets, f"load_{name}")
        parts = load((0.5, 0.3, 0.2), seed=1, standardize=True)
        again, other = load((0.5, 0.3, 0.2), seed=1), load((0.5, 0.3, 0.2), seed=2)
        assert [len(p) for p in parts] == pytest.approx([0.5 * n, 0.3 * n, 0.2 * n], abs=1.5)
        x, y = parts[0].tensors
        assert x.dtype is autograd.float32 and x.shape[1] == features
        mean, deviation = x.numpy().mean(axis=0), x.numpy().std(axis=0)
        assert np.allclose(mean, 0, atol=1e-5) and all(np.isclose(d, 1, atol=1e-4) or d == 0 for d in deviation)
        assert y.tolist() == again[0].tensors[1].tolist() != other[0].tensors[1].tolist()
        whole = np.concatenate([p.tensors[1].numpy() for p in parts])
        if classes:
            shares = [np.bincount(p.tensors[1].numpy(), minlength=classes) / len(p) for p in parts]
            assert y.dtype is autograd.int64 and max(np.abs(s - shares[0]).max() for s in shares) < 0.05
        else:
            assert y.shape == (len(x), 1) and y.dtype is autograd.float32
        assert len(whole) == n


def test_the_split_of_the_demo():
    pytest.importorskip("sklearn")
    from autograd.demo.digits import load

    for part, images in zip(datasets.load_digits((0.6, 0.2, 0.2)), load().values()):
        assert (part.tensors[0] / 16).tolist() == images.x.tolist() and part.tensors[1].tolist() == images.y.tolist()


def test_tables_refuse(monkeypatch):
    pytest.importorskip("sklearn")
    for split in ((), (0.5, 0.6), (1.5, -0.5)):
        with pytest.raises(ValueError, match="fractions that add up to 1"):
            datasets.load_iris(split)
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match=r"sklearn is needed here .*`pip install 'autograd-cffi\[train\]'`"):
        datasets.load_iris()
