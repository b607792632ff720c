"""autograd.utils.data: data sets, samplers, collating, the loader and its worker processes; PyTorch's order of batches,
seed for seed."""

import copy
import gc
import os
import pickle
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections import OrderedDict, defaultdict, namedtuple
from contextlib import nullcontext

import numpy as np
import pytest

import autograd
from autograd import Generator, tensor
from autograd.utils import data

Point = namedtuple("Point", "x y")


class Squares(data.Dataset):
    """A map-style data set for both libraries: samples of several kinds."""

    def __init__(self, n=11):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        return {"x": np.full(2, i, np.float32), "y": (i * i, float(i)), "name": str(i)}


class Shards(data.IterableDataset):
    """0 .. n - 1, each number by one worker."""

    def __init__(self, n, info=data.get_worker_info):
        self.n, self.info = n, info

    def __len__(self):
        return self.n

    def __iter__(self):
        info = self.info()
        return iter(range(0, self.n) if info is None else range(info.id, self.n, info.num_workers))


def plain(value):
    """A batch of either library as Python's numbers and containers, with the dtypes."""
    if hasattr(value, "tolist") and hasattr(value, "dtype"):
        return str(value.dtype).split(".")[-1], value.tolist()
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, Point):
        return Point(*map(plain, value))
    return type(value)(map(plain, value)) if isinstance(value, (list, tuple)) else value


# --- data sets --------------------------------------------------------------------------------------------------------


def test_tensor_data_set():
    d = data.TensorDataset(autograd.arange(6).reshape(3, 2), tensor([5.0, 6.0, 7.0]))
    assert len(d) == 3
    assert plain(d[-1]) == (("int64", [4, 5]), ("float32", 7.0))
    with pytest.raises(AssertionError, match=r"Size mismatch between tensors: they have \[3, 2\] rows"):
        data.TensorDataset(autograd.ones(3), autograd.ones(2))


def test_base_classes_say_what_is_missing():
    for made, use in ((data.Dataset(), lambda d: d[0]), (data.IterableDataset(), iter), (data.Sampler(), iter)):
        with pytest.raises(NotImplementedError):
            use(made)


def test_concatenation():
    d = data.TensorDataset(autograd.arange(3)) + data.TensorDataset(autograd.arange(2))
    assert [int(x) for (x,) in d] == [0, 1, 2, 0, 1]
    assert int(d[-2][0]) == 0 and d.cumulative_sizes == [3, 5]
    for position, error in ((5, IndexError), (-6, ValueError)):
        with pytest.raises(error):
            d[position]
    with pytest.raises(AssertionError, match="should not be an empty iterable"):
        data.ConcatDataset([])
    with pytest.raises(AssertionError, match="does not support IterableDataset"):
        data.ConcatDataset([Shards(2)])
    chained = Shards(2) + Shards(3)
    assert list(chained) == [0, 1, 0, 1, 2] and len(chained) == 5
    with pytest.raises(AssertionError, match="only supports IterableDataset, got list"):
        list(data.ChainDataset([[1]]))


def test_stacks():
    inner = data.Subset("abc", [2, 0])
    assert data.StackDataset(inner, [1, 2])[1] == ("a", 2)
    named = data.StackDataset(letter=inner, number=[1, 2])
    assert named.__getitems__([1, 0]) == [{"letter": "a", "number": 2}, {"letter": "c", "number": 1}]
    assert len(named) == 2
    for args, kwargs in (([], {}), ([[1]], {"a": [1]}), ([[1], [1, 2]], {})):
        with pytest.raises(ValueError):
            data.StackDataset(*args, **kwargs)

    class Short(data.Dataset):
        def __len__(self):
            return 2

        def __getitems__(self, indices):
            return [0]

    with pytest.raises(ValueError, match="Expected 2, got 1 from Short"):
        data.StackDataset(Short(), [1, 2]).__getitems__([0, 1])


