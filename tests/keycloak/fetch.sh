#!/usr/bin/env bash
# Prints the folder of a Keycloak of the version the suite runs against; Maven fetches it once.
set -euo pipefail

version=26.4.5
here=$(cd "$(dirname "$0")/../.." && pwd)/target/keycloak
home="$here/keycloak-$version"
if [ ! -x "$home/bin/kc.sh" ]; then
  mkdir -p "$here"
  mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
    -Dartifact="org.keycloak:keycloak-quarkus-dist:$version:zip" -DoutputDirectory="$here" >&2
  rm -rf "$home"
  (cd "$here" && unzip -q "keycloak-quarkus-dist-$version.zip")
fi
echo "$home"
