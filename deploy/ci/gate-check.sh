# Asks Tollgate whether a service may pass a gate. Needs sh, curl and jq; installs nothing.
# Exit codes: 0 pass (and warning, where that is allowed), 1 a computed fail, 2 warning or
# inconclusive, 3 everything else: no token, unreachable, unknown service, error.
# Beside TOLLGATE_URL, _SERVICE, _GATE and _TOKEN it reads, where they are set, TOLLGATE_ALLOW_WARNING
# (true), _JUNIT (file of the report), _AUDIENCE (of GitHub's token), _RETRIES (3), _PATIENCE (60 s).
set -u
umask 077
trouble() { echo "tollgate: $1" >&2; exit 3; }
work=$(mktemp -d) || trouble "no place for temporary files"
trap 'rm -rf "$work"' EXIT
trap 'trouble "interrupted before the end: run it again"' HUP INT TERM
for tool in curl jq; do command -v "$tool" >/dev/null || trouble "$tool is not installed"; done
[ -n "${TOLLGATE_URL:-}" ] || trouble "set TOLLGATE_URL to the URL of improvement-api"
TOLLGATE_URL=${TOLLGATE_URL%/}
[ -n "${TOLLGATE_SERVICE:-}" ] || trouble "set TOLLGATE_SERVICE to the key of the service"
[ -n "${TOLLGATE_GATE:-}" ] || trouble "set TOLLGATE_GATE to the key of the gate"
uri() { jq -rn --arg text "$1" '$text | @uri'; } # as a part of a URL, whatever is in it

# Without a token of ours: GitHub's own, for the audience that the services expect.
token=$(printf %s "${TOLLGATE_TOKEN:-}" | tr -d '[:space:]') # a secret that was pasted ends a line
if [ -z "$token" ] && [ -n "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" ]; then
  printf 'header = "Authorization: Bearer %s"\n' "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" >"$work/github"
  token=$(curl -sSf -m 30 -K "$work/github" \
    "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=$(uri "${TOLLGATE_AUDIENCE:-tollgate}")" | jq -er .value) ||
    trouble "GitHub gave no token: does the job have 'permissions: id-token: write'?"
fi
[ -n "$token" ] || trouble "set the secret TOLLGATE_TOKEN, or let the job have an ID token"

# The token goes by file: command lines are for every process to see.
printf 'header = "Authorization: Bearer %s"\n' "$token" >"$work/config"
key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
ask() {
  status=$(curl -sS -m 60 --retry "${TOLLGATE_RETRIES:-3}" --retry-connrefused --retry-delay 5 \
    -K "$work/config" -X POST -H "Idempotency-Key: $key" -H 'Accept: application/json' \
    -D "$work/headers" -o "$work/evaluation.json" -w '%{http_code}' \
    "$TOLLGATE_URL/v1/services/$(uri "$TOLLGATE_SERVICE")/gates/$(uri "$TOLLGATE_GATE")/evaluations") ||
    trouble "$TOLLGATE_URL cannot be reached"
}
# A try that ran out of time may still be worked on: until that has ended its key is "in flight".
in_flight() {
  [ "$status" = 409 ] && jq -e '.code == "idempotency_key_in_flight"' "$work/evaluation.json" >/dev/null 2>&1
}
pause() { sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9]\{1,2\}\)[[:space:]]*$/\1/p' "$work/headers" | tail -n 1; }
ask
patient_until=$(($(date +%s) + ${TOLLGATE_PATIENCE:-60}))
while in_flight && [ "$(date +%s)" -lt "$patient_until" ]; do
  seconds=$(pause)
  sleep "${seconds:-1}"
  ask
done
[ "$status" = 201 ] ||
  trouble "it answered $status: $(jq -r '.detail // empty' "$work/evaluation.json" 2>/dev/null)"
evaluation=$(jq -er .id "$work/evaluation.json") || trouble "the answer is no evaluation"
curl -sSf -m 60 --retry "${TOLLGATE_RETRIES:-3}" -K "$work/config" -o "${TOLLGATE_JUNIT:-tollgate-junit.xml}" \
  "$TOLLGATE_URL/v1/evaluations/$evaluation/junit" || trouble "the JUnit report cannot be had"

jq -r '"\(.gate) for \(.service): \(.verdict | ascii_upcase)",
  (.criteria[] | "  \(.outcome)  \(.title): \(.reason)",
    (select(.outcome != "pass") | "      to do: \(.how)")),
  "evaluation \(.id)"' "$work/evaluation.json"
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
  jq -r 'def cell: gsub("[`\r\n]"; " ") | @html | gsub("[|]"; "&#124;") | gsub("\\\\"; "&#92;");
    "### \(.gate) for \(.service): \(.verdict)\n\n| criterion | outcome | reason | to do |\n|---|---|---|---|",
    (.criteria[] | "| \(.title | cell) | \(.outcome) | \(.reason | cell) | \(if .outcome == "pass" then "" else .how | cell end) |")' \
    "$work/evaluation.json" >>"$GITHUB_STEP_SUMMARY"
fi
verdict=$(jq -r .verdict "$work/evaluation.json")
[ "$verdict" = warning ] && [ "${TOLLGATE_ALLOW_WARNING:-false}" = true ] && exit 0
code=$(jq -r .exit_code "$work/evaluation.json")
case $verdict:$code in pass:0 | fail:1 | warning:2 | inconclusive:2) exit "$code" ;; *) exit 3 ;; esac
