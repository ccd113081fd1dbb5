# Sets up and runs everything inside this folder. "make" alone lists the targets.
#   make PYTHON=3.12                   with this Python, or PYTHON=/path/to/python3.12
#   make PYTHON=3.12 VENV=.venv-3.12   beside the other
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
# Processes that run tests; the tests of a file share their runs, so they stay together.
TEST_WORKERS ?= 2

# The version that is compared with that of .venv, and the tests that it runs.
OTHER ?= 3.12
OTHER_TESTS := tests/tasks/engines $(addprefix tests/worc/test_,search_equals_worc.py \
  extraction_equals_worc.py errata.py errata_images.py errata_search.py ensembles.py combat.py \
  evaluate_worc.py fitting.py) $(addprefix tests/,test_packaging.py test_set_up.py test_attacks.py \
  cli/test_cli.py cli/test_signals.py study/test_study_file.py \
  study/reading/test_workbooks.py)

# matplotlib would otherwise keep its font list in the home folder.
export MPLCONFIGDIR := $(CURDIR)/$(VENV)/cache/matplotlib

.DEFAULT_GOAL := help
.PHONY: help venv demo test test-other test-faults test-slurm lint format texts check-worc bench clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv:  ## set up .venv with Python 3.11 or 3.12 and the exact versions of constraints.txt
	@tools/set_up $(VENV) $(PYTHON)

demo: venv  ## run MRI, CT and combined on a synthetic cohort, into runs/demo
	$(BIN)/lungmet demo --out runs/demo

test: venv  ## run the tests
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile $(PYTEST_ARGS)

# On another Python, what may differ there: what WORC and its libraries compute, processes, the
# command line, and the tables of a whole study.
test-other: demo  ## compare another Python with that of .venv: make test-other OTHER=3.12
	@tools/set_up .venv-$(OTHER) $(OTHER)
	.venv-$(OTHER)/bin/lungmet demo --out runs/demo-$(OTHER)
	diff -r runs/demo/tables runs/demo-$(OTHER)/tables
	.venv-$(OTHER)/bin/python -m pytest -n $(TEST_WORKERS) --dist loadfile $(OTHER_TESTS) $(PYTEST_ARGS)

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

texts: venv  ## put each text into the catalogue beside the modules that say it
	$(BIN)/python -m tools.catalogues

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

clean:  ## remove what is made here: .venv, caches and runs/demo; other runs stay
	rm -rf $(VENV) .venv-$(OTHER) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis runs/demo runs/demo-$(OTHER)
	find lungmet_worc tests experiments -name __pycache__ -type d -prune -exec rm -rf {} +
