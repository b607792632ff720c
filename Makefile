# make demo    train a net on handwritten digits     make test    run the tests
# make bench   C beside NumPy, into README.md        make help    the rest
#
# Everything happens in .venv, which is made on first use; an edit to the C sources or to the packaging rebuilds.
# PYTHON chooses the interpreter (3.11 or later), BACKEND=numpy runs the demo without C kernels.

VENV ?= .venv
PEERS ?= .venv-peers
BACKEND ?= c
PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11,\
	$(shell $(p) -c 'import sys; sys.version_info >= (3, 11) and print(sys.executable)' 2>/dev/null)))

RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install --quiet --disable-pip-version-check
KERNELS := $(wildcard csrc/*.c csrc/*.h csrc/*.inc csrc/*.def csrc/*.py)
C_FILES := $(wildcard csrc/*.c csrc/*.h csrc/*.inc csrc/tests/*.c csrc/tests/*.h csrc/tests/*.inc)

.DEFAULT_GOAL := help
.PHONY: help demo demo-xor info test test-build bench bench-compare bench-peers measure-peers lint check-c clean
.DELETE_ON_ERROR:

help:
	@echo 'make demo                     train a net on handwritten digits; ARGS="--seeds 2" for its options'
	@echo 'make demo-xor                 the XOR net, by hand and by the engine'
	@echo 'make info                     what runs here'
	@echo 'make test                     the tests; ARGS="-k softmax" for some of them'
	@echo 'make test-build               wheels and sdist: build, install, run'
	@echo 'make bench                    C beside NumPy, into README.md and benchmarks/results.md'
	@echo 'make bench-compare BASE=x.json   fails where a row lost more than 10 %'
	@echo 'make bench-peers              beside PyTorch and JAX, in $(PEERS), into README.md and docs/'
	@echo 'make lint                     ruff, mypy, clang-format'
	@echo 'make check-c                  the C kernels against their plain references; SAN=1 sanitizers, ARM=1 aarch64'
	@echo 'make clean                    remove what was built'

demo: $(VENV)/demo.stamp assert-backend
	$(RUN) -m autograd demo --backend $(BACKEND) $(ARGS)

demo-xor: $(VENV)/built.stamp assert-backend
	$(RUN) -m autograd demo xor --backend $(BACKEND) $(ARGS)

info: $(VENV)/built.stamp
	$(RUN) -m autograd info

test: $(VENV)/test.stamp
	$(RUN) -m pytest $(ARGS)

test-build: $(VENV)/test.stamp
	$(RUN) -m pytest -m build tests/test_build.py $(ARGS)

bench: $(VENV)/bench.stamp
	$(RUN) -m benchmarks $(ARGS)
	$(RUN) -m benchmarks.sweep --peers numpy --threads 1 --json out/sweep-numpy.json
	$(RUN) -m benchmarks.table out/bench.json
	$(RUN) -m benchmarks.flame

bench-compare: $(VENV)/bench.stamp
	@test -n "$(BASE)" || { echo 'make bench-compare BASE=x.json: the JSON of an earlier run'; exit 2; }
	$(RUN) -m benchmarks $(ARGS)
	$(RUN) -m benchmarks.compare $(BASE) out/bench.json

bench-peers:
	$(MAKE) VENV=$(PEERS) measure-peers

measure-peers: $(VENV)/peers.stamp
	$(RUN) -m benchmarks.peers $(ARGS)
	$(RUN) -m benchmarks.peers.kernels
	$(RUN) -m benchmarks.sweep
	$(RUN) -m benchmarks.memory
	$(RUN) -m benchmarks.pictures
	$(RUN) -m benchmarks.peers.tables

lint: $(VENV)/dev.stamp
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy autograd
	clang-format --dry-run --Werror $(C_FILES)

check-c:
	$(MAKE) -C csrc/tests OUT=$(CURDIR)/build/check-c$(if $(SAN),-san)$(if $(ARM),-arm) $(if $(SAN),SAN=1) $(if $(ARM),ARM=1)

clean:
	rm -rf $(VENV) $(PEERS) build dist out *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	rm -f autograd/backend/_kernels*.so autograd/backend/_kernels.c digits.png
	find autograd benchmarks csrc tests examples -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment -----------------------------------------------------------------------------------------------

$(VENV)/made.stamp:
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or later is needed: make PYTHON=/path/to/python3'; exit 1; }
	@echo 'making $(VENV) with $(PYTHON)'
	@$(PYTHON) -m venv $(VENV) || { echo 'no venv here: on Debian and Ubuntu, apt install python3-venv'; exit 1; }
	@touch $@

# The package as editable, with the kernels built into the source tree.
$(VENV)/built.stamp: $(VENV)/made.stamp pyproject.toml setup.py $(KERNELS)
	@echo 'building the C kernels and installing (a minute or two)'
	@rm -f autograd/backend/_kernels*.so
	@$(PIP) --editable .
	@touch $@

# What an extra brings; the package itself is there already.
$(VENV)/%.stamp: $(VENV)/built.stamp
	@echo 'installing the extra $*'
	@$(PIP) 'autograd-cffi[$*]'
	@touch $@

.PHONY: assert-backend
assert-backend: $(VENV)/built.stamp
	@AUTOGRAD_BACKEND=$(BACKEND) $(RUN) -m autograd info >/dev/null \
	|| { echo 'With gcc or clang installed, `make clean demo`; without C, `make demo BACKEND=numpy`.'; exit 1; }
