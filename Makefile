# One Makefile for people, pre-commit and CI alike. `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

VENV := $(CURDIR)/.venv
PYTHON := $(VENV)/bin/python

export PATH := $(VENV)/bin:$(PATH)
export ANSIBLE_HOME := $(CURDIR)/.ansible
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.ansible/collections
export DEMO_PORT ?= 8080
export JOBS KEEP UNIT_JOBS

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: setup
setup: ## Make .venv from pinned packages (silent when it is up to date)
	@tools/setup.sh

.PHONY: demo
demo: setup ## Deploy the demo project to a server in a container; DEMO_PORT=8080
	@$(PYTHON) tests/bed/demo.py up

.PHONY: demo-down
demo-down: setup ## Remove all that `make demo` made
	@$(PYTHON) tests/bed/demo.py down

.PHONY: lint
lint: setup ## Style, types, roles' generated docs, changelog fragments
	@$(PYTHON) -m tools.lint

.PHONY: format
format: setup ## Put Python files into the form that `make lint` wants
	@ruff check --quiet --fix . || true
	ruff format --quiet .

.PHONY: unit
unit: setup ## Unit tests; ARGS="tests/unit/plugins -k env" picks some, UNIT_JOBS=2
	@$(PYTHON) -m tools.unit $(ARGS)

.PHONY: molecule
molecule: setup ## Every scenario; SCENARIO=name picks one, JOBS=2 run at a time, KEEP=1 keeps servers
	@$(PYTHON) -m tools.molecule $(SCENARIO)

.PHONY: test
test: setup ## All of lint, unit and molecule; ends with "N passed, N failed"
	@$(PYTHON) -m tools.run_tests

.PHONY: soak
soak: setup ## Long tests (tests/soak), one after the other; NAME=x picks one
	@$(PYTHON) -m tools.scripts tests/soak $(NAME)

.PHONY: bench
bench: setup ## Benchmark NAME=x: one JSON line per figure
	@$(PYTHON) -m tools.scripts --one benchmarks $(NAME)

.PHONY: docs
docs: setup ## Write the roles' README tables and defaults' comments from their argument specs
	@ansible-docsmith generate .

.PHONY: clean
clean: ## Remove what these targets made: the test bed, .venv, caches, logs
	@if [ -x $(PYTHON) ] && command -v docker >/dev/null && docker info >/dev/null 2>&1; then
		$(PYTHON) tests/bed/bed.py clean
	fi
	rm -rf .venv .cache .ansible .mypy_cache .pytest_cache .ruff_cache changelogs/.plugin-cache.yaml
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
