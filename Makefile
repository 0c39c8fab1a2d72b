# Everything a developer starts. Python 3.11 or newer, make and a package index are enough.
PYTHON ?= python3
STORE ?= sqlite
PORT ?= 8080
SIMULATOR_PORT ?= 8090
RUN ?= .run
RUNS ?= 2000
VENV := .venv/bin/python

.PHONY: help run test lint types contracts tests fuzz mutants bench doctor addon install install-dev python clean

help:
	@echo "make run [STORE=firestore] [PORT=8080] [SIMULATOR_PORT=8090]   the function and the simulator on this machine"
	@echo "make test                         lint, types, import contracts and tests; what is not installed is skipped"
	@echo "make fuzz [RUNS=2000]             random lives of users, events and signals, until something does not hold"
	@echo "make mutants [ONLY=NAME]          small mistakes in what keeps secrets and proves who calls: tests must find 90 %"
	@echo "make bench [ONLY=NAME]            one line a figure, exit 1 when one is short of its goal"
	@echo "make doctor                       whether this configuration can work, and what to do where it cannot"
	@echo "make addon URL=https://...        addon/build/ from anyroom.toml, for the function at that address"
	@echo "make clean                        remove what the others have made"

# Recipes are single plain commands: make then starts them without a shell in between, which would swallow a SIGTERM.
run: install
	@$(VENV) -m dev.run --store=$(STORE) --port=$(PORT) --simulator-port=$(SIMULATOR_PORT) --folder=$(RUN)

test: lint types contracts tests

lint: install-dev
	$(VENV) -m ruff check .
	$(VENV) -m ruff format --check .

types: install-dev
	$(VENV) -m mypy

contracts: install-dev
	.venv/bin/lint-imports --no-logo

# Sets have the same order in each run, so that the machine of tests/machine tells the same stories; `make fuzz` tells others.
tests: export PYTHONHASHSEED = 0
tests: install-dev
	$(VENV) -m pytest -n 4 --dist=loadfile --no-loadscope-reorder $(COVERAGE)

fuzz: export ANYROOM_FUZZ = $(RUNS)
fuzz: install-dev
	$(VENV) -m pytest tests/machine -p no:randomly

mutants: install-dev
	@$(VENV) -m dev.mutants --only=$(ONLY)

bench: install-dev
	@$(VENV) -m bench

doctor: install
	@$(VENV) -m doctor

addon: install
	@$(VENV) -m addon --url=$(URL)

install: python
	@$(PYTHON) -m dev.install

install-dev: python
	@$(PYTHON) -m dev.install --dev

python:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON): install Python 3.11 or newer, or name it with make PYTHON=/path/to/python3.11" >&2; exit 1; }

clean:
	rm -rf .venv .run addon/build .coverage .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
