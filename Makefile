# Needs Python 3.11 or newer and a package index; everything goes into .venv.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: demo test check bench evidence clean

demo: .venv/screening
	$(BIN)/pneumoscope demo --out demo

test: check
	$(BIN)/pytest

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

.venv/screening: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dicom]'
	touch $@

.venv/development: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dicom,fast,fetch,research,scale,train,dev]'
	touch $@

clean:
	rm -rf .venv demo
