#!/usr/bin/env bash
# Runs the providers' own clients against the server that plays the providers: scripts/clients/run.sh node|python
set -euo pipefail
cd "$(dirname "$0")/../.."
here=scripts/clients

case ${1:-} in
  node)
    npm ci --prefix $here --silent
    run() { npm test --prefix $here --silent; }
    ;;
  python)
    # What it is made of decides whether it is made anew.
    made=$here/.venv/.made-of
    if ! cmp -s $here/requirements.txt $made; then
      python3 -m venv --clear $here/.venv
      $here/.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement $here/requirements.txt
      cp $here/requirements.txt $made
    fi
    run() { $here/.venv/bin/python -W error::ResourceWarning $here/clients_test.py; }
    ;;
  *)
    echo "usage: $0 node|python" >&2
    exit 2
    ;;
esac

cargo build --quiet --locked --package api --example models
address=$(mktemp)
target/debug/examples/models >"$address" &
server=$!
cleanup() {
  kill "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  rm -f "$address"
}
trap cleanup EXIT
for _ in $(seq 100); do
  [[ -s $address ]] && break
  kill -0 "$server" || exit 1
  sleep 0.1
done
FAKE=$(cat "$address")
export FAKE
run
