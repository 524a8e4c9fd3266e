#!/usr/bin/env bash
# Checks docker-compose.yml and Dockerfile without a Docker engine: by their linters, and by running the service with
# the very environment that the compose file gives it.
set -euo pipefail
cd "$(dirname "$0")/.."

npm ci --prefix deploy/checks --silent
deploy/checks/node_modules/.bin/dclint docker-compose.yml
deploy/checks/node_modules/.bin/dockerfile-utils lint Dockerfile

# No secret may stand in either file, and neither may have a default in the compose file.
if grep -nE '(SECRET_KEY|MASTER_KEY|PASSWORD)[=:] *["a-zA-Z0-9]' docker-compose.yml Dockerfile; then
  echo "a secret is written down" >&2
  exit 1
fi

# The environment of the service as the compose file says it, but for what exists between containers only.
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
export POSTGRES_PASSWORD=unused SECRET_KEY AGENTCORES_MASTER_KEY
SECRET_KEY=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
AGENTCORES_MASTER_KEY=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
node scripts/compose-environment.mjs agentcores >"$data/environment"
target/debug/agentcores --log warn with-postgres scripts/compose-run.sh "$data/environment"
