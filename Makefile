# Two commands matter: `make demo` and `make test`. Both create .venv when it is missing.
# The first of these that is 3.11 or 3.12.
PYTHON ?= $(shell for python in python3 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: install lint test demo bench help

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 is needed: make PYTHON=/path/to/python3.12"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e '.[all,dev]'
	touch $(STAMP)

install: $(STAMP) ## create .venv with everything

lint: $(STAMP) ## format check, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint ## lint, then all tests
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

bench: $(STAMP) ## race the engine against what people run instead (needs HUB_DATA; FULL=1, DEVICE=cuda)
	$(BIN)/python -m tests.benchmarks.bench $(if $(FULL),--full) $(if $(DEVICE),--device $(DEVICE))

demo: $(STAMP) ## the whole flow on real models, under its own registry
	$(BIN)/hub demo
