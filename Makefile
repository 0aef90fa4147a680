# The two commands of the README, and what they stand on.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
TESTED := $(VENV)/.ready-to-test
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check
LOCK   := uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate pyproject.toml
HISTORIES := 50000
SEED   := $(shell date +%Y%m%d)00

# Whoever has it set compiles the project again at every start, and the suite starts it by the hundred.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: phone test soak setup dev check bench picture docs lock sbom release-check release clean

phone: setup          ## A phone in the browser with an agent that answers. Options: make phone ARGS="--port 8123 --no-open"
	@$(BIN)/threedots phone $(ARGS)

test: dev             ## The whole suite. Options: make test ARGS="-k outbox"
	@$(BIN)/python -m pytest --numprocesses auto $(ARGS)

soak: dev             ## Simulate 50,000 histories, other ones each day. Options: make soak HISTORIES=5000 SEED=7
	@echo "histories from seed $(SEED); to see them again: make soak HISTORIES=$(HISTORIES) SEED=$(SEED)"
	@$(BIN)/python -m pytest --numprocesses auto --timeout 0 tests/simulation/test_simulation.py \
		--histories $(HISTORIES) --first-seed $(SEED)

setup: $(READY)       ## .venv from the lock file, and this project in it. Costs nothing when nothing changed.

dev: $(TESTED)        ## The same, with what the tests need beside it.

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"Threedots needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}. Try: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) --require-hashes --only-binary :all: -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(TESTED): requirements-dev.lock $(READY)
	@$(PIP) --require-hashes --only-binary :all: --no-compile -r requirements-dev.lock
	@touch $@

check: dev            ## Types and style, as the suite also checks them.
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy

bench: dev            ## Measure; results with the machine's figures are in bench/README.md. Options: make bench ARGS="scenes --runs 5"
	@$(BIN)/python -m bench $(ARGS)

picture: dev          ## Take the pictures of the main views afresh (needs chromium and fonts-noto-color-emoji).
	@$(BIN)/python docs/picture.py

docs: dev             ## Rewrite what is generated: .env.example, docs/commands.md, the schemas of records and scenarios.
	@$(BIN)/python -m tests.test_docs

lock:                 ## Rewrite both lock files from pyproject.toml (needs uv).
	$(LOCK) --extra dev --upgrade -o requirements-dev.lock
	$(LOCK) --extra setup --constraint requirements-dev.lock -o requirements.lock

sbom: setup           ## threedots.cdx.json: every package of requirements.lock, as CycloneDX.
	@$(BIN)/python deploy/sbom.py > threedots.cdx.json && echo threedots.cdx.json

release-check: check test  ## What must be so before a version is tagged; docs/release.md says what comes then.
	@$(BIN)/python deploy/release.py check

release: setup        ## dist/: source, bill of materials and checksums of the version this commit is tagged with.
	@$(BIN)/python deploy/release.py files

clean:
	rm -rf $(VENV) *.egg-info
