#!/usr/bin/env bash
# Measures the release build; prints the table of docs/performance.md and fails when a bound is missed.
# With names it runs only those: bench/run.sh demo api postgres exports apps micro
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --locked -p loggia -p loggia-bench
(cd tests/browser && npm ci --no-audit --no-fund --loglevel=error)
tests/postgres.sh node bench/main.mjs "$@"
