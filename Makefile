# Everything a developer starts. Python 3.11 or newer, make and a package index are enough.
PYTHON ?= python3
STORE ?= sqlite
PORT ?= 8080
SIMULATOR_PORT ?= 8090
RUN ?= .run
RUNS ?= 2000
VENV := .venv/bin/python
OPERATIONS := reconcile parked orphans rotate-keys export erase backup restore
# An option counts only where it is given to make: USER is in every shell's environment.
given = $(if $(filter command,$(firstword $(origin $(1)))),'--$(2)=$(subst ','\'',$($(1)))')

.PHONY: help run $(OPERATIONS) test lint types contracts tests fuzz mutants bench doctor addon provider install install-dev python clean

help:
	@echo "make run [STORE=firestore] [PORT=8080] [SIMULATOR_PORT=8090]   the function and the simulator on this machine"
	@echo "make test                         lint, types, import contracts and tests; what is not installed is skipped"
	@echo "make fuzz [RUNS=2000]             other texts, replies and lives of users and events, until something does not hold"
	@echo "make mutants [ONLY=NAME]          small mistakes in what keeps secrets and proves who calls: tests must find 90 %"
	@echo "make bench [ONLY=NAME]            one line a figure, exit 1 when one is short of its goal"
	@echo "make doctor                       whether this configuration can work, and what to do where it cannot"
	@echo "make reconcile [DO=1]             calendars, mappings and provider rooms compared; DO=1 does what is safe"
	@echo "make parked [DO=1]                what conferencing systems could not be told yet; DO=1 tells them now"
	@echo "make orphans [DO=1]               conferences that nothing holds; DO=1 deletes those that a look confirms"
	@echo "make rotate-keys [DO=1]           what is sealed with which key; DO=1 seals all of it with the first"
	@echo "make export USER=...|DOMAIN=... FILE=...   what is stored of a user (address or number) or a domain"
	@echo "make erase USER=...|DOMAIN=... [DO=1]      the same, erased, with tokens given back"
	@echo "make backup FILE=...              a copy of a store in SQLite, while the function writes"
	@echo "make restore FILE=... [DO=1]      a backup back in its place, while the function does not run"
	@echo "make provider NAME=acme           another conferencing system: its file, a stand-in of it and its sample reply"
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

# Sets have the same order in each run, so that the same examples are tried each time; `make fuzz` tries others.
tests: export PYTHONHASHSEED = 0
tests: install-dev
	$(VENV) -m pytest -n 4 --dist=loadfile --no-loadscope-reorder $(COVERAGE)

fuzz: export ANYROOM_FUZZ = $(RUNS)
fuzz: install-dev
	$(VENV) -m pytest -m hypothesis -p no:randomly

mutants: install-dev
	@$(VENV) -m dev.mutants --only=$(ONLY)

bench: install-dev
	@$(VENV) -m bench

doctor: install
	@$(VENV) -m doctor

$(OPERATIONS): install
	@$(VENV) -m operations $@ $(call given,DO,do) $(call given,USER,user) $(call given,DOMAIN,domain) $(call given,FILE,file)

provider: install-dev
	@$(VENV) -m dev.provider $(call given,NAME,name)

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
