#!/usr/bin/env bash
# Serves the app customer-ltv on a port of loopback: serve.sh [PORT]. What it may show comes with Loggia's tokens:
# LOGGIA_DASH_ISSUER says whose; or LOGGIA_DASH_REQUIRED=false and LTV_CATALOG=kyros_acme_prod, the way it was before Loggia.
set -euo pipefail
cd "$(dirname "$0")"
./setup.sh
export PORT=${1:-8050} DASH_REQUESTS_PATHNAME_PREFIX=${DASH_REQUESTS_PATHNAME_PREFIX:-/dash/customer-ltv/}
../../target/dash-venv/bin/python -m customer_ltv.build
exec ../../target/dash-venv/bin/gunicorn --config gunicorn.conf.py customer_ltv.app:server
