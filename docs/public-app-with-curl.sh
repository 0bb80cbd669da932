#!/bin/sh
# A public SMART app (no secret) with curl alone: discovery, PKCE, sign-in and consent, token, reading, refresh, revocation.
# Run by test/clients/curl.test.ts. Wants in its environment, for example of a sandbox:
#   FHIR=http://localhost:3000/cco/fhir  USERNAME=james.okafor  PASSWORD=harbor-cedar-56
#   CLIENT_ID and REDIRECT_URI of `npx portico app create --name "My app" --redirect-uri REDIRECT_URI --public`
# https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
set -eu
cd "$(mktemp -d)"

# Where things are.
curl -sS "$FHIR/.well-known/smart-configuration" > smart.json
endpoint() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" smart.json; }
AUTHORIZE=$(endpoint authorization_endpoint)
TOKEN_URL=$(endpoint token_endpoint)
REVOKE=$(endpoint revocation_endpoint)
ORIGIN=$(printf %s "$AUTHORIZE" | cut -d/ -f1-3)

# The two halves of PKCE.
VERIFIER=$(openssl rand -hex 32)
CHALLENGE=$(printf %s "$VERIFIER" | openssl dgst -sha256 -binary | openssl base64 | tr '+/' '-_' | tr -d '=')
STATE=$(openssl rand -hex 16)

# The browser: it follows redirects of the server, keeps cookies, and stops where the app would take over.
visit() {
  NEXT=$(curl -sS -b cookies.txt -c cookies.txt -o page.html -w '%{redirect_url}' "$@")
  while [ "${NEXT#"$ORIGIN"/}" != "$NEXT" ]; do
    NEXT=$(curl -sS -b cookies.txt -c cookies.txt -o page.html -w '%{redirect_url}' "$NEXT")
  done
}
target() { printf %s "$ORIGIN"; sed -n 's/.*<form method="post" action="\([^"]*\)".*/\1/p' page.html; }
field() { sed -n "s/.*name=\"$1\" value=\"\([^\"]*\)\".*/\1/p" page.html | head -n 1; }

visit -G "$AUTHORIZE" -d response_type=code -d "client_id=$CLIENT_ID" --data-urlencode "redirect_uri=$REDIRECT_URI" \
  --data-urlencode "scope=launch/patient openid fhirUser offline_access patient/Patient.rs patient/Coverage.rs" \
  -d "state=$STATE" --data-urlencode "aud=$FHIR" -d "code_challenge=$CHALLENGE" -d code_challenge_method=S256
visit "$(target)" -d "csrf=$(field csrf)" -d "username=$USERNAME" -d "password=$PASSWORD"
visit "$(target)" -d "csrf=$(field csrf)" -d decision=grant -d scope=fhirUser -d scope=offline_access \
  --data-urlencode scope=patient/Patient.rs --data-urlencode scope=patient/Coverage.rs

# What the app finds at its redirect URI.
answer() { printf %s "$NEXT" | sed -n "s/.*[?&]$1=\([^&]*\).*/\1/p"; }
[ "$(answer state)" = "$STATE" ]

curl -sS "$TOKEN_URL" -d grant_type=authorization_code -d "client_id=$CLIENT_ID" -d "code=$(answer code)" \
  --data-urlencode "redirect_uri=$REDIRECT_URI" -d "code_verifier=$VERIFIER" > token.json
value() { sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/" token.json; }
PATIENT=$(value patient) REFRESH=$(value refresh_token)
cat token.json
echo
curl -sS "$FHIR/Patient/$PATIENT" -H "Authorization: Bearer $(value access_token)"
echo
curl -sS "$FHIR/Coverage?patient=$PATIENT" -H "Authorization: Bearer $(value access_token)"
echo

# An hour later, or now.
curl -sS "$TOKEN_URL" -d grant_type=refresh_token -d "client_id=$CLIENT_ID" -d "refresh_token=$REFRESH" > token.json
cat token.json
echo
status() { curl -sS -o /dev/null -w '%{http_code}\n' "$@"; }
status "$FHIR/Patient/$PATIENT" -H "Authorization: Bearer $(value access_token)"

# The app is removed from the phone: what it had is worth nothing any more.
status "$REVOKE" -d "client_id=$CLIENT_ID" -d "token=$(value refresh_token)"
status "$FHIR/Patient/$PATIENT" -H "Authorization: Bearer $(value access_token)"
