#!/usr/bin/env bash
# Makes target/dash-venv with what requirements.txt names. Quick when it is up to date.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=target/dash-venv
[ -x "$venv/bin/gunicorn" ] && cmp -s examples/dash/requirements.txt "$venv/requirements.txt" && exit 0
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -r examples/dash/requirements.txt
cp examples/dash/requirements.txt "$venv/requirements.txt"
