"""Scripts for PyTorch run on this package: imports, devices, what is missing, the command line, other libraries."""

import builtins
import copy
import io
import json
import os
import pickle
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import autograd
from autograd import as_torch, nn, optim
from autograd.as_torch import answers
from autograd.as_torch.__main__ import main


@pytest.fixture
def torch(emulated):
    return emulated


def run(*arguments, cwd=None, **environment):
    """python -m autograd.as_torch ... in a process of its own."""
    root = str(Path(autograd.__file__).parent.parent)
    return subprocess.run(
        [sys.executable, "-m", "autograd.as_torch", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": root, **environment}, cwd=cwd, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


# --- imports ----------------------------------------------------------------------------------------------------------


def test_the_modules_are_this_packages(torch):
    import torch.nn.functional as F
    from torch import Tensor
    from torch import optim as o
    from torch.optim.lr_scheduler import StepLR
    from torch.utils.data import DataLoader

    assert torch.nn is nn and F is nn.functional and Tensor is autograd.Tensor and o is optim
    assert StepLR is optim.lr_scheduler.StepLR and DataLoader is autograd.utils.data.DataLoader
    assert nn.functional.__spec__.name == "autograd.nn.functional"  # as before
    for name in ["torch.nn.modules.linear", "torch.nn.utils.rnn", "torch.nn.parameter", "torch.autograd.function",
                 "torch.func", "torch.linalg", "torch.random", "torch.utils.checkpoint", "torch.optim.optimizer",
                 "torch.utils.data.dataloader", "torch.distributions.normal", "torch.return_types"]:  # fmt: skip
        assert import_module(name) is sys.modules[name] is import_module(name.replace("torch", "autograd"))
    for name in ["torch.backends.cudnn", "torch.cuda.amp", "torch.multiprocessing", "torch.serialization", "torch.jit",
                 "torch.distributed", "torch.accelerator", "torch.amp", "torch.version", "torch.mps"]:  # fmt: skip
        assert import_module(name).__name__ == f"autograd.as_torch.{name}"


def test_the_names_of_pytorch_alone(torch):
    assert not hasattr(torch, "capture_") and torch.relu is autograd.relu and torch.vmap is autograd.func.vmap
    assert not hasattr(torch, "training") and not hasattr(torch, "study")  # modules that PyTorch has not
    assert torch.spmm(torch.eye(2), torch.ones(2, 3)).shape == (2, 3)
    assert "torch" in sys.modules


def test_it_can_be_taken_back(without_pytorch):
    path, finders = list(sys.path), list(sys.meta_path)
    as_torch.install()
    as_torch.install()  # once is enough
    import_module("torch.nn")
    assert repr(autograd.float32) == "torch.float32" and autograd.ones(2, 3).shape.__repr__() == "torch.Size([2, 3])"
    assert autograd.ones(2).type() == "torch.FloatTensor"
    assert repr(autograd.ones(2).max(0)).startswith("torch.return_types.max(")
    as_torch.uninstall()
    as_torch.uninstall()
    assert sys.path == path and sys.meta_path == finders and "torch" not in sys.modules
    assert "torch.nn" not in sys.modules and repr(autograd.float32) == "autograd.float32"
    with pytest.raises(AttributeError, match=r"^'Tensor' object has no attribute 'xyz'$"):
        _ = autograd.ones(1).xyz


def test_pytorch_itself_is_not_replaced_once_it_is_imported(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", builtins)
    with pytest.raises(RuntimeError, match="torch is imported already"):
        as_torch.install()


# --- versions and devices ---------------------------------------------------------------------------------------------


def test_version_checks_survive(torch):
    v = torch.__version__
    assert v.startswith("2.") and "autograd" in v and int(v.split(".")[0]) == 2 and int(v.split(".")[1]) >= 6
    assert v >= "2.6" and v > "1.13.1" and v >= (2, 0) and v < "2.100" and v <= "99" and v == v and v != "1.0"
    assert v == (2, 13) and v == (2, 13, 0) and v != (2, 12) and v in {v: 0}
    assert tuple(int(n) for n in v.split("+")[0].split(".")) == (2, 13, 0)
    assert torch.version.cuda is None


def test_there_is_the_cpu(torch):
    device = torch.device(
        "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    )
    found = torch.accelerator.current_accelerator()
    assert str(device) == "cpu" and found is None and not torch.accelerator.is_available()
    assert torch.cuda.device_count() == torch.accelerator.device_count() == torch.cuda.max_memory_allocated() == 0
    assert torch.cuda.manual_seed_all(1) is torch.cuda.manual_seed(1) is torch.cuda.empty_cache() is None
    assert not torch.cuda.is_bf16_supported() and not torch.xpu.is_available() and torch.cpu.is_available()
    x, net = torch.ones(2), nn.Linear(2, 2)
    assert x.to(device) is x and x.cpu() is x and net.to(device) is net and not x.is_cuda and not x.is_xpu
    assert x.get_device() == -1 and torch.get_default_device() == device
    torch.set_default_device("cpu")
    for wrong in (x.cuda, net.cuda, lambda: x.to("cuda"), lambda: torch.set_default_device("mps")):
        with pytest.raises(RuntimeError, match="is not available: this engine runs on the CPU"):
            wrong()
    with pytest.raises(AssertionError, match="not compiled with CUDA"):
        torch.cuda.set_device(0)
    with pytest.raises(RuntimeError, match="Cannot access accelerator device"):
        torch.accelerator.set_device_index(0)


def test_settings_are_accepted(torch):
    cudnn = import_module("torch.backends.cudnn")
    cudnn.benchmark, torch.backends.cuda.matmul.allow_tf32 = True, True
    assert torch.backends.cudnn.benchmark and torch.backends.cuda.matmul.allow_tf32
    cudnn.benchmark, torch.backends.cuda.matmul.allow_tf32 = False, False
    torch.set_float32_matmul_precision("high")
    assert torch.get_float32_matmul_precision() == "high"
    torch.set_float32_matmul_precision("highest")
    with pytest.raises(RuntimeError, match="low is not one of"):
        torch.set_float32_matmul_precision("low")
    torch.use_deterministic_algorithms(True, warn_only=True)
    assert torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(False)
    torch.set_num_interop_threads(1)
    torch.set_num_threads(1)
    assert torch.get_num_interop_threads() == torch.get_num_threads() == 1
    assert not torch.backends.mkl.is_available() and not torch.backends.cudnn.is_available()
    with torch.serialization.safe_globals([dict]):
        torch.serialization.add_safe_globals([list])


@pytest.mark.filterwarnings("error")
def test_compile_and_autocast_run_as_they_are_and_say_so_once(torch, monkeypatch):
    monkeypatch.setattr(answers, "_said", set())
    net = nn.Linear(2, 1)
    with pytest.warns(UserWarning, match="capture replays"):
        assert torch.compile(net) is net

    @torch.compile(mode="max-autotune")
    def double(x):
        return 2 * x

    with torch.autocast("cuda", enabled=False), torch.amp.autocast("cpu", enabled=False):
        assert double(torch.ones(1)).dtype == torch.float32
    with pytest.warns(UserWarning, match="own dtype"), torch.amp.autocast("cpu", dtype=torch.bfloat16):
        pass
    assert torch.cuda.amp.autocast()(double)(torch.ones(1)).item() == 2
    optimizer, scaler = optim.SGD(net.parameters(), lr=0.1), torch.amp.GradScaler("cuda", enabled=False)
    before = net.weight.clone()
    scaler.scale(net(torch.ones(3, 2)).sum()).backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    assert not before.equal(net.weight) and not torch.cuda.amp.GradScaler().is_enabled()
    scaler.load_state_dict(scaler.state_dict())
    assert scaler.get_scale() == 1 and torch.jit.script(double) is double and not torch.jit.is_scripting()


# --- constructors -----------------------------------------------------------------------------------------------------


def test_constructors_of_a_dtype(torch):
    assert torch.FloatTensor([1, 2]).tolist() == [1.0, 2.0] and torch.LongTensor([1.5, 2]).tolist() == [1, 2]
    assert torch.FloatTensor(2, 3).shape == torch.FloatTensor(torch.ones(2, 3).shape).shape == (2, 3)
    assert torch.LongTensor().shape == (0,) and torch.LongTensor(range(3)).tolist() == [0, 1, 2]
    assert torch.FloatTensor(np.ones(2)).dtype == torch.float32 and torch.ByteTensor([1]).dtype == torch.uint8
    assert torch.BoolTensor([1, 0]).tolist() == [True, False] and torch.DoubleTensor([1]).dtype == torch.double
    assert isinstance(torch.ones(1), torch.FloatTensor) and not isinstance(torch.ones(1), torch.LongTensor)
    with pytest.raises(TypeError, match="data must be a sequence"):
        torch.FloatTensor(2.5)
    x = torch.ones(2)
    assert torch.autograd.Variable(x) is x and isinstance(x, torch.autograd.Variable)
    assert torch.autograd.Variable(x, requires_grad=True).requires_grad and not x.requires_grad
    torch.set_default_tensor_type(torch.DoubleTensor)
    assert torch.ones(1).dtype == torch.double
    torch.set_default_tensor_type("torch.FloatTensor")
    assert torch.ones(1).dtype == torch.float
    with pytest.raises(TypeError, match="invalid type"):
        torch.set_default_tensor_type("torch.cuda.FloatTensor")


# --- torchvision ------------------------------------------------------------------------------------------------------


def test_torchvision_is_the_data_sets(emulated, tmp_path):
    torchvision, transforms = import_module("torchvision"), import_module("torchvision.transforms")
    assert torchvision.datasets.MNIST is autograd.datasets.MNIST and torchvision.__version__ > "0.15"
    to_tensor = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
    assert to_tensor(np.full((2, 2), 255, np.uint8)).tolist() == [[[1.0, 1.0], [1.0, 1.0]]]
    with pytest.raises(RuntimeError, match="download=True"):
        torchvision.datasets.FashionMNIST(tmp_path)
    for path in ("models", "transforms.Resize", "datasets.FakeData", "utils.draw"):
        holder, _, name = f"torchvision.{path}".rpartition(".")
        with pytest.raises(AttributeError, match=f"torchvision.{path} is not implemented by autograd"):
            getattr(import_module(holder), name)


def test_a_grid_of_pictures(emulated, tmp_path):
    utils = import_module("torchvision.utils")
    pictures = [autograd.full((1, 2, 3), float(i)) for i in range(5)]
    grid = utils.make_grid(pictures, nrow=3, padding=1, pad_value=9.0)
    assert grid.shape == (3, 2 * 3 + 1, 3 * 4 + 1)
    assert grid[0, :, 2].tolist() == [9, 0, 0, 9, 3, 3, 9] and grid[2, 1].tolist() == [
        9,
        0,
        0,
        0,
        9,
        1,
        1,
        1,
        9,
        2,
        2,
        2,
        9,
    ]
    assert grid[1, 4, -2].item() == 9  # where there is no picture
    wide = utils.make_grid(autograd.stack(pictures), normalize=True)
    assert wide[0, 2, 2::5][:5].tolist() == [0, 0.25, 0.5, 0.75, 1]
    clipped = utils.make_grid(autograd.stack(pictures), normalize=True, value_range=(1, 3), padding=0)
    assert clipped[0, 0, ::3].tolist() == [0, 0, 0.5, 1, 1]
    each = utils.make_grid(autograd.arange(8.0).reshape(2, 1, 2, 2), normalize=True, scale_each=True, padding=0)
    assert each[0, :, :2].equal(each[0, :, 2:]) and each.max().item() == 1
    assert utils.make_grid(pictures[0]).equal(pictures[0].expand(3, -1, -1))
    image = pytest.importorskip("PIL.Image")
    utils.save_image(grid / 9, tmp_path / "grid.png")
    assert np.array(image.open(tmp_path / "grid.png"))[:, 2, 0].tolist() == [255, 0, 0, 255, 85, 85, 255]


# --- what is missing --------------------------------------------------------------------------------------------------


MISSING = {
    "torch.xyz": ("torch", "docs/ops.md"),
    "torch.sparse_coo_tensor": ("torch", "tensors are dense"),
    "torch.onnx": ("torch", "safetensors"),
    "torch.nn.Xyz": ("torch.nn", ""),
    "torch.nn.functional.xyz": ("torch.nn.functional", ""),
    "torch.optim.Xyz": ("torch.optim", ""),
    "torch.cuda.xyz": ("torch.cuda", ""),
    "torch.distributed.xyz": ("torch.distributed", ""),
    "torch.jit.trace": ("torch.jit", ""),
    "torch.multiprocessing.spawn": ("torch.multiprocessing", ""),
}


@pytest.mark.parametrize("path", MISSING)
def test_a_missing_name_is_named(torch, path):
    holder, hint = MISSING[path]
    name = path.rpartition(".")[2]
    with pytest.raises(AttributeError) as error:
        getattr(import_module(holder), name)
    assert f"{path} is not implemented by autograd" in str(error.value) and hint in str(error.value)
    assert not hasattr(import_module(holder), name)


def test_a_missing_method_is_named(torch):
    with pytest.raises(AttributeError, match=r"torch\.Tensor\.to_sparse is not implemented by autograd"):
        torch.ones(1).to_sparse()
    assert not hasattr(torch.ones(1), "to_sparse") and not hasattr(torch.ones(1), "__cuda_array_interface__")


@pytest.mark.parametrize("name", ["torch.utils.tensorboard", "torch.onnx", "torch.nn.xyz"])
def test_a_missing_module_is_named(torch, name):
    with pytest.raises(ModuleNotFoundError, match="is not implemented by autograd"):
        import_module(name)


def test_groups_of_processes_are_refused_when_they_are_used(torch):
    dist, parallel = import_module("torch.distributed"), import_module("torch.nn.parallel")
    assert not dist.is_available() and not dist.is_initialized()
    for use in (dist.init_process_group, dist.get_rank, lambda: parallel.DistributedDataParallel(nn.Linear(1, 1))):
        with pytest.raises(RuntimeError, match="as one process"):
            use()


# --- the command line -------------------------------------------------------------------------------------------------

SCRIPT = """
import os, sys
import torch
from helper import two

def fail():
    raise ValueError(two)

print(__name__, os.path.basename(__file__), sys.argv[1:], torch.arange(two), os.path.basename(sys.path[0]))
if sys.argv[1:] == ["exit"]:
    sys.exit(3)
fail()
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "helper.py").write_text("two = 2\n")
    (tmp_path / "code" / "script.py").write_text(SCRIPT)
    return tmp_path


def test_a_script_runs_as_under_python(folder):
    done = run("code/script.py", "--epochs", 3, cwd=folder)
    assert done.stdout == "__main__ script.py ['--epochs', '3'] tensor([0, 1]) code\n" and done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[0] == "Traceback (most recent call last):" and lines[-1] == "ValueError: 2"
    assert [line.split(", ")[1:] for line in lines if line.startswith("  File")] == [
        ["line 12", "in <module>"],
        ["line 7", "in fail"],
    ]
    assert run(folder / "code" / "script.py", "exit").returncode == 3


def test_a_module_and_a_string_run_too(folder):
    done = run("-m", "script", "exit", cwd=folder / "code")
    assert done.stdout.startswith("__main__ script.py ['exit'] tensor([0, 1])") and done.returncode == 3
    done = run("-c", "import sys, torch; print(sys.argv, torch.ones(1)); 1 / 0", "a")
    assert done.stdout == "['-c', 'a'] tensor([1.])\n" and done.returncode == 1
    assert done.stderr.splitlines()[1:] == [
        '  File "<string>", line 1, in <module>',
        "ZeroDivisionError: division by zero",
    ]


def test_usage(capsys):
    for arguments in ([], ["-m"], ["-x"], ["nowhere.py"]):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        said = capsys.readouterr().err
        assert stopped.value.code == 2 and ("usage" in said or "there is no file" in said)
    main(["--help"])
    assert "-m module" in capsys.readouterr().out


PROCESSES = """
import json, sys
import torch
import torch.multiprocessing as mp
from torch.utils.data import DataLoader, Dataset

class Squares(Dataset):
    def __len__(self):
        return 6

    def __getitem__(self, i):
        return torch.tensor(i * i)

def work(queue, x):
    import torch.nn.functional as F
    queue.put((F.relu(x), torch.__version__))

if __name__ == "__main__":
    loader = DataLoader(Squares(), batch_size=3, num_workers=1, multiprocessing_context=sys.argv[1])
    context = mp.get_context(sys.argv[1])
    queue = context.Queue()
    process = context.Process(target=work, args=(queue, torch.tensor([-1.0, 1.0])))
    process.start()
    x, version = queue.get(timeout=60)
    process.join()
    print(json.dumps([[x.tolist() for x in loader], x.tolist(), version]))
"""


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_processes_that_a_script_starts_find_torch_too(tmp_path, start):
    (tmp_path / "script.py").write_text(PROCESSES)
    done = run("script.py", start, cwd=tmp_path)
    assert not done.stderr
    assert json.loads(done.stdout) == [[[0, 1, 4], [9, 16, 25]], [0.0, 1.0], "2.13.0+autograd"]


# --- beside others ----------------------------------------------------------------------------------------------------


def test_scikit_learn_beside_it(torch):
    datasets = pytest.importorskip("sklearn.datasets")
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = [torch.tensor(v) for v in datasets.load_iris(return_X_y=True)]
    x, x_test, y, y_test = train_test_split(*data, random_state=0)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y)
    assert accuracy_score(y_test, pipeline.predict(x_test)) > 0.9


def test_matplotlib_beside_it(torch):
    figure = pytest.importorskip("matplotlib.figure").Figure()
    axes = figure.subplots()
    axes.plot(torch.tensor([1.0, 4.0]), torch.arange(2))
    axes.scatter(torch.rand(5), torch.rand(5))
    axes.imshow(torch.rand(3, 3))
    axes.hist(torch.rand(9))
    file = io.BytesIO()
    figure.savefig(file, format="svg")
    assert len(file.getvalue()) > 1000


SAFETENSORS = """
import safetensors.torch, torch

weights = {"a": torch.randn(2, 3), "b": torch.arange(3), "c": torch.tensor(True), "d": torch.zeros(0, 2).double()}
safetensors.torch.save_file(weights, "file")
for loaded in (safetensors.torch.load(safetensors.torch.save(weights)), safetensors.torch.load_file("file")):
    assert all(torch.equal(loaded[k], v) and loaded[k].dtype is v.dtype for k, v in weights.items())
net, other = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
safetensors.torch.save_model(net, "model")
safetensors.torch.load_model(other, "model")
assert torch.equal(net.weight, other.weight) and other.weight.layout is torch.strided
print("fine")
"""


def test_safetensors_beside_it(tmp_path):
    pytest.importorskip("safetensors")
    done = run("-c", SAFETENSORS, cwd=tmp_path)  # the package keeps the torch that it has found
    assert (done.stdout, done.stderr) == ("fine\n", "")


def test_numpy_copy_and_pickle_beside_it(torch):
    net, t = torch.nn.Linear(2, 2), torch.tensor([1.0, 4.0])
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert torch.equal(other.weight, net.weight)
    assert np.sqrt(t).tolist() == [1.0, 2.0] and isinstance(np.asarray(t), np.ndarray) and np.mean(t) == 2.5
    assert np.allclose(t, [1, 4]) and np.array([t, t]).shape == (2, 2) and np.argmax(t) == 1
