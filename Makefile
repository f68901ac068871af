# One command runs the main job (demo), one the tests (test); check is what CI checks besides, bench the figures.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.DELETE_ON_ERROR:
.PHONY: demo test check lint types test-wheel test-clients bench lock clean

demo: $(VENV)/.installed
	$(BIN)/gemini-agents demo

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not clients" tests

check: lint types test-wheel test-clients

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

# The wheel as users get it, in an environment of its own, with src out of reach.
test-wheel: $(VENV)/.installed-dev
	PYTHON=$(BIN)/python bash scripts/test_wheel.sh

test-clients: $(VENV)/.installed-dev
	bash tests/clients/install.sh
	$(BIN)/python -m pytest -m clients tests/clients

bench: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/run.py --write

lock: $(VENV)/.installed-dev
	bash scripts/lock.sh

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or later is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
