"""An omission fails a test: kernel list, NumPy twins, op table, op database, public names, docstrings, examples."""

import doctest
import importlib
import inspect
import pkgutil
import warnings
from pathlib import Path

import pytest
from kernel_cases import BY_CLASS, ELSEWHERE, LAYERS, NUMPY_ONLY, TWINS, WHOLE, classes, lines, listed
from opdb import DIFFERENTIABLE, FAMILIES, ROWS, outputs_of
from support import leaves, random_gradients, tensors

import autograd
from autograd.backend import K, extension, numpy_backend, numpy_kernels, numpy_random, observe
from autograd.op import TABLE, Op

ROOT = Path(__file__).parent.parent
STREAMS = {"uniform", "normal", "integers", "permutation"}  # in numpy_random.py


# --- kernels ----------------------------------------------------------------------------------------------------------


def test_every_kernel_has_a_numpy_twin():
    plain = {name for name, group in listed().items() if group not in ELSEWHERE}
    assert plain <= TWINS
    assert {name.removeprefix("mt_") for name, group in listed().items() if group in ELSEWHERE} - {
        "seed",
        "words",
    } == STREAMS
    assert all(hasattr(numpy_random, name) for name in STREAMS)
    assert set(numpy_backend.table()) == TWINS | STREAMS


@pytest.mark.skipif(extension is None, reason="the C kernels are not built")
def test_the_extension_has_the_kernels_of_the_list():
    assert classes() == lines()


def test_every_kernel_class_is_tested_against_its_twin():
    assert set(lines().values()) <= set(BY_CLASS) | ELSEWHERE | WHOLE


def test_every_kernel_says_what_it_means_in_one_place():
    assert all(
        f.__module__.startswith("autograd.backend.numpy_kernels.")
        for n, f in inspect.getmembers(numpy_kernels, inspect.isfunction)
    )


# --- ops --------------------------------------------------------------------------------------------------------------


class Used:
    """Which ops were recorded, kernels called and inputs of ops differentiated, over the whole database."""

    def __init__(self):
        self.ops, self.kernels, self.fused = set(), set(), set()

        def note(node, *_):
            self.ops.add(node.op.__name__)
            for name, edge in zip(node.op.inputs or ("x",) * len(node.edges), node.edges):
                if edge is not None:
                    self.fused.add((node.op.__name__, name))

        autograd.graph.observers.append(note)
        try:
            with observe(lambda name, args, kwargs: self.kernels.add(name)), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.run()
        finally:
            autograd.graph.observers.remove(note)

    def run(self):
        for row in ROWS:
            for dtype in {row.dtypes[0], row.dtypes[-1]}:
                for sample in row.made(dtype):
                    if row.wanted is None or dtype not in ("float32", "float64"):
                        args, kwargs = tensors(sample)
                        row.function(autograd)(*args, **kwargs)
                        continue
                    args, kwargs, wanted = leaves(row, sample)
                    ys = [y for y in outputs_of(row.function(autograd)(*args, **kwargs)) if y.requires_grad]
                    gs = [g.requires_grad_() for g in random_gradients(ys)]
                    autograd.grad(ys, wanted, gs, retain_graph=True, allow_unused=True)
                    found = autograd.grad(ys, wanted, gs, create_graph=True, allow_unused=True)
                    again = [g for g in found if g is not None and g.requires_grad]
                    if again:
                        autograd.grad(again, [*wanted, *gs], random_gradients(again), allow_unused=True)
                    for t in wanted[1:]:
                        t.requires_grad_(False)
                    ys = [y for y in outputs_of(row.function(autograd)(*args, **kwargs)) if y.requires_grad]
                    if ys:
                        autograd.grad(ys, wanted[0], random_gradients(ys), allow_unused=True)


@pytest.fixture(scope="module")
def used():
    return Used()


ELSEWHERE_TESTED = {
    "Alias": "test_inplace.py: a leaf whose memory was replaced",
    "Overlay": "test_inplace.py: views written to",
    "Region": "as Overlay",
    "Refused": "test_errors.py: what has no derivative",
}


def test_every_op_of_the_table_is_exercised_by_the_database(used):
    assert set(TABLE) - used.ops - set(ELSEWHERE_TESTED) == set()


def test_every_fused_rule_is_exercised_by_the_database(used):
    declared = {(name, i) for name, op in TABLE.items() for i in op.fused if name not in ELSEWHERE_TESTED}
    assert declared - used.fused == set()


def test_every_fused_rule_names_a_kernel_and_known_operands():
    for name, op in TABLE.items():
        for target, spec in op.fused.items():
            kernel, *operands = spec.split()
            assert target in op.inputs, name
            assert kernel == "g" or callable(getattr(K, kernel)), f"{name}: {kernel}"
            known = {"g", "y", *op.inputs, *op.params, *op.extras}
            assert set(operands) <= known, f"{name}: {spec}"


