# Needs Python 3.11 or newer and a package index; everything goes into .venv.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: demo test test-fast coverage check bench evidence clean

demo: .venv/screening
	$(BIN)/pneumoscope demo --out demo

test: check
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile

test-fast: .venv/development
	$(BIN)/pytest -m "not slow"

coverage: .venv/development
	$(BIN)/pytest --cov --cov-report=term-missing

bench: .venv/development
	$(BIN)/python -m benchmarks.training
	$(BIN)/python -m benchmarks.screening
	$(BIN)/python -m benchmarks.scale
	$(BIN)/python -m benchmarks.page

evidence: .venv/development
	$(BIN)/python -m experiments.evidence

check: .venv/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo

.venv/screening: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dicom]'
	touch $@

.venv/development: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[fast,fetch,research,scale,serve,train,dev]'
	touch $@

clean:
	rm -rf .venv demo
