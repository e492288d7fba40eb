#!/usr/bin/env bash
# Makes sure that what a step needs is there: installs it by package name where it may, else says what to install.
set -euo pipefail

apt() { # packages
  local sudo=""
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then sudo="sudo"; else
      echo "Missing: $*. Install with: sudo apt-get install $*" >&2; exit 1
    fi
  fi
  command -v apt-get >/dev/null || { echo "Missing: $* (Debian's package names). Install them and try again." >&2; exit 1; }
  echo "Installing $* …"
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

command_or() { # command, packages
  local name=$1; shift
  command -v "$name" >/dev/null || apt "$@"
}

build() { # Debian's own Rust is older than what Cargo.toml asks for, and fails in words about editions
  local wanted=1.95 found
  command -v cargo >/dev/null || { echo "Rust is missing: install it from https://rustup.rs ($wanted or newer)." >&2; exit 1; }
  found=$(cargo --version | cut -d' ' -f2)
  printf '%s\n' "$wanted" "$found" | sort -CV ||
    { echo "Rust $found is older than $wanted: install a newer one from https://rustup.rs." >&2; exit 1; }
  command_or cc gcc libc6-dev
  command_or curl curl
}

postgres() {
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || apt postgresql
}

browser() {
  [ -x "${CHROMIUM:-}" ] || command_or chromium chromium fonts-dejavu-core
  command_or pdftotext poppler-utils
  command_or sqlite3 sqlite3
  command_or node nodejs npm
  command_or npm npm
  recent_node || newer_node
}

# What playwright-core and jose ask for. The Makefile looks for programs in target/node first.
recent_node() { node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 11) ? 0 : 1)'; }

newer_node() { # for this tree alone, from npm's registry: Debian 12 has 18
  local home=target/node machine=x64
  [ "$(uname -m)" = aarch64 ] && machine=arm64
  echo "Node.js $(node --version) is older than 20.11. Installing Node.js 22 in $home …"
  npm install --prefix "$home" --no-save --no-audit --no-fund --loglevel=error "node-linux-$machine@22"
  mkdir -p "$home/bin"
  ln -sf "../node_modules/node-linux-$machine/bin/node" "$home/bin/node"
}

schemathesis() { # a Python of its own, with what tests/outside/requirements.txt names
  command_or python3 python3 python3-venv
  local home=target/outside/python
  [ -x "$home/bin/schemathesis" ] && cmp -s tests/outside/requirements.txt "$home/requirements.txt" && return
  python3 -m venv "$home" 2>/dev/null || { apt python3-venv; python3 -m venv "$home"; }
  "$home/bin/pip" install --quiet --disable-pip-version-check -r tests/outside/requirements.txt
  cp tests/outside/requirements.txt "$home/requirements.txt"
}

dash() { # a Python of its own, with what examples/dash/requirements.txt names
  command_or python3 python3 python3-venv
  python3 -c 'import ensurepip, venv' 2>/dev/null || apt python3-venv
  examples/dash/setup.sh
}

bench() {
  command_or nginx nginx-light
  command_or wrk wrk
}

keycloak() {
  command_or java default-jre-headless
  command_or mvn maven
  command_or unzip unzip
}

coverage() {
  rustup component list 2>/dev/null | grep -q 'llvm-tools.*(installed)' || rustup component add llvm-tools 2>/dev/null || true
  cargo llvm-cov --version >/dev/null 2>&1 || cargo install cargo-llvm-cov --locked
}

for need in "$@"; do "$need"; done
