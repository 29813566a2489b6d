# Every verb of the project; `make` alone prints them.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
unexport PYTHONDONTWRITEBYTECODE # without kept bytecode each of nine processes compiles for seconds
PY := .venv/bin/python
SERVICES := catalog metrics improvement
# A file is run by one process, in the order given: a second one would start its system again.
PYTEST := $(PY) -m pytest -n auto --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)
UV_COMPILE := $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links --no-emit-package tollgate-shared
COMPOSE = DATA_DIR=$(abspath $(or $(DATA_DIR),.data)) docker compose --project-name tollgate -f deploy/compose.yaml \
	--env-file $(abspath $(or $(DATA_DIR),.data))/containers/compose.env
PYPROJECTS := shared/pyproject.toml deploy/local/pyproject.toml $(SERVICES:%=services/%-api/pyproject.toml)

.PHONY: help up test unit e2e chaos bench setup setup-runtime lock upgrade migrate revision fmt lint \
	openapi openapi-check images compose-up compose-down ci clean

help: ## print this
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 24

up: setup-runtime ## the whole system on an embedded PostgreSQL, in the foreground (Ctrl-C stops it)
	@$(PY) -m tollgate_local up --with-parent

test: setup ## all tests, on a real PostgreSQL (DATABASE_URL or the embedded one)
	@$(PYTEST) tests/e2e tests/chaos tests/contract tests/api tests/unit

unit: setup ## the pure tests only
	@$(PY) -m pytest tests/unit

e2e: setup ## the user stories over real processes
	@$(PYTEST) tests/e2e

chaos: setup ## faults: killed processes, hanging providers, repeated deliveries
	@$(PYTEST) tests/chaos

bench: setup ## the figures of the README, measured on this machine
	@$(PY) -m tests.bench

setup: ## .venv with everything, from the lock; instant when nothing changed
	@sh deploy/setup.sh dev

setup-runtime:
	@sh deploy/setup.sh runtime

lock: setup ## write the locks after a change of dependencies
	@$(UV_COMPILE) $(PYPROJECTS) requirements/build.in -o requirements/runtime.txt
	@$(UV_COMPILE) $(PYPROJECTS) requirements/build.in requirements/dev.in -c requirements/runtime.txt \
		-o requirements/dev.txt

upgrade: UV_COMPILE += --upgrade
upgrade: lock ## write the locks with the newest versions

migrate: setup-runtime ## bring the database that DATABASE_URL names to this release
	@for service in $(SERVICES); do $(PY) -m $${service}_api migrate || exit 1; done

revision: setup ## a new migration: make revision s=catalog m="add risk"
	@$(PY) -m tests.support.revision "$(s)" "$(m)"

fmt: setup ## format the code
	@$(PY) -m ruff check --fix --quiet .
	@$(PY) -m ruff format .

lint: setup ## style, types, layers, locks and sizes
	@sh .ci/lint.sh

openapi: setup ## write the contracts from the code
	@for service in $(SERVICES); do \
		$(PY) -m $${service}_api openapi services/$$service-api/openapi.json || exit 1; done

openapi-check: setup ## the committed contracts are what the code serves
	@for service in $(SERVICES); do \
		$(PY) -m $${service}_api openapi | diff -u services/$$service-api/openapi.json - \
		|| { echo "services/$$service-api/openapi.json is stale: make openapi"; exit 1; }; done

images: ## the three container images
	@for service in $(SERVICES); do \
		docker build --build-arg SERVICE=$$service-api -t tollgate/$$service-api -f deploy/Dockerfile . \
		|| exit 1; done

compose-up: setup-runtime images ## PostgreSQL, three services and three workers in containers
	@$(PY) -m tollgate_local containers
	@$(COMPOSE) up --detach

compose-down: ## stop them; their data stays in a volume
	@$(COMPOSE) down

ci: lint openapi-check test ## what CI runs

clean: ## remove what make made, but not the data
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis bench-results
	@find . -name __pycache__ -prune -exec rm -rf {} +
