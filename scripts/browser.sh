#!/usr/bin/env bash
# Drives the dashboard of a real service in a headless browser, on a port and a data directory of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v chromium >/dev/null && [[ -z ${CHROMIUM:-} ]]; then
  if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core >/dev/null
  else
    (cd frontend && npx playwright install chromium)
  fi
fi

data=$(mktemp -d)
log=$data/service.log
chmod 755 "$data"
# An empty environment but for what is named: a developer's .env must not leak into the test.
# Whatever keys there are, no test calls a real model.
export OPENAI_API_KEY='' OPENAI_BASE_URL='' ANTHROPIC_API_KEY='' ANTHROPIC_BASE_URL=''
AGENTCORES_DATA_DIR=$data/data AGENTCORES_LISTEN=127.0.0.1:0 target/debug/agentcores serve 2>"$log" &
service=$!
cleanup() {
  kill "$service" 2>/dev/null || true
  wait "$service" 2>/dev/null || true
  rm -rf "$data"
}
trap cleanup EXIT

for _ in $(seq 600); do
  if url=$(grep -o 'http://127\.0\.0\.1:[0-9]*' "$log" | head -n 1) && [[ -n $url ]]; then break; fi
  kill -0 "$service" || { cat "$log"; exit 1; }
  sleep 0.1
done
E2E_BASE_URL=$url npm run e2e --prefix frontend || { tail -n 50 "$log"; exit 1; }
E2E_BASE_URL=$url scripts/walkthrough.sh "$url"
