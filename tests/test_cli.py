"""The command line: info, usage errors, what happens without the C kernels and beside a foreign autograd."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
from autograd import info
from autograd.__main__ import main
from autograd.backend import extension

ROOT = Path(__file__).parent.parent
PACKAGE = Path(autograd.__file__).parent


def run(*arguments, path=PACKAGE.parent, cwd=None, **environment):
    """python -m autograd ... in a process of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("AUTOGRAD_")}
    return subprocess.run(
        [sys.executable, "-m", "autograd", *arguments],
        env={**kept, "PYTHONPATH": str(path), **environment}, cwd=cwd, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


@pytest.fixture
def pure_copy(tmp_path):
    """The package without its extension."""
    shutil.copytree(PACKAGE, tmp_path / "autograd", ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyd"))
    return tmp_path


def test_info_gives_the_facts_of_this_process(capsys):
    assert main(["info"]) == 0
    facts = dict(re.split(r"  +", line, maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert autograd.__version__ in facts["version"]
    assert facts["backend"].split()[0] == autograd.get_backend()
    assert facts["threads"].split()[0] == str(autograd.get_num_threads())
    assert facts["NumPy"].split()[0] == __import__("numpy").__version__
    if extension is not None:
        assert facts["instruction set"].split()[0] == autograd.get_isa()
        assert "-O3" in facts["flags"] and "fast-math" not in facts["flags"]


def test_info_says_where_the_number_of_threads_comes_from():
    if extension is None:
        pytest.skip("the NumPy kernels have no threads of their own")
    assert "1 (AUTOGRAD_NUM_THREADS=1)" in run("info", AUTOGRAD_NUM_THREADS="1").stdout
    assert "1 (OMP_NUM_THREADS=1)" in run("info", OMP_NUM_THREADS="1").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: COMMAND"),
        (["trane"], "invalid choice: 'trane'"),
        (["demo", "mnist"], "invalid choice: 'mnist'"),
        (["demo", "--seeds", "0"], "'0' is not a positive integer"),
        (["demo", "--epochs", "many"], "'many' is not a positive integer"),
        (["demo", "--backend", "gpu"], "invalid choice: 'gpu'"),
        (["demo", "xor", "--epochs", "3"], "demo xor takes"),
    ],
)
def test_a_wrong_command_line_gets_usage_and_status_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    shown = capsys.readouterr().err
    assert "usage: python -m autograd" in shown and message in shown


def test_without_the_extension_the_first_use_says_so(pure_copy):
    done = run("info", path=pure_copy, cwd=pure_copy)
    assert done.returncode == 0
    assert "not built" in done.stdout and "pip install -e ." in done.stdout
    assert "running on the NumPy kernels" in done.stderr


def test_asking_for_c_without_the_extension_says_how_to_build(pure_copy):
    for done in (
        run("info", path=pure_copy, cwd=pure_copy, AUTOGRAD_BACKEND="c"),
        run("demo", "xor", "--backend", "c", path=pure_copy, cwd=pure_copy),
    ):
        assert done.returncode == 1
        assert "C kernels are not built" in done.stderr and "pip install -e ." in done.stderr
        assert "Traceback" not in done.stderr


def test_an_unknown_backend_is_named():
    done = run("info", AUTOGRAD_BACKEND="cuda")
    assert done.returncode == 1 and "'cuda'" in done.stderr and "Traceback" not in done.stderr


# --- beside HIPS/autograd ---------------------------------------------------------------------------------------------


def hips(folder: Path, version: str = "1.8.0") -> None:
    """What an installed HIPS/autograd leaves in a site-packages folder, in miniature."""
    metadata = folder / f"autograd-{version}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: autograd\nVersion: {version}\n")
    (folder / "autograd").mkdir(exist_ok=True)
    (folder / "autograd" / "tracer.py").write_text("")
    (folder / "autograd" / "__init__.py").write_text("def elementwise_grad(): ...\n")


def test_no_foreign_copy_is_reported_where_there_is_none():
    assert "none in the way" in run("info").stdout


def test_a_foreign_copy_elsewhere_is_named(tmp_path):
    hips(tmp_path)
    done = run("info", path=os.pathsep.join([str(PACKAGE.parent), str(tmp_path)]))
    assert done.returncode == 0
    assert f"HIPS/autograd 1.8.0 is installed too, in {tmp_path / 'autograd'}" in done.stdout


def test_a_foreign_copy_under_ours_is_named_at_import(pure_copy):
    ours = (pure_copy / "autograd" / "__init__.py").read_text()
    hips(pure_copy)
    (pure_copy / "autograd" / "__init__.py").write_text(ours)
    done = run("info", path=pure_copy, cwd=pure_copy)
    assert "HIPS/autograd 1.8.0 is installed over this package" in done.stdout
    assert "RuntimeWarning" in done.stderr and "HIPS/autograd" in done.stderr


def test_a_foreign_copy_over_ours_is_named(pure_copy):
    hips(pure_copy)
    done = run("info", path=pure_copy, cwd=pure_copy)
    assert done.returncode == 1
    assert "HIPS/autograd was installed over it" in done.stderr and "pip uninstall autograd" in done.stderr


def test_an_uninstalled_foreign_copy_that_took_our_init_along_is_named(pure_copy):
    (pure_copy / "autograd" / "__init__.py").unlink()
    done = run("demo", "xor", path=pure_copy, cwd=pure_copy)
    assert done.returncode == 1 and "is gone" in done.stderr


def test_replaced_is_silent_in_a_sound_installation():
    assert info.replaced() == ""


# --- the README -------------------------------------------------------------------------------------------------------


def test_the_readme_example_runs_and_prints_what_it_says():
    text = (ROOT / "README.md").read_text()
    code = re.search(r"```python\n(.*?)```", text, re.S).group(1)
    promised = re.search(r"It prints\n\n```\n(.*?)```", text, re.S).group(1)
    assert code == (ROOT / "examples" / "first_net.py").read_text()
    assert len(code.splitlines()) == 15
    kept = {k: v for k, v in os.environ.items() if not k.startswith("AUTOGRAD_")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**kept, "PYTHONPATH": str(PACKAGE.parent)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == promised


def test_the_readme_links_to_what_exists():
    for name in ("README.md", "CONTRIBUTING.md"):
        for link in re.findall(r"\]\(([^)#:]+)\)", (ROOT / name).read_text()):
            assert (ROOT / link).exists(), f"{name} links to {link}"
