#!/usr/bin/env bash
# Makes target/dash-venv with what requirements.txt names. Quick when it is up to date.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=target/dash-venv
# A cached one may have outlived the Python it was made with.
"$venv/bin/python" -c "" 2>/dev/null && cmp -s examples/dash/requirements.txt "$venv/requirements.txt" && exit 0
python3 -m venv --clear "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -r examples/dash/requirements.txt
cp examples/dash/requirements.txt "$venv/requirements.txt"
