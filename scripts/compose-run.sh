#!/usr/bin/env bash
# Runs the service with the environment of a file, on the Postgres that DATABASE_URL names, until it is ready; then the
# health check of the compose file, and stops it as compose does.
set -euo pipefail
log=$(mktemp)
trap 'rm -f "$log"' EXIT
environment=$(grep -vE '^(DATABASE_URL|AGENTCORES_LISTEN)=' "$1")
# shellcheck disable=SC2086 # one word a line, none with a space
env -i PATH="$PATH" DATABASE_URL="$DATABASE_URL" AGENTCORES_LISTEN=127.0.0.1:0 $environment \
  target/debug/agentcores serve 2>"$log" &
service=$!
for _ in $(seq 300); do
  if url=$(grep -o 'http://127\.0\.0\.1:[0-9]*' "$log" | head -n 1) && [[ -n $url ]]; then break; fi
  kill -0 "$service" 2>/dev/null || { cat "$log"; exit 1; }
  sleep 0.1
done
curl --fail --silent "$url/health/ready"
echo
kill -TERM "$service"
wait "$service"
grep -q '"message":"stopped"' "$log" || { cat "$log"; exit 1; }
echo "the service runs with the environment of docker-compose.yml"