def test_subsets():
    d = data.Subset(data.Subset(list("abcdef"), [5, 4, 3, 2]), [0, 3])
    assert list(d) == ["f", "c"] and d.__getitems__([1]) == ["c"]
    rows = data.Subset(data.TensorDataset(autograd.arange(4)), [3, 1, 0])
    assert plain(rows[[0, 2]]) == (("int64", [3, 0]),)
    with pytest.raises(NotImplementedError, match="Half overrides __getitem__ but not __getitems__"):
        type("Half", (data.Subset,), {"__getitem__": lambda self, i: 0})([1], [0])


SPLITS = [[7, 4], [0.5, 0.5], [0.3, 0.3, 0.4], [1.0], [11], [0.99, 0.01], [0.1] * 10]


def test_splits_are_pytorchs():
    torch_data = pytest.importorskip("torch.utils.data")
    import torch

    for lengths in SPLITS:
        with pytest.warns() if lengths == [0.99, 0.01] else nullcontext():
            ours = data.random_split(range(11), lengths, Generator().manual_seed(3))
            theirs = torch_data.random_split(range(11), lengths, torch.Generator().manual_seed(3))
        assert [list(part) for part in ours] == [list(part) for part in theirs], lengths


def test_splits():
    parts = data.random_split(range(10), [0.75, 0.25])
    assert [len(p) for p in parts] == [8, 2] and sorted(i for p in parts for i in p) == list(range(10))
    with pytest.raises(ValueError, match=r"does not equal the length .* \[3, 3\] for 10 samples"):
        data.random_split(range(10), [3, 3])
    with pytest.raises(ValueError, match="Fraction at index 0 is not between 0 and 1"):
        data.random_split(range(10), [1.5, -0.5])
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        data.random_split(range(2), [0.9, 0.1])


# --- samplers ---------------------------------------------------------------------------------------------------------

SAMPLERS = {
    "sequential": lambda d, g: d.SequentialSampler(range(7)),
    "random": lambda d, g: d.RandomSampler(range(40)),
    "random, of a generator": lambda d, g: d.RandomSampler(range(40), generator=g),
    "few": lambda d, g: d.RandomSampler(range(9), num_samples=4, generator=g),
    "many": lambda d, g: d.RandomSampler(range(9), num_samples=23, generator=g),
    "a multiple": lambda d, g: d.RandomSampler(range(9), num_samples=18, generator=g),
    "replacement": lambda d, g: d.RandomSampler(range(50), True, 70, g),
    "replacement, a portion": lambda d, g: d.RandomSampler(range(50), True, 64),
    "subset": lambda d, g: d.SubsetRandomSampler([3, 1, 8, 9], g),
    "weighted": lambda d, g: d.WeightedRandomSampler([0.1, 3.0, 0.0, 2.0], 9, generator=g),
    "weighted, once each": lambda d, g: d.WeightedRandomSampler([0.1, 3.0, 1.0, 2.0], 3, False, g),
    "batches": lambda d, g: d.BatchSampler(d.RandomSampler(range(9), generator=g), 4, False),
    "whole batches": lambda d, g: d.BatchSampler(d.RandomSampler(range(9), generator=g), 4, True),
}


def test_samplers_are_pytorchs():
    torch = pytest.importorskip("torch")
    for name, make in SAMPLERS.items():
        autograd.manual_seed(5)
        torch.manual_seed(5)
        ours = make(data, Generator().manual_seed(2))
        theirs = make(torch.utils.data, torch.Generator().manual_seed(2))
        assert [list(ours), list(ours)] == [list(theirs), list(theirs)], name
        assert len(ours) == len(theirs), name
        assert autograd.rand(1).item() == torch.rand(1).item(), f"{name}: the streams went on differently"


def test_sampler_errors():
    for make, error in (
        (lambda: data.RandomSampler([1], replacement=1), TypeError),
        (lambda: data.RandomSampler([]), ValueError),
        (lambda: data.RandomSampler([1], num_samples=0), ValueError),
        (lambda: data.WeightedRandomSampler([1.0], True), ValueError),
        (lambda: data.WeightedRandomSampler([1.0], 1, replacement=0), ValueError),
        (lambda: data.WeightedRandomSampler([[1.0]], 1), ValueError),
        (lambda: data.BatchSampler([1], 0, False), ValueError),
        (lambda: data.BatchSampler([1], True, False), ValueError),
        (lambda: data.BatchSampler([1], 1, 1), ValueError),
    ):
        with pytest.raises(error, match="should be"):
            make()


