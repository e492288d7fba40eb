#!/usr/bin/env bash
# Lines covered: by the Rust suite, room by room, and by the browser suite in loggia.js. Fails below the agreed figures.
# The instrumented build has a folder of its own, so that it does not undo the usual one.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR="$PWD/target/coverage"
low=0

settings=$(cargo llvm-cov show-env --sh)
eval "$settings"
cargo llvm-cov clean --workspace
make --no-print-directory idp
tests/postgres.sh cargo test --locked --workspace
# Modules of tests are not what is measured.
cargo llvm-cov report --json --summary-only --ignore-filename-regex '(/tests|/stage|/gallery)\.rs$' --output-path "$CARGO_TARGET_DIR/lines.json"

js="$CARGO_TARGET_DIR/js"
rm -rf "$js"
(
  cd tests/browser
  npm ci --no-audit --no-fund --loglevel=error
  LLVM_PROFILE_FILE=/dev/null LOGGIA_BINARY="$CARGO_TARGET_DIR/debug/loggia" LOGGIA_JS_COVERAGE="$js" node --test --test-concurrency=1
)

node tests/coverage.mjs "$CARGO_TARGET_DIR/lines.json" || low=1
node tests/browser/coverage.mjs "$js" 70 || low=1
exit $low
