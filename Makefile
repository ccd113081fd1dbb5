# Sets up and runs everything inside this folder. "make" alone lists the targets.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --no-build-isolation -c constraints.txt
STAMP := $(VENV)/.installed
# Processes that run tests; the tests of a file share their runs, so they stay together.
TEST_WORKERS ?= 2

# matplotlib would otherwise keep its font list in the home folder.
export MPLCONFIGDIR := $(CURDIR)/$(VENV)/cache/matplotlib

.DEFAULT_GOAL := help
.PHONY: help venv python tools demo test test-faults test-slurm lint format check-worc bench clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(STAMP)  ## set up .venv with the exact versions of constraints.txt

python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "There is no $(PYTHON). Install Python 3.11, or name it: make PYTHON=/path/to/python3.11"; \
	  exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || { \
	  echo "$(PYTHON) is $$($(PYTHON) --version 2>&1 | head -1). WORC and fastr run on Python 3.11 only."; \
	  echo "Install Python 3.11, or name it: make PYTHON=/path/to/python3.11"; \
	  exit 1; }

tools: python
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) has no venv module. Debian and Ubuntu: apt install python3.11-venv"; \
	  exit 1; }
	@command -v cc >/dev/null || command -v gcc >/dev/null || { \
	  echo "There is no C compiler, which PyRadiomics needs. Debian and Ubuntu: apt install gcc"; \
	  exit 1; }
	@$(PYTHON) -c 'import pathlib, sysconfig, sys; \
	  sys.exit(not (pathlib.Path(sysconfig.get_path("include")) / "Python.h").exists())' || { \
	  echo "Python.h is missing, which PyRadiomics needs. Debian and Ubuntu: apt install python3.11-dev"; \
	  exit 1; }

# Order-only: a check must not make the stamp look old.
$(STAMP): setup.cfg constraints.txt | tools
	$(PYTHON) -m venv $(VENV)
# PyRadiomics is source only and imports numpy while it is built (errata E16).
	$(PIP) install -c constraints.txt numpy setuptools wheel
# XGBoost's CPU wheel is 5 MB; the one pip prefers brings 450 MB of GPU libraries.
ifeq ($(shell uname -sm),Linux x86_64)
	$(PIP) download --no-deps --only-binary :all: --platform manylinux2014_x86_64 \
	  -c constraints.txt --dest $(VENV)/wheels xgboost
	$(INSTALL) --no-deps $(VENV)/wheels/xgboost-*.whl
endif
	$(INSTALL) pyradiomics
	$(INSTALL) -e ".[dev]"
	@touch $@

demo: venv  ## run MRI, CT and combined on a synthetic cohort, into runs/demo
	$(BIN)/lungmet demo --out runs/demo

test: venv  ## run the tests
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile $(PYTEST_ARGS)

test-faults: venv  ## kill and stop 40 runs at random moments, and see that each is finished
	$(BIN)/python -m pytest -m faults $(PYTEST_ARGS)

test-slurm: venv  ## run the tests of the fastr engine against a private Slurm
	$(BIN)/python -m pytest -m slurm $(PYTEST_ARGS)

lint: venv  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: venv  ## write the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

check-worc: venv  ## run a whole plain WORC experiment beside ours and compare
	$(BIN)/python -m pytest -m check_worc -rP

bench: venv  ## time plain WORC functions and ours: make bench DATA=path/to/public/cohort
ifdef DATA
	$(BIN)/python experiments/sts_tcia/sts_tcia.py $(DATA) --out runs/bench --all-features
	$(BIN)/python experiments/benchmarks/startup.py --study runs/bench/cohort/study.toml --out runs/bench
	$(BIN)/python experiments/benchmarks/search.py \
	  --features runs/bench/arms/combined/features.hdf5 --labels runs/bench/arms/combined/labels.csv
	$(BIN)/python experiments/benchmarks/extraction.py $(DATA)
else
	$(BIN)/python experiments/benchmarks/stages.py
	$(BIN)/python experiments/benchmarks/startup.py
	$(BIN)/python experiments/benchmarks/search.py --columns 500 --candidates 200 --repeats 1
	@echo "Extraction needs the public cohort, see experiments/sts_tcia: make bench DATA=path/to/data"
endif

clean:  ## remove .venv, caches and runs/demo; other runs stay
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis runs/demo
	find lungmet_worc tests experiments -name __pycache__ -type d -prune -exec rm -rf {} +
