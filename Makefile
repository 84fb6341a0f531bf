# The two commands are `make up` and `make test`; each sets up whatever is missing first.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
STACK ?= sandbox
BIN := .venv/bin

.PHONY: up down test test-all lint unit setup bench lock

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet "$$(grep -oE '^uv==[^ ]+' requirements.lock)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@printf '#!/bin/sh\nexec "$$(dirname "$$(readlink -f "$$0")")/python" -m cli "$$@"\n' > $(BIN)/mlops && chmod +x $(BIN)/mlops
	@touch $@

setup: .venv/ready
	@$(BIN)/mlops sandbox setup

up: setup ## a whole platform on this machine: sandbox started, stack deployed, status shown
	@$(BIN)/mlops sandbox up
	@eval "$$($(BIN)/mlops sandbox env)" && pulumi up --yes --skip-preview --stack $(STACK)
	@$(BIN)/mlops status $(STACK)

down: .venv/ready ## stop the sandbox; its state stays for the next `make up`
	@$(BIN)/mlops sandbox down

lint: .venv/ready
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test: setup lint ## the fast suite: everything but what takes many minutes
	@$(BIN)/python -m tests.run fast

test-all: setup lint
	@$(BIN)/python -m tests.run all

bench: setup
	@$(BIN)/python -m tests.bench

lock: .venv/ready ## renew requirements.lock from pyproject.toml
	@$(BIN)/uv pip compile --quiet --generate-hashes --no-annotate --no-header --group sandbox --group dev pyproject.toml -o requirements.lock
