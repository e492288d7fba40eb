# Two commands matter: `make run` and `make test`. Both set up what they need.
SHELL := /usr/bin/env bash
export CARGO_TERM_COLOR ?= auto
# A Node.js that tests/need.sh put there, where the system's own is too old.
export PATH := $(CURDIR)/target/node/bin:$(PATH)

# Files that a macro's list names, which cargo fmt does not find.
LISTED = $(wildcard src/panel/*/*.rs)

.PHONY: run test rust-test dash-test browser-test walkthrough-test test-outside schemathesis-test keycloak-test idp check fmt coverage bench setup

run: ## build the release and open the demo
	@tests/need.sh build
	cargo build --release --locked
	./target/release/loggia serve --demo

test: ## the whole suite: Rust on SQLite and PostgreSQL, the Dash side, then the browser, then the walkthroughs of docs/
	@tests/need.sh build postgres browser dash
	@tests/timed.sh "rust suite" $(MAKE) --no-print-directory rust-test
	@tests/timed.sh "dash suite" $(MAKE) --no-print-directory dash-test
	@tests/timed.sh "browser suite" $(MAKE) --no-print-directory browser-test
	@tests/timed.sh "walkthroughs" $(MAKE) --no-print-directory walkthrough-test

test-outside: ## what needs more than that: both APIs held to their documents, Keycloak through Maven
	@tests/need.sh build postgres browser keycloak schemathesis
	@tests/timed.sh "schemathesis" $(MAKE) --no-print-directory schemathesis-test
	@tests/timed.sh "keycloak suite" $(MAKE) --no-print-directory keycloak-test

idp: ## the identity providers of the tests, from npm
	cd tests/idp && npm ci --no-audit --no-fund --loglevel=error

rust-test: idp
	tests/postgres.sh cargo test --locked --workspace

dash-test: ## the Python side of hosted Dash apps, examples/dash
	@tests/need.sh dash
	cd examples/dash && ../../target/dash-venv/bin/python -m pytest

keycloak-test:
	cargo build --locked
	cd tests/browser && npm ci --no-audit --no-fund --loglevel=error && node --test --test-concurrency=1 keycloak.outside.mjs

browser-test: idp
	@tests/need.sh dash
	cargo build --locked
	cd tests/browser && npm ci --no-audit --no-fund --loglevel=error && node --test --test-concurrency=1

walkthrough-test: ## follows docs/adding-*.md literally, in a copy of the tree, and docs/dash.md beside it
	@tests/need.sh dash
	node tests/walkthroughs.mjs
	cd tests/browser && npm ci --no-audit --no-fund --loglevel=error && node --test walkthrough.dash.mjs

schemathesis-test:
	tests/postgres.sh cargo test --locked --test suite outside:: -- --ignored --test-threads 1

check: ## formatting and lints
	cargo fmt --all --check
	rustfmt --check --edition 2024 --config-path . $(LISTED)
	cargo clippy --locked --workspace --all-targets -- -D warnings

fmt:
	cargo fmt --all
	rustfmt --edition 2024 --config-path . $(LISTED)

coverage: ## lines covered, by room; fails below the agreed figures
	@tests/need.sh build postgres browser dash coverage
	tests/coverage.sh

bench: ## the figures of docs/performance.md
	@tests/need.sh build postgres browser bench
	bench/run.sh