def test_a_generator_can_be_copied():
    g = Generator().manual_seed(4)
    autograd.rand(3, generator=g)
    for copied in (pickle.loads(pickle.dumps(g)), copy.deepcopy(g)):
        assert copied.initial_seed() == 4
        assert autograd.rand(5, generator=copied).tolist() == autograd.rand(5, generator=g.clone_state()).tolist()


# --- collating --------------------------------------------------------------------------------------------------------


class Tags(list):
    """A sequence with something else in it."""

    note = ""


def collated(arrays):
    """Batches for the collate function, with ``arrays`` for tensors."""
    tags = Tags([1, 2])
    tags.note = "kept"
    counts = defaultdict(int, a=1)
    return {
        "ints": [1, 2], "bools": [True, False], "floats": [0.5, 2.0], "strings": ["a", "b"], "bytes": [b"a", b"b"],
        "tensors": [arrays([1.0, 2.0]), arrays([3.0, 4.0])], "numbers": [arrays(3), arrays(4)],
        "arrays": [np.eye(2), np.ones((2, 2))], "float32": [np.float32(1), np.float32(2)],
        "float64": [np.float64(1), np.float64(2)], "uint8": [np.uint8(1), np.uint8(2)], "bool_": [np.bool_(True)],
        "tuples": [(1, "a"), (2, "b")], "lists": [[1, 0.5], [2, 0.25]], "named": [Point(1, 2.0), Point(3, 4.0)],
        "dicts": [{"a": 1, "b": [1, 2]}, {"a": 2, "b": [3, 4]}], "nested": [{"a": (1, {"b": arrays([1])})}] * 2,
        "subclass": [tags, tags], "default": [counts, counts], "ordered": [OrderedDict(a=1), OrderedDict(a=2)],
        "ranges": [range(2), range(2, 4)],
    }  # fmt: skip


def test_collate_is_pytorchs():
    torch = pytest.importorskip("torch")
    ours, theirs = collated(tensor), collated(torch.tensor)
    for name in ours:
        mine = data.default_collate(ours[name])
        assert plain(mine) == plain(torch.utils.data.default_collate(theirs[name])), name
        converted = [f(batch[0]) for f, batch in (
            (data.default_convert, ours[name]), (torch.utils.data.default_convert, theirs[name])
        )]  # fmt: skip
        assert plain(converted[0]) == plain(converted[1]), name
    assert data.default_collate(ours["subclass"]).note == "kept"
    assert data.default_collate(ours["default"])["other"] == 0


def test_collate_errors():
    with pytest.raises(
        TypeError, match="batch must contain tensors, numpy arrays, numbers, dicts or lists; found <class"
    ):
        data.default_collate([object()])
    with pytest.raises(TypeError, match="found <U1"):
        data.default_collate([np.array("a")])
    assert data.default_convert(np.array("a")).dtype == "<U1"
    with pytest.raises(RuntimeError, match="each element in list of batch should be of equal size"):
        data.default_collate([[1], [1, 2]])
    with pytest.raises(RuntimeError, match="stack"):
        data.default_collate([tensor([1.0]), tensor([1.0, 2.0])])


def test_collate_takes_more_types():
    kinds = {**data.collate.default_collate_fn_map, complex: lambda batch, *, collate_fn_map: len(batch)}
    assert data.collate.collate([(1j, 2), (2j, 3)], collate_fn_map=kinds)[0] == 2


# --- the loader -------------------------------------------------------------------------------------------------------

LOADERS = [
    {},
    {"batch_size": 4},
    {"batch_size": 4, "drop_last": True},
    {"batch_size": 3, "shuffle": True},
    {"batch_size": None},
    {"batch_size": None, "shuffle": True},
    {"sampler": [3, 1, 2], "batch_size": 2},
    {"batch_sampler": [[1], [0, 2], [5, -1]]},
    {"batch_size": 4, "shuffle": True, "num_workers": 2},
    {"batch_size": 2, "num_workers": 2, "prefetch_factor": 1, "persistent_workers": True, "shuffle": True},
    {"batch_size": None, "num_workers": 1},
]

