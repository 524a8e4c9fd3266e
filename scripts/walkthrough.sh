#!/usr/bin/env bash
# From nothing to a finished task, by REST: two organisations, an owner, an agent, a task. Takes the address of a
# running service; every run uses names of its own, so it can be repeated.
set -euo pipefail
base=${1:-http://127.0.0.1:8000}
api=$base/api/v1
suffix=${2:-$(date +%s)-$$}

post() { curl -sS --fail-with-body -X POST "$api$1" -H 'Content-Type: application/json' "${@:2}"; }
field() { node -e 'let s="";process.stdin.on("data",d=>s+=d).on("end",()=>{const v=process.argv[1].split(".").reduce((o,k)=>o?.[k],JSON.parse(s));process.stdout.write(typeof v==="object"?JSON.stringify(v):String(v))})' "$1"; }
say() { printf '\n== %s\n' "$*"; }

say "Two organisations"
post /tenants -d "{\"name\": \"Acme Corp\", \"subdomain\": \"acme-$suffix\", \"contact_email\": \"admin@acme-$suffix.com\",
  \"contact_name\": \"John Doe\", \"subscription_tier\": \"professional\"}"
echo
post /tenants -d "{\"name\": \"Beta Ltd\", \"subdomain\": \"beta-$suffix\", \"contact_email\": \"admin@beta-$suffix.com\",
  \"contact_name\": \"Jane Smith\", \"subscription_tier\": \"basic\"}"
echo

say "The first owner registers and signs in"
post /auth/register -d "{\"email\": \"admin@acme-$suffix.com\", \"password\": \"SecurePassword123\",
  \"full_name\": \"John Doe\", \"tenant_subdomain\": \"acme-$suffix\"}"
echo
token=$(post /auth/login -d "{\"email\": \"admin@acme-$suffix.com\", \"password\": \"SecurePassword123\"}" | field access_token)
auth=(-H "Authorization: Bearer $token")

say "An agent is created and started"
agent=$(post /agents "${auth[@]}" -d '{"name": "Acme Agent", "description": "Agent for Acme Corp", "agent_type": "gpt-4"}' | field id)
post "/agents/$agent/start" "${auth[@]}"
echo

say "A task is created and executed"
task=$(post /tasks "${auth[@]}" -d "{\"name\": \"First words\", \"agent_id\": \"$agent\", \"input_data\": {\"prompt\": \"Hello, world\"}}" | field id)
post "/tasks/$task/execute" "${auth[@]}"
echo

say "Its result"
for _ in $(seq 100); do
  answer=$(curl -sS --fail-with-body "$api/tasks/$task" "${auth[@]}")
  status=$(field status <<<"$answer")
  [[ $status == pending || $status == running ]] || break
  sleep 0.1
done
echo "$answer"
[[ $status == completed ]] || { echo "the task ended as $status" >&2; exit 1; }
echo "output: $(field output_data <<<"$answer")"
echo "usage:  $(field usage <<<"$answer")"