def test_every_kernel_is_called_by_some_op(used):
    by_ops = {name for name, group in listed().items() if group not in ELSEWHERE | WHOLE | LAYERS} | NUMPY_ONLY
    assert by_ops - used.kernels == set()


def test_every_op_states_its_rule():
    for name, op in TABLE.items():
        assert op.__doc__ and "y" in op.__doc__, name
        assert "dL/d" in op.__doc__, f"{name} does not say its derivative"
        rules = [getattr(op, "d" + i, None) for i in op.inputs]
        assert any(rules) or op.differentiate.__func__ is not Op.differentiate.__func__, name


def test_every_public_op_has_a_row():
    rows = {row.path.split(".")[-1] for row in ROWS}
    made = {
        "arange",
        "empty",
        "empty_like",
        "eye",
        "full",
        "full_like",
        "linspace",
        "logspace",
        "ones",
        "ones_like",
        "zeros",
        "zeros_like",
        "rand",
        "rand_like",
        "randint",
        "randint_like",
        "normal",
        "multinomial",
        "randn",
        "randn_like",
        "randperm",
        "bernoulli",
        "tensor",
        "as_tensor",
        "from_numpy",
    }
    answers = {
        "allclose",
        "equal",
        "is_complex",
        "is_floating_point",
        "is_nonzero",
        "is_signed",
        "is_tensor",
        "numel",
        "broadcast_tensors",
        "broadcast_shapes",
        "gradcheck",
        "gradgradcheck",
        "grad",
        "result_type",
        "tril_indices",
        "triu_indices",
    }
    public = {
        inspect.unwrap(f).__name__  # of an alias the name of the function itself
        for f in vars(autograd).values() if inspect.isfunction(f) and f.__module__.startswith("autograd.ops")
    }  # fmt: skip
    public |= set(autograd.nn.functional.__all__)
    in_place = {f"{name}_" for name in rows}
    assert public - rows - made - answers - in_place == set()
    functions = {f"linalg.{n}" for n in autograd.linalg.__all__ if n != "LinAlgError"}
    assert functions - {row.path for row in ROWS} == set()


def test_the_families_mirror_the_ops():
    files = {p.stem for p in (ROOT / "autograd" / "ops").glob("*.py")} - {
        "__init__",
        "create",
        "random",
        "inplace",
        "operands",
        "subscript",
    }
    assert {f.__name__.split(".")[-1] for f in FAMILIES} == files


def test_rows_are_named_once():
    names = [row.name + str(row.dtypes) for row in ROWS]
    assert len(names) == len(set(names))


def test_differentiable_rows_have_smooth_samples():
    for row in DIFFERENTIABLE:
        assert any(s.smooth for s in row.made("float64")), row.name


# --- documentation ----------------------------------------------------------------------------------------------------


def modules():
    """Every module of the package but the ones that run something when imported."""
    for found in pkgutil.walk_packages(autograd.__path__, "autograd."):
        if not found.name.endswith(("__main__", "_kernels")):
            yield found.name


def test_every_module_says_what_it_is_for():
    for name in modules():
        module = importlib.import_module(name)
        assert module.__doc__, name


def test_every_public_name_has_a_docstring():
    missing = []
    for module in (
        autograd,
        autograd.nn,
        autograd.nn.functional,
        autograd.nn.init,
        autograd.nn.parallel,
        autograd.nn.utils,
        autograd.optim,
        autograd.optim.lr_scheduler,
        autograd.optim.swa_utils,
        autograd.study,
        autograd.autograd,
        autograd.distributions,
        autograd.linalg,
        autograd.utils.data,
        autograd.serialization,
        autograd.datasets,
        autograd.datasets.transforms,
    ):
        names = getattr(module, "__all__", [n for n in vars(module) if not n.startswith("_")])
        for name in names:
            value = getattr(module, name)
            if (inspect.isfunction(value) or inspect.isclass(value)) and not (value.__doc__ or "").strip():
                missing.append(f"{module.__name__}.{name}")
            if inspect.isclass(value) and value.__module__.startswith("autograd"):
                methods = [(n, m) for n, m in vars(value).items() if inspect.isfunction(m) and not n.startswith("_")]
                inherited = {
                    n for base in value.__mro__[1:] for n in vars(base) if getattr(vars(base)[n], "__doc__", None)
                }
                trivial = {"forward", "extra_repr", "cpu", "name", "numel", "element_size", "is_floating_point"}
                missing += [
                    f"{name}.{n}" for n, m in methods if not (m.__doc__ or "").strip() and n not in inherited | trivial
                ]
    assert not missing


NEEDS = {"autograd.serialization": "safetensors"}  # optional packages that examples use


@pytest.mark.parametrize("name", ["autograd", *modules()])
def test_the_examples_run(backend, name):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    failures, _ = doctest.testmod(importlib.import_module(name), extraglobs={"tensor": autograd.tensor})
    assert failures == 0