NAMED = {"a": 1.0, "resume": 2.0}


def epochs(library, dataset, options, seed=7):
    """Two passes, the seed of each worker and a number drawn afterwards."""
    library.manual_seed(seed)
    loader = library.utils.data.DataLoader(dataset, **options)
    passes = [[plain(batch) for batch in loader] for _ in range(2)]
    return passes, library.rand(1).item()


@pytest.mark.parametrize("options", LOADERS, ids=str)
def test_batches_are_pytorchs(options):
    torch = pytest.importorskip("torch")
    assert epochs(autograd, Squares(), options) == epochs(torch, Squares(), options)
    x, y = np.arange(22, dtype=np.float32).reshape(11, 2), np.arange(11)
    parts = [lambda d, whole: whole, lambda d, whole: d.Subset(whole, [9, 8, 7, 6, 5, 4])]
    for part in parts[1:] if "num_workers" in options else parts:
        made = [
            part(library.utils.data, library.utils.data.TensorDataset(library.from_numpy(x), library.from_numpy(y)))
            for library in (autograd, torch)
        ]
        assert epochs(autograd, made[0], options) == epochs(torch, made[1], options)


def test_a_generator_decides_the_order():
    torch = pytest.importorskip("torch")
    for seed in (1, 2):
        found = []
        for library in (autograd, torch):
            g = library.Generator().manual_seed(seed)
            loader = library.utils.data.DataLoader(range(20), 7, shuffle=True, generator=g)
            found.append([plain(batch) for _ in range(2) for batch in loader])
        assert found[0] == found[1]


def test_positions_may_be_names():
    for workers in (0, 1):
        loader = data.DataLoader(NAMED, None, sampler=["resume", "a"], num_workers=workers)
        assert list(loader) == [2.0, 1.0]


def test_iterable_data_sets_are_pytorchs():
    torch = pytest.importorskip("torch")

    class Theirs(torch.utils.data.IterableDataset):
        def __init__(self, n):
            self.inner = Shards(n, torch.utils.data.get_worker_info)

        def __iter__(self):
            return iter(self.inner)

    for n in (0, 1, 8, 11):
        for options in (
            {"batch_size": 3}, {"batch_size": 3, "drop_last": True}, {"batch_size": None}, {"batch_size": 1},
            {"batch_size": 2, "num_workers": 2}, {"num_workers": 2, "persistent_workers": True, "prefetch_factor": 3},
        ):  # fmt: skip
            if not options.get("num_workers") or n in (8, 11):
                assert epochs(autograd, Shards(n), options) == epochs(torch, Theirs(n), options), (n, options)


def test_rows_are_taken_at_once(backend):
    x = autograd.randn(6, 3, requires_grad=True)
    whole = data.TensorDataset(x, autograd.arange(6))
    for dataset in (whole, data.Subset(data.Subset(whole, [5, 4, 3, 2]), [3, 0, 1])):
        for indices in ([0, 2, -1], (1,), autograd.tensor([0, 1]), np.array([0, 1], np.int32)):
            fast = next(iter(data.DataLoader(dataset, batch_sampler=[indices])))
            slow = data.default_collate([dataset[int(i)] for i in indices])
            assert plain(fast) == plain(slow) and type(fast) is type(slow)
            weights = autograd.randn(*fast[0].shape)
            grads = [autograd.grad((batch[0] * weights).sum(), x)[0].tolist() for batch in (fast, slow)]
            assert grads[0] == grads[1]
    with pytest.raises(IndexError):
        next(iter(data.DataLoader(whole, batch_sampler=[[6]])))
    assert next(iter(data.DataLoader(whole, 2, collate_fn=len))) == 2  # another collate function gets the samples


