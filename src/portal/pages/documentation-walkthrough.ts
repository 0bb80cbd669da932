// The walk-through of the documentation: from an app's credentials to a test member's record with curl alone. A test runs
// these commands as they are printed. Needs a shell with curl, openssl and sed.
import type { Line } from '../../config/config.ts';
import { type Html, html } from '../../pages/page.ts';

/** Somebody with a record worth reading, whose password may be printed. */
export interface TestMember {
  readonly line: string;
  readonly username: string;
  readonly password: string;
}

export interface WalkthroughStep {
  readonly words: string;
  readonly commands: string;
}

export function walkthroughSteps(line: Line, member: TestMember): readonly WalkthroughStep[] {
  return [
    {
      words: 'Put in what you got when you registered, and make the two halves of PKCE.',
      commands: `CLIENT_ID=paste-your-client-id
CLIENT_SECRET=paste-your-secret
REDIRECT_URI=https://app.example.com/callback
PORTAL=${line.portalUrl}
FHIR=${line.fhirUrl}
VERIFIER=$(openssl rand -hex 32)
CHALLENGE=$(printf %s "$VERIFIER" | openssl dgst -sha256 -binary | openssl base64 | tr '+/' '-_' | tr -d '=')`,
    },
    {
      words:
        'Play the browser: a cookie jar, the page it shows, where the form of that page goes, and the value of one of its fields.',
      commands: `page() { curl -sS -L -b cookies.txt -c cookies.txt "$@" > page.html; }
target() { printf %s "$PORTAL" | cut -d/ -f1-3 | tr -d '\\n'; sed -n 's/.*<form method="post" action="\\([^"]*\\)".*/\\1/p' page.html; }
field() { sed -n "s/.*name=\\"$1\\" value=\\"\\([^\\"]*\\)\\".*/\\1/p" page.html; }`,
    },
    {
      words: 'Send the member to sign in.',
      commands: `page -G "$PORTAL/connect/authorize" -d "client_id=$CLIENT_ID" --data-urlencode "redirect_uri=$REDIRECT_URI" \\
  --data-urlencode "response_type=code id_token" -d response_mode=form_post -d state=abc -d nonce=xyz \\
  -d "code_challenge=$CHALLENGE" -d code_challenge_method=S256 \\
  --data-urlencode "scope=openid offline_access patientapi.demographics.read patientapi.claims.read"`,
    },
    {
      words: 'The member signs in, and agrees to each kind of information.',
      commands: `page "$(target)" -d "csrf=$(field csrf)" -d username=${member.username} -d password=${member.password}
page "$(target)" -d "csrf=$(field csrf)" -d decision=grant -d scope=offline_access \\
  -d scope=patientapi.demographics.read -d scope=patientapi.claims.read
CODE=$(field code)`,
    },
    {
      words: 'Exchange the code within its minute.',
      commands: `curl -sS "$PORTAL/connect/token" -u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=authorization_code \\
  -d "code=$CODE" --data-urlencode "redirect_uri=$REDIRECT_URI" -d "code_verifier=$VERIFIER" | tee token.json
TOKEN=$(sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/' token.json)
REFRESH=$(sed 's/.*"refresh_token":"\\([^"]*\\)".*/\\1/' token.json)
PATIENT=$(sed 's/.*"patient":"\\([^"]*\\)".*/\\1/' token.json)`,
    },
    {
      words: 'Read the record.',
      commands: `curl -sS "$FHIR/Patient/$PATIENT" -H "Authorization: Bearer $TOKEN"
curl -sS "$FHIR/ExplanationOfBenefit?patient=$PATIENT&_count=5" -H "Authorization: Bearer $TOKEN"`,
    },
    {
      words: 'An hour later, or now: a new access token.',
      commands: `curl -sS "$PORTAL/connect/token" -u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=refresh_token -d "refresh_token=$REFRESH"`,
    },
  ];
}

export function walkthrough(line: Line, member: TestMember): Html {
  return html`<section id="try"><h2>Try it with curl</h2>
<p>Register a confidential app with the redirect URI <code>https://app.example.com/callback</code> (nothing is sent there), put its
client id and secret into the first step, and paste the steps into one shell, one after the other. The member is one of the
<a href="/sandbox">test members</a>; nothing but curl, openssl and sed is needed.</p>
<ol>${walkthroughSteps(line, member).map(
    (step) => html`<li><p>${step.words}</p><pre><code>${step.commands}</code></pre></li>`,
  )}</ol>
<p>With a browser instead: open the address of step 3 there, with <code>response_type=code</code> and without
<code>response_mode</code>; sign in and share. The browser then stands at your redirect URI, and the code is in its address.</p></section>`;
}
