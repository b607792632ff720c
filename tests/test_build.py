"""The package as it gets installed: sdist, wheels with and without C, an editable install, builds that must fail.

Slow, because it compiles: ``make test-build``, or ``pytest -m build tests/test_build.py``. pip fetches what a build
needs.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.build

ROOT = Path(__file__).parent.parent
LEFT_OUT = (
    ".git", ".venv*", "build", "dist", "out", "*.egg-info", "__pycache__", ".*_cache", ".benchmarks", "*.so", "*.o",
)  # fmt: skip
KERNELS = "autograd/backend/_kernels.abi3.so"

TRAIN = """
import autograd
from autograd import nn, optim
autograd.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
optimizer = optim.Adam(net.parameters(), lr=0.1)
x, y = autograd.randn(16, 4), autograd.randint(0, 3, (16,))
losses = []
for step in range(50):
    loss = nn.CrossEntropyLoss()(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
assert losses[-1] < losses[0] / 2, losses
print(autograd.get_backend(), autograd.__file__)
"""


def environment(**changes):
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith("AUTOGRAD_") and k not in ("PYTHONPATH", "CC", "CFLAGS")
    }
    return {**kept, **changes}


def run(*command, cwd, **changes):
    """A command: its result, with stderr among stdout."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd, env=environment(**changes), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1800,
    )  # fmt: skip


@pytest.fixture
def source(tmp_path):
    """A copy of the clone, without what was built in it."""
    shutil.copytree(ROOT, tmp_path / "source", ignore=shutil.ignore_patterns(*LEFT_OUT))
    return tmp_path / "source"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """(sdist, wheel made from that sdist)"""
    pytest.importorskip("build", reason="python -m build is not installed")
    folder = tmp_path_factory.mktemp("built")
    shutil.copytree(ROOT, folder / "source", ignore=shutil.ignore_patterns(*LEFT_OUT))
    done = run(sys.executable, "-m", "build", "--outdir", folder / "dist", folder / "source", cwd=folder)
    assert done.returncode == 0, done.stdout[-4000:]
    (sdist,) = (folder / "dist").glob("*.tar.gz")
    (wheel,) = (folder / "dist").glob("*.whl")
    return sdist, wheel


def make_wheel(source, **changes):
    """pip's wheel of a source tree, and what pip -v printed."""
    out = source.parent / "wheels"
    done = run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-v",
        "--no-deps",
        "--wheel-dir",
        out,
        source,
        cwd=source.parent,
        **changes,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    (wheel,) = out.glob("*.whl")
    return wheel, done.stdout


def names_in(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def train_with(wheel, folder):
    """Install a wheel outside the clone and train a small net with it: what that printed."""
    target = folder / "installed"
    pip = run(sys.executable, "-m", "pip", "install", "--no-deps", "--target", target, wheel, cwd=folder)
    assert pip.returncode == 0, pip.stdout
    done = run(sys.executable, "-c", TRAIN, cwd=folder, PYTHONPATH=str(target))
    assert done.returncode == 0, done.stdout
    assert str(target) in done.stdout
    return done.stdout


# --- with C -----------------------------------------------------------------------------------------------------------


def test_the_sdist_holds_what_a_build_needs(built):
    with tarfile.open(built[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {
        str(p.relative_to(ROOT)) for p in (ROOT / "csrc").rglob("*") if p.suffix in (".c", ".h", ".inc", ".def", ".py")
    }
    wanted |= {"setup.py", "pyproject.toml", "LICENSE", "README.md", "Makefile", "autograd/py.typed"}
    assert wanted - names == set()
    assert not [name for name in names if name.endswith((".so", ".o", ".pyc"))]


def test_the_wheel_holds_the_kernels_and_no_sources(built):
    names = names_in(built[1])
    assert "-cp311-abi3-" in built[1].name
    assert {KERNELS, "autograd/py.typed", "autograd/as_torch/path/torch.py"} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [
        name for name in names if name.startswith(("csrc", "tests", "benchmarks")) or name.endswith((".c", ".inc"))
    ]


def test_the_kernels_carry_no_debug_information(built):
    with zipfile.ZipFile(built[1]) as archive:
        assert b".debug_info" not in archive.read(KERNELS)


def test_the_installed_wheel_trains_in_c(built, tmp_path):
    assert train_with(built[1], tmp_path).startswith("c ")


def test_an_editable_install_has_the_kernels_in_place(source, tmp_path):
    home = tmp_path / "venv"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).stdout.strip()
    dependencies = [str(Path(__import__(name).__file__).parent.parent) for name in ("numpy", "cffi")]
    Path(site, "dependencies.pth").write_text("\n".join(dependencies))
    done = run(python, "-m", "pip", "install", "--no-deps", "--editable", source, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-4000:]
    assert (source / KERNELS).exists()
    for cwd in (tmp_path, source):
        shown = run(python, "-c", TRAIN, cwd=cwd)
        assert shown.stdout.startswith(f"c {source}"), shown.stdout


# --- without C --------------------------------------------------------------------------------------------------------


def leave_traces(source):
    """What earlier builds with C leave in a tree."""
    stale = source / "build" / f"lib.{sysconfig.get_platform()}-{sys.implementation.cache_tag}"
    for folder in (source, stale):
        path = folder / KERNELS
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"not for a pure wheel")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"AUTOGRAD_NO_EXTENSION": "1"}, "AUTOGRAD_NO_EXTENSION is set"),
        ({"CC": "/bin/false"}, "no C compiler"),
        ({"CC": "/nowhere/cc"}, "no C compiler"),
    ],
)
def test_without_a_compiler_or_on_request_the_wheel_is_pure_and_says_so(source, tmp_path, changes, reason):
    leave_traces(source)
    wheel, said = make_wheel(source, **changes)
    assert wheel.name.endswith("-py3-none-any.whl")
    assert not [name for name in names_in(wheel) if "/_kernels" in name]
    assert "autograd/py.typed" in names_in(wheel)
    assert f"{reason}" in said and "NumPy kernels only" in said
    shown = train_with(wheel, tmp_path)
    assert "numpy " in shown and "running on the NumPy kernels" in shown


def test_a_working_compiler_that_fails_is_an_error_unless_the_pure_build_was_asked_for(source):
    with open(source / "csrc" / "ag.h", "a") as header:
        header.write("\n#error this build must fail\n")
    done = run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", "wheels", source, cwd=source.parent)
    assert done.returncode != 0
    assert "this build must fail" in done.stdout and "AUTOGRAD_NO_EXTENSION=1" in done.stdout
    wheel, _ = make_wheel(source, AUTOGRAD_NO_EXTENSION="1")
    assert wheel.name.endswith("-py3-none-any.whl")
