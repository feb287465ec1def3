# demo, test, check, bench, clean: the commands people type. Everything else is in .venv.
PORT ?= 8501
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check bench clean
.DEFAULT_GOAL := demo

demo: .venv/installed
	@$(BIN)/modelworth measure --suite quick || echo "Not all was measured; the dashboard shows what is there."
	@$(BIN)/modelworth dashboard --port $(PORT)

test: .venv/installed-dev
	@$(BIN)/python -m tests.browser.chromium
	@OPENBLAS_NUM_THREADS=1 $(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

check: .venv/installed-dev
	@$(BIN)/pytest tests/test_architecture.py tests/test_names.py tests/unit/test_words.py

bench: .venv/installed-dev
	@$(BIN)/pytest tests/benchmarks -m benchmark -s

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Modelworth needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 demo"; exit 1; }
	@$(PYTHON) -m venv .venv || { \
	  echo "Python could not make a virtual environment. On Debian and Ubuntu: apt install python3-venv"; exit 1; }

.venv/installed: pyproject.toml | .venv/bin/python
	@echo "Installing into .venv (once, a few minutes)..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/installed-dev: pyproject.toml | .venv/bin/python
	@echo "Installing into .venv, test tools included (once, a few minutes)..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@touch $@ .venv/installed
