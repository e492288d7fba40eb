#!/usr/bin/env bash
# Runs a step and tells how long it took.
set -uo pipefail
name=$1; shift
start=$SECONDS
"$@"
code=$?
echo "── $name: $((SECONDS - start)) s, exit $code"
exit $code