def test_length():
    assert len(data.DataLoader(range(10), 4)) == 3
    assert len(data.DataLoader(range(10), 4, drop_last=True)) == 2
    assert len(data.DataLoader(range(10), None)) == 10
    assert len(data.DataLoader(Shards(10), 4)) == 3
    assert len(data.DataLoader(Shards(10), 4, drop_last=True)) == 2
    loader = data.DataLoader(Shards(3), None)
    loader.dataset.n = 2
    assert len(loader) == 2
    loader.dataset.n = 3
    with pytest.warns(UserWarning, match="was reported to be 2 .* but 3 samples have been fetched"):
        assert [x for x in loader] == [0, 1, 2]  # list() would ask for the length again


REFUSED = [
    ({"num_workers": -1}, ValueError, "non-negative"),
    ({"timeout": -1}, ValueError, "non-negative"),
    ({"prefetch_factor": 2}, ValueError, "give num_workers"),
    ({"prefetch_factor": 0, "num_workers": 1}, ValueError, "positive"),
    ({"persistent_workers": True}, ValueError, "needs num_workers > 0"),
    ({"sampler": [0], "shuffle": True}, ValueError, "mutually exclusive with shuffle"),
    ({"batch_sampler": [[0]], "batch_size": 2}, ValueError, "batch_sampler option is mutually exclusive"),
    ({"batch_size": None, "drop_last": True}, ValueError, "disables auto-batching"),
    ({"multiprocessing_context": "fork"}, ValueError, "num_workers > 0"),
    ({"multiprocessing_context": "no", "num_workers": 1}, ValueError, "valid start method"),
    ({"multiprocessing_context": 3, "num_workers": 1}, TypeError, "valid context object"),
]


def test_what_the_loader_refuses():
    for options, error, message in REFUSED:
        with pytest.raises(error, match=message):
            data.DataLoader([1], **options)
    for name, value in (("shuffle", True), ("sampler", [0]), ("batch_sampler", [[0]])):
        with pytest.raises(ValueError, match=f"expected unspecified {name} option"):
            data.DataLoader(Shards(1), **{name: value})
    loader = data.DataLoader([1], timeout=1)
    with pytest.raises(AssertionError, match="give num_workers"):
        iter(loader)
    with pytest.raises(ValueError, match="batch_size attribute should not be set"):
        loader.batch_size = 3
    with pytest.warns(UserWarning, match="will create 1000 worker processes"):
        data.DataLoader([1], num_workers=1000)


# --- worker processes -------------------------------------------------------------------------------------------------


def alive(pids) -> list:
    """Those of the processes that still run; waits a little for the others."""
    until = time.monotonic() + 10
    while (left := [pid for pid in pids if os.path.exists(f"/proc/{pid}")]) and time.monotonic() < until:
        time.sleep(0.01)
    return left


class Facts(data.Dataset):
    """What a worker sees of itself."""

    def __len__(self):
        return 4

    def __getitem__(self, i):
        info = data.get_worker_info()
        drawn = random.random(), np.random.rand(), autograd.rand(1).item()
        return os.getpid(), info.id, info.num_workers, info.seed, autograd.get_num_threads(), drawn


def as_it_is(samples):
    return samples


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_what_a_worker_is(context):
    autograd.set_num_threads(2)
    autograd.manual_seed(9)
    loader = data.DataLoader(Facts(), 1, num_workers=2, collate_fn=as_it_is, multiprocessing_context=context)
    facts = [sample for batch in loader for sample in batch]
    autograd.manual_seed(9)
    base = data.sampler.drawn_seed()
    assert [fact[1:5] for fact in facts] == [(i, 2, base + i, 1) for i in (0, 1, 0, 1)]
    for number, fact in enumerate(facts[:2]):
        r, n, g = random.Random(base + number), np.random.RandomState(), Generator().manual_seed(base + number)
        n.seed(np.random.SeedSequence([number, base % 2**32, base >> 32, 0]).generate_state(4))
        assert fact[5] == (r.random(), n.rand(), autograd.rand(1, generator=g).item())
    pids = {fact[0] for fact in facts}
    assert len(pids) == 2 and os.getpid() not in pids and not alive(pids)
    assert data.get_worker_info() is None and autograd.get_num_threads() == 2


