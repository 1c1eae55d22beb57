# `make run` and `make test` are all a fresh machine needs: Python 3.11 (3.11.2 or newer) with its venv module, and make.

# Debian 12's own Python, the oldest that is promised, where it is there.
PYTHON ?= $(firstword $(wildcard /usr/bin/python3.11) python3)
VENV := .venv
BIN := $(VENV)/bin

# A stamp is newer than what it was made from, so nothing is installed twice.
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed

# Without compiled files, each of the programs that tests start would compile all of its modules anew.
unexport PYTHONDONTWRITEBYTECODE

# Tests wait about as long as they compute, so two processes keep a core busy; who runs out of tests takes another's.
PROCESSES ?= 4
PYTEST := $(BIN)/pytest -n $(PROCESSES) --dist worksteal

# Groups of hosts that are tried at a time: a playbook often waits.
FLEETS ?= 2

PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
EDITABLE := $(PIP) install --no-deps --no-build-isolation --editable .

.PHONY: help run test lint docs bench bench-growth chaos contract fleet lock clean
.DELETE_ON_ERROR:

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' Makefile | expand -t 14

run: $(RUNTIME) ## Start server and worker in memory, with an example pipeline (PORT=8081 make run; ARGS=... goes to the server)
	CONCURRENCY=$${CONCURRENCY:-$$(nproc)} $(BIN)/pikoci server --run-worker \
		--pipeline-name hello --pipeline-config configs/pipelines/hello.hcl $(ARGS)

test: $(DEV) ## Run every test that this machine can run (ARGS=... goes to pytest; PROCESSES=8 for more cores)
	$(PYTEST) $(ARGS)

lint: $(DEV) ## Check style, formatting, types and the walls between the rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p pikoci -p tests
	cd deploy/ansible/collections && MYPYPATH=. $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml \
		--namespace-packages --explicit-package-bases -p ansible_collections.pikoci.fleet.plugins
	$(BIN)/lint-imports --cache-dir .cache/import-linter

docs: $(RUNTIME) ## Write the generated parts of the documentation anew
	$(BIN)/python docs/generate.py

bench: $(DEV) ## Measure, beside the raw limits of this machine
	$(BIN)/python -m tests.bench

bench-growth: $(DEV) ## Measure how costs grow, and fail where one grows too fast (ARGS="--rows A D --databases sqlite")
	$(BIN)/python -m tests.bench.growth $(ARGS)

chaos: $(DEV) ## Run hundreds of builds while everything is killed, stopped and cut off (ARGS="--broker nats --seed 7")
	$(BIN)/python -m tests.chaos $(ARGS)

contract: $(DEV) ## Ask the API for all that its document promises and forbids (ARGS='--max-examples 1000')
	PIKOCI_TEST_CONTRACT="$(or $(ARGS),--max-examples 300)" $(BIN)/pytest -n 2 tests/acceptance/test_openapi_contract.py

fleet: $(DEV) ## Try deploy/ansible on real hosts, as root (ARGS='-m short' for what CI plays)
	PIKOCI_TEST_REQUIRE=all $(BIN)/pytest -n $(FLEETS) --dist loadgroup -s $(if $(findstring tests/,$(ARGS)),,tests/fleet) $(ARGS)

lock: $(DEV) ## Pin requirements/*.in, with hashes, in requirements/*.txt (ARGS=--upgrade for newer ones)
	cd requirements && for name in build runtime dev; do \
		../$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
			$(ARGS) $$name.in --output-file $$name.txt || exit 1; \
	done

clean: ## Remove all that the other targets made
	rm -rf $(VENV) .cache build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || \
		{ echo "error: there is no $(PYTHON); on Debian 12: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) cmd/pikoci/interpreter.py
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "error: $(PYTHON) can't make virtual environments; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "Making a Python environment in $(VENV): half a minute, this once."
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements/build.txt requirements/runtime.txt setup.py | $(BIN)/python
	$(PIP) install --require-hashes -r requirements/build.txt -r requirements/runtime.txt
	$(EDITABLE)
	@touch $@

$(DEV): requirements/dev.txt setup.py | $(BIN)/python
	$(PIP) install --require-hashes -r requirements/dev.txt
	$(EDITABLE)
	@touch $@ $(RUNTIME)
