# `make demo` and `make test` work on a fresh clone: they create .venv and install by constraints.txt.

PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?= -n 2
DEVICE ?= cpu

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
TORCH := torch==2.13.0
PIP = $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --constraint constraints.txt
SOURCES := autoexp agents plans simulators

export OMP_NUM_THREADS ?= 1
export MPLBACKEND ?= Agg

.DEFAULT_GOAL := help
.PHONY: help install demo test lint types docs wheel bench-agents bench-bbob bench-maps bench-pools bench-record bench-reduction bench-scenes bench-strategies clean

help: ## Show what there is to make
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

install: $(INSTALLED) ## Create .venv with everything for development

# torch comes first and alone: nothing else decides which build of it is taken. The rest is named in full by
# constraints.txt, so that nothing has to be resolved; `pip check` says whether it is complete.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"autoexp needs Python 3.11 or newer, got {v.major}.{v.minor}: try make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade pip
	$(PIP) $(TORCH)
	$(PIP) --no-deps --requirement constraints.txt
	$(PIP) --no-deps --editable .
	$(BIN)/python -m pip check
	@touch $@

demo: $(INSTALLED) ## Align a simulated focusing beamline without a person's help
	$(BIN)/autoexp demo

test: $(INSTALLED) ## Run the whole test suite
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(INSTALLED) ## Check style, docstrings and import arrows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	find $(SOURCES) -name '*.py' -print0 | xargs -0 $(BIN)/numpydoc lint
	$(BIN)/lint-imports

types: $(INSTALLED) ## Check types, strictly
	$(BIN)/mypy

docs: $(INSTALLED) ## Build the documentation; a warning is an error
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build/html

wheel: $(INSTALLED) ## Build the wheel
	rm -rf build dist
	$(BIN)/python -m build --wheel

bench-agents: $(INSTALLED) ## Compare the agents' regret with that of other libraries; BENCH_ARGS chooses problems and rivals
	$(BIN)/python tests/benchmarks/agents/regret.py $(BENCH_ARGS)

bench-bbob: $(INSTALLED) ## Count the targets of BBOB that few evaluations reach; needs coco-experiment
	$(BIN)/python tests/benchmarks/agents/bbob.py

bench-maps: $(INSTALLED) ## Compare maps, boundaries and phases with those of a raster of as many points; BENCH_ARGS as above
	$(BIN)/python tests/benchmarks/agents/maps.py $(BENCH_ARGS)

bench-pools: $(INSTALLED) ## Count the measurements to the top 1 % of a pool, beside a stock Gaussian process; BENCH_ARGS as above
	$(BIN)/python tests/benchmarks/agents/pools.py $(BENCH_ARGS)

bench-record: $(INSTALLED) ## Time what the record costs the plan for each event
	$(BIN)/python tests/benchmarks/record/cost_per_event.py

bench-reduction: $(INSTALLED) ## Time the reducers on DEVICE, beside other implementations where they are installed
	$(BIN)/python tests/benchmarks/reduction/side_by_side.py --device $(DEVICE)

bench-scenes: $(INSTALLED) ## Count the frames per second of each Scene on one core
	$(BIN)/python tests/benchmarks/simulators/frames_per_second.py

bench-strategies: $(INSTALLED) ## Compare Sobol, random and Bayesian agents on every Scene
	$(BIN)/python tests/benchmarks/simulators/strategies.py

clean: ## Remove what can be built again, the environment excepted
	rm -rf docs/tutorials/quickstart.ipynb docs/jupyter_execute build dist docs/_build docs/reference/generated docs/reference/scenes/pictures docs/reference/reducers/pictures .mypy_cache .pytest_cache .ruff_cache .hypothesis