def test_workers_are_seeded_as_pytorchs():
    torch = pytest.importorskip("torch")
    from torch.utils.data._utils.worker import _generate_state

    class Drawn(Facts):
        def __getitem__(self, i):
            return random.random(), np.random.rand(), torch.rand(1).item()

    autograd.manual_seed(3)
    torch.manual_seed(3)
    theirs = [x for b in torch.utils.data.DataLoader(Drawn(), num_workers=2, collate_fn=as_it_is) for x in b]
    ours = [x[5] for b in data.DataLoader(Facts(), num_workers=2, collate_fn=as_it_is) for x in b]
    assert ours == theirs
    for base, number in ((0, 0), (2**62 + 12345, 3)):
        words = np.random.SeedSequence([number, base % 2**32, base >> 32, 0]).generate_state(4)
        assert words.tolist() == _generate_state(base, number)


class Fails(data.Dataset):
    """Sample 2 cannot be made."""

    def __init__(self, error):
        self.error = error

    def __len__(self):
        return 4

    def __getitem__(self, i):
        if i == 2:
            raise self.error
        return i


class TwoArguments(Exception):
    def __init__(self, a, b):
        super().__init__(a, b)


def test_errors_come_back_with_their_traceback():
    class Local(ValueError):
        """A type that cannot be pickled."""

    for error, kind in (
        (ValueError("no such sample"), ValueError), (KeyError("no such sample"), KeyError),
        (TwoArguments("no such sample", 1), RuntimeError), (Local("no such sample"), RuntimeError),
        (StopIteration("no such sample"), StopIteration),
    ):  # fmt: skip
        batches = iter(data.DataLoader(Fails(error), num_workers=1, multiprocessing_context="fork"))
        assert [next(batches).item(), next(batches).item()] == [0, 1]
        with pytest.raises(kind) as caught:
            next(batches)
        text = str(caught.value)
        assert f"Caught {type(error).__name__} in DataLoader worker process 0.\nOriginal Traceback" in text
        assert "raise self.error" in text and "no such sample" in text
        assert next(batches).item() == 3 and next(batches, "end") == "end"


def broken_start(number):
    raise RuntimeError(f"cannot start {number}")


def test_an_error_at_the_start():
    with pytest.raises(RuntimeError, match="cannot start 0"):
        next(iter(data.DataLoader([1, 2], num_workers=1, worker_init_fn=broken_start)))
    loader = data.DataLoader([1, 2], num_workers=1, multiprocessing_context="spawn", collate_fn=lambda b: b)
    with pytest.raises((AttributeError, pickle.PicklingError)) as caught:
        iter(loader)
    assert "define them at the top of a module" in caught.value.__notes__[0]
    with pytest.raises((AttributeError, pickle.PicklingError), match="lambda"):  # a batch that cannot be sent
        next(iter(data.DataLoader([1], num_workers=1, collate_fn=lambda b: lambda: 0, multiprocessing_context="fork")))


class Dies(data.Dataset):
    def __init__(self, how):
        self.how = how

    def __len__(self):
        return 10

    def __getitem__(self, i):
        if i == 5 and self.how == "exit":
            os._exit(3)
        if i == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return np.zeros(100_000)


@pytest.mark.parametrize("how, message", [("kill", "killed by SIGKILL"), ("exit", "exit code 3")])
def test_a_dead_worker_is_reported(how, message):
    batches = iter(data.DataLoader(Dies(how), num_workers=2, multiprocessing_context="fork"))
    pids = [w.process.pid for w in batches.workers]
    with pytest.raises(RuntimeError, match=rf"DataLoader worker \(pid\(s\) \d+\) exited unexpectedly: {message}"):
        list(batches)
    assert not alive(pids) and next(batches, "end") == "end"


class Slow(data.Dataset):
    def __len__(self):
        return 100

    def __getitem__(self, i):
        if i > 0:
            time.sleep(60)
        return i


