#!/usr/bin/env bash
# Runs a command beside a PostgreSQL of its own, which is gone afterwards. LOGGIA_TEST_POSTGRES tells the command where it is.
set -euo pipefail

bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
home=$(mktemp -d "${TMPDIR:-/tmp}/loggia-postgres.XXXXXX")
port=$(python3 - <<'P' 2>/dev/null || echo $((20000 + RANDOM % 20000))
import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])
P
)
as=()
if [ "$(id -u)" -eq 0 ]; then # PostgreSQL refuses to run as root
  id postgres >/dev/null 2>&1 || { echo "Missing: the account postgres, which Debian's package postgresql makes." >&2; exit 1; }
  chown postgres "$home"
  as=(runuser -u postgres --)
fi
stop() {
  "${as[@]}" "$bin/pg_ctl" -D "$home/db" -m immediate -w stop >/dev/null 2>&1 || true
  rm -rf "$home"
}
trap stop EXIT
cd "$home"
"${as[@]}" "$bin/initdb" -D "$home/db" -U postgres --auth=trust --encoding=UTF8 --no-sync >/dev/null
"${as[@]}" "$bin/pg_ctl" -D "$home/db" -w -l "$home/log" start \
  -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$home -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=400 -c shared_buffers=256MB" >/dev/null \
  || { cat "$home/log" >&2; exit 1; }
cd "$OLDPWD"
export LOGGIA_TEST_POSTGRES="postgres://postgres@127.0.0.1:$port/postgres"
"$@"
