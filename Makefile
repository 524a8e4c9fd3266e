# Two commands do everything on a machine with cargo, node and a C compiler:
#   make run    install what is missing, build, start Postgres, API, workers and dashboard on 127.0.0.1:8000
#   make test   check everything: Rust, front end, browser
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

export SQLX_OFFLINE := true

POSTGRES := deploy/postgres/node_modules/.installed
MODULES := frontend/node_modules/.installed
DASHBOARD := frontend/dist/index.html
SOURCES := $(shell find frontend/src frontend/public -type f 2>/dev/null) frontend/index.html frontend/vite.config.ts frontend/tsconfig.json

.PHONY: help run build test test-rust test-frontend test-browser test-clients test-clients-node test-clients-python lint bench openapi fmt clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

run: build ## Start everything on 127.0.0.1:8000
	exec target/release/agentcores serve

build: $(POSTGRES) $(DASHBOARD) ## Build the program with its dashboard
	cargo build --release --locked

$(POSTGRES): deploy/postgres/package-lock.json
	npm ci --prefix deploy/postgres
	touch $@

$(MODULES): frontend/package-lock.json
	npm ci --prefix frontend
	touch $@

$(DASHBOARD): $(MODULES) $(SOURCES) api/openapi.json
	npm run build --prefix frontend
	touch $@

test: lint test-rust test-frontend test-browser test-clients-node ## Check everything

lint: ## Formatting, lints
	cargo fmt --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

# The same cases on every machine; `make test-rust PROPTEST_RNG_SEED=2` looks at others.
test-rust: export PROPTEST_RNG_SEED ?= 1
test-rust: $(POSTGRES) $(DASHBOARD) ## Rust tests, on a Postgres that is thrown away
	cargo build --workspace --locked
	target/debug/agentcores --log warn with-postgres cargo test --workspace --locked --no-fail-fast

test-frontend: $(MODULES) ## Lints, types and tests of the dashboard
	npm run --prefix frontend lint
	npm run --prefix frontend typecheck
	npm test --prefix frontend

test-browser: $(POSTGRES) $(DASHBOARD) ## The dashboard in a browser, on the real service
	cargo build --locked
	scripts/browser.sh
	scripts/compose-check.sh

test-clients: test-clients-node test-clients-python ## The providers' own clients against the server that plays them

test-clients-node:
	scripts/clients/run.sh node

test-clients-python:
	scripts/clients/run.sh python

bench: $(POSTGRES) ## Measure commands beside stock postgres-es and the plain limit of the same Postgres, and tasks
	cargo bench --locked --package api --bench commands
	cargo bench --locked --package api --bench tasks

openapi: ## Write api/openapi.json and the dashboard's client anew
	cargo run --locked --quiet -- openapi > api/openapi.json.new
	mv api/openapi.json.new api/openapi.json
	npm run gen --prefix frontend

fmt: ## Format
	cargo fmt
	npm run format --prefix frontend

clean: ## Remove what was built; data stays
	rm -rf target frontend/dist frontend/node_modules deploy/postgres/node_modules scripts/clients/node_modules scripts/clients/.venv