def test_a_slow_worker():
    batches = iter(data.DataLoader(Slow(), num_workers=1, timeout=0.2))
    pids = [w.process.pid for w in batches.workers]
    assert next(batches).item() == 0
    with pytest.raises(RuntimeError, match=r"DataLoader timed out after 0\.2 seconds"):
        next(batches)
    assert not alive(pids)


def test_leaving_the_loop_early():
    big = [np.zeros(200_000) for _ in range(20)]  # more than a channel holds
    loader = data.DataLoader(big, num_workers=2)
    for _ in range(2):
        batches = iter(loader)
        pids = [w.process.pid for w in batches.workers]
        next(batches)
        began = time.monotonic()
        del batches
        assert not alive(pids) and time.monotonic() - began < 5
    kept = data.DataLoader(big, num_workers=2, persistent_workers=True)
    for _ in range(3):  # a new pass begins where the last one was left
        assert [len(batch[0]) for _, batch in zip(range(3), kept)] == [200_000] * 3
    assert sum(1 for _ in kept) == 20
    pids = [w.process.pid for w in iter(kept).workers]
    del kept
    gc.collect()
    assert not alive(pids)


def test_two_loaders_at_once():
    """Each worker is told when its own loader is gone, though later ones were forked from the same process."""
    first, second = (iter(data.DataLoader(range(50), num_workers=1, multiprocessing_context="fork")) for _ in range(2))
    pids = [w.process.pid for w in first.workers]
    assert next(first).item() == next(second).item() == 0
    began = time.monotonic()
    del first
    assert not alive(pids) and time.monotonic() - began < 0.9  # by itself, not by force
    assert [x.item() for x in second] == list(range(1, 50))


class Uneven(data.Dataset):
    """Worker 0 is slow."""

    def __len__(self):
        return 6

    def __getitem__(self, i):
        time.sleep(0.5 if i == 0 else 0)
        return i


def test_out_of_order():
    found = [x.item() for x in data.DataLoader(Uneven(), num_workers=2, in_order=False)]
    assert sorted(found) == list(range(6)) and found[0] == 1
    assert [x.item() for x in data.DataLoader(Uneven(), num_workers=2)] == list(range(6))


def test_many_indices_and_large_batches_do_not_block():
    """Both directions of a channel full at once."""
    d = data.TensorDataset(autograd.zeros(60_000, 4))
    loader = data.DataLoader(d, 30_000, num_workers=1, prefetch_factor=4)
    assert [len(x) for _ in range(2) for (x,) in loader] == [30_000] * 4


SCRIPT = """
    import os, sys, time
    import numpy as np
    from autograd.utils import data

    class Samples(data.Dataset):
        def __len__(self):
            return 10_000

        def __getitem__(self, i):
            time.sleep(0.01 * (i > 3))
            return np.zeros(50_000)

    if __name__ == "__main__":
        batches = iter(data.DataLoader(Samples(), num_workers=2, multiprocessing_context=sys.argv[1]))
        next(batches)
        print(*[w.process.pid for w in batches.workers], flush=True)
        {end}
"""


@pytest.mark.parametrize("end", ["for _ in batches: pass", "time.sleep(60)", "sys.exit(3)", "killed"])
def test_workers_end_with_the_script(tmp_path, end):
    """By Ctrl-C while it waits for a batch and elsewhere, by its own end, by SIGKILL."""
    path = tmp_path / "script.py"
    text = textwrap.dedent(SCRIPT).replace("{end}", "time.sleep(60)" if end == "killed" else end)
    path.write_text(text)
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(autograd.__file__))}
    process = subprocess.Popen(
        [sys.executable, str(path), "fork"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # runs where SIGINT is ignored
    )  # fmt: skip
    pids = [int(pid) for pid in process.stdout.readline().split()]
    assert len(pids) == 2
    if end == "killed":
        process.kill()
    elif end != "sys.exit(3)":
        time.sleep(0.2)
        os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert not alive(pids)
    assert ("KeyboardInterrupt" in errors) == (process.returncode == -signal.SIGINT), errors
    assert errors.count("KeyboardInterrupt") <= 1  # the workers say nothing
