// The public documentation at /developer/docs/patient-api: no account, no fee (42 CFR 422.119(d)). What it says of
// scopes, resource types, parameters and errors is made from the tables that the server itself uses.
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/config.ts';
import type { Definitions } from '../fhir/definitions/definitions.ts';
import { fhirErrors } from '../fhir/operation-outcome.ts';
import { fhirRoutes } from '../fhir/routes.ts';
import { defaultKilometres } from '../fhir/search/param-types/special.ts';
import { maximumCount } from '../fhir/search/search-request.ts';
import { type Html, html, type PageContent, pageHeaders, renderPage } from '../pages/page.ts';
import { dataClasses, memberTypes, referenceTypes, referredTypes } from '../smart/data-classes.ts';
import { type TestMember, walkthrough } from './pages/documentation-walkthrough.ts';

export interface DocumentationParts {
  readonly config: Config;
  readonly definitions: Definitions;
  /** In the sandbox: who signs in in the walk-through. */
  readonly testMember?: TestMember | undefined;
}

export function registerDocumentation(app: FastifyInstance, parts: DocumentationParts): void {
  const page = renderPage(parts.config, documentationPage(parts));
  app.get('/developer/docs/patient-api', async (_request, reply) =>
    reply.headers({ ...pageHeaders, 'cache-control': 'public, max-age=300' }).send(await page),
  );
  app.get('/developer/docs', async (_request, reply) =>
    reply.redirect(`${parts.config.planUrl}/developer/docs/patient-api`, 302),
  );
}

function documentationPage({ config, definitions, testMember }: DocumentationParts): PageContent {
  const line = config.lines.find((candidate) => candidate.id === testMember?.line);
  const tryIt = line !== undefined && testMember !== undefined;
  return {
    title: 'Patient API documentation',
    navigation: [
      { href: `${config.planUrl}/developer`, text: 'Developer portal' },
      ...(config.mode === 'sandbox' ? [{ href: `${config.planUrl}/sandbox`, text: 'Test members' }] : []),
    ],
    body: html`<h1>Patient API</h1>
<p class="lead">Read a member's record as HL7 FHIR R4, once the member has signed in and agreed. Another payer uses the same API:
<code>patient</code> in the token answer is our id of the member, so nothing has to be matched.</p>
<nav aria-label="On this page"><ul class="tags">
${tryIt ? html`<li><a href="#try">Try it with curl</a></li>` : ''}
<li><a href="#register">Register</a></li><li><a href="#lines">Lines of business</a></li><li><a href="#authorize">Authorize</a></li>
<li><a href="#token">Token</a></li><li><a href="#read">Read and search</a></li><li><a href="#keep">Keep and end access</a></li>
<li><a href="#scopes">Scopes</a></li><li><a href="#types">Resource types</a></li><li><a href="#errors">Errors</a></li></ul></nav>
${tryIt ? walkthrough(line, testMember) : ''}
${register(config)}${lines(config)}${authorize(config)}${token(config)}${reading(config)}${keeping(config)}${scopes()}${types(definitions)}${errors()}`,
  };
}

function register(config: Config): Html {
  return html`<section id="register"><h2>1. Register</h2>
<p>Sign up in the <a href="${config.planUrl}/developer">developer portal</a> and add an application: its name and its redirect URI.
You get a client id and, unless the app is public, a secret. The secret is shown once and cannot be recovered; you can generate a
new one at any time and choose until when the old one stays valid: a day unless you say otherwise. Two are valid at most. One
registration serves every line of business. A payer registers the same way.</p>
<p>Instead of having a secret an app may sign (<code>private_key_jwt</code>, <code>RS384</code> or <code>ES384</code>): give its public
keys or, better, the address where it publishes them (<code>jwks_uri</code>), which is read again when a minute has passed. An
assertion lives for five minutes at most and is good once.</p>
<p>Redirect URIs are compared exactly. They use https${config.mode === 'sandbox' ? ', or http on localhost here in the sandbox' : ''};
a public app on a device may use <code>http://127.0.0.1</code> or <code>http://[::1]</code>, where any port will do, or a scheme
made from a domain name, such as <code>com.example.app:/callback</code>.</p></section>`;
}

function lines(config: Config): Html {
  return html`<section id="lines"><h2>2. Lines of business</h2>
<p>Each line has an authorization server (the portal) and a FHIR base of its own. A token of one is no use at the other.</p>
<table class="stack"><thead><tr><th scope="col">Line</th><th scope="col">Portal</th><th scope="col">FHIR base</th></tr></thead>
<tbody>${config.lines.map(
    (line) =>
      html`<tr><th scope="row">${line.name}</th><td data-label="Portal"><code>${line.portalUrl}</code></td><td data-label="FHIR base"><code>${line.fhirUrl}</code></td></tr>`,
  )}</tbody></table>
<p>Every address below is also in the <a href="${config.lines[0]!.portalUrl}/.well-known/openid-configuration">OpenID configuration</a> of its line.</p></section>`;
}

function authorize(config: Config): Html {
  const line = config.lines[0]!;
  return html`<section id="authorize"><h2>3. Send the member to sign in</h2>
<pre><code>GET ${line.portalUrl}/connect/authorize
  ?client_id=YOUR_CLIENT_ID
  &amp;redirect_uri=https://app.example.com/callback
  &amp;response_type=code id_token
  &amp;response_mode=form_post
  &amp;scope=openid patientapi.demographics.read patientapi.claims.read
  &amp;state=A_RANDOM_VALUE&amp;nonce=ANOTHER_RANDOM_VALUE
  &amp;code_challenge=BASE64URL_OF_SHA256_OF_YOUR_CODE_VERIFIER&amp;code_challenge_method=S256</code></pre>
<p>The member signs in and grants all, part or nothing. The browser then posts <code>code</code>, <code>id_token</code> and
<code>state</code> to your redirect URI, or <code>error=access_denied</code>. Compare <code>state</code> with what you sent, and
<code>nonce</code> with the claim in the id_token. Values are percent-encoded in the real address.</p>
<p>PKCE (<code>code_challenge</code>, RFC 7636) is required, with <code>S256</code> only. An app that was registered for the token
request in the query may leave it out here.</p>
<p>Standard SMART App Launch works too, for confidential and public apps: <code>response_type=code</code> with PKCE,
<code>aud</code> = the FHIR base, scopes like <code>launch/patient patient/Patient.rs</code>. The answer then comes in the query of
your redirect URI. See <a href="${line.fhirUrl}/.well-known/smart-configuration">smart-configuration</a>.</p>
<p>A person who acts for others, a parent for example, chooses on that page whose record is shared: one person, or with
<code>user/</code> scopes several. <code>patient</code> is then the first of them, and a search without <code>patient</code> finds
those of all. Substance use, mental health and other sensitive records are shared only when the member ticks them.</p>
<p><code>login_hint</code> fills in the user name, <code>ui_locales=es</code> asks for Spanish pages, <code>prompt</code> and
<code>max_age</code> work as OpenID Connect says; <code>prompt=none</code> is always refused, because each request is agreed to
on its own.</p></section>`;
}

function token(config: Config): Html {
  const line = config.lines[0]!;
  return html`<section id="token"><h2>4. Exchange the code</h2>
<pre><code>curl -s ${line.portalUrl}/connect/token \\
  -u YOUR_CLIENT_ID:YOUR_CLIENT_SECRET \\
  -d grant_type=authorization_code -d code=THE_CODE \\
  -d redirect_uri=https://app.example.com/callback \\
  -d code_verifier=YOUR_CODE_VERIFIER</code></pre>
<p>A public app sends <code>client_id</code> instead of <code>-u</code>. Apps that were registered for “Token request in the query” may
also send it as older documentation has it. That is deprecated, because secrets in addresses end up in logs${
    config.legacyTokenSunset === undefined ? '' : `, and ends on ${config.legacyTokenSunset}`
  }:</p>
<pre><code>curl -s "${line.portalUrl}/connect/token?ClientId=YOUR_CLIENT_ID&amp;ClientSecret=YOUR_CLIENT_SECRET&amp;Code=THE_CODE&amp;RedirectUri=https://app.example.com/callback"</code></pre>
<p>A code is good for one minute and for one use: used twice, it ends what it gave. The answer:</p>
<pre><code>{
  "access_token": "…", "token_type": "Bearer", "expires_in": 3600,
  "id_token": "…", "scope": "openid patientapi.demographics.read",
  "patient": "the id of the member, to use in every API call"
}</code></pre>
<p><code>scope</code> is what the member granted, which may be less than you asked for.</p></section>`;
}

function reading(config: Config): Html {
  const line = config.lines[0]!;
  return html`<section id="read"><h2>5. Read and search</h2>
<pre><code>curl -s "${line.fhirUrl}/Patient/$PATIENT" \\
  -H "Authorization: Bearer $TOKEN" --compressed \\
  -H "Accept: application/json, text/json, text/x-json, text/javascript, application/xml, text/xml"

curl -s "${line.fhirUrl}/ExplanationOfBenefit?patient=$PATIENT&amp;_count=50" -H "Authorization: Bearer $TOKEN"
curl -s "${line.fhirUrl}/Observation?patient=$PATIENT&amp;category=laboratory&amp;date=ge2025-01-01" -H "Authorization: Bearer $TOKEN"</code></pre>
<p>Answers are FHIR JSON, or FHIR XML for <code>Accept: application/fhir+xml</code> or <code>application/xml</code>; <code>_format</code> and
<code>_pretty</code> do as FHIR says, and zstd, br and gzip are known. Bodies may be JSON or XML. The provider directory
and the formulary name no member and need no token.</p>
<p>A batch has at most 100 entries, each a read or a search and answered as a request of its own. <code>start</code> and <code>end</code> of
<code>$everything</code> and <code>$docref</code> go by the date of care; what has none is of every time. Without both, <code>$docref</code> gives the
newest document, a summary of care before others. A <code>Binary</code> comes as the document it is unless you name a format of FHIR.</p>
<p>A resource without a status that US Core demands is not shown; a search that would find it says so in an
<code>OperationOutcome</code> with the code <code>suppressed</code>.</p>
<p>Follow <code>link</code> with relation <code>next</code> for further pages; use it as it is. A page has at most ${maximumCount}
entries, whatever <code>_count</code> says. A parameter that is not listed below is refused, never ignored, unless you send
<code>Prefer: handling=lenient</code>. A token is taken in the Authorization header only.</p>
<table class="stack"><thead><tr><th scope="col">Request</th><th scope="col">Interaction</th><th scope="col">Needs</th></tr></thead>
<tbody>${fhirRoutes.map(
    (route) =>
      html`<tr><th scope="row"><code>${route.method} ${route.path.replaceAll(/:(\w+)/g, '[$1]')}</code></th><td data-label="Interaction">${route.code}</td><td data-label="Needs">${
        needs[route.access]
      }</td></tr>`,
  )}</tbody></table></section>`;
}

const needs = { public: 'nothing', bearer: 'access token', optional: 'what its entries need' };

function keeping(config: Config): Html {
  const line = config.lines[0]!;
  return html`<section id="keep"><h2>6. Keep and end access</h2>
<p>Ask for <code>offline_access</code> (up to a year) or <code>online_access</code> (up to 12 hours) beside the others; the member can
refuse it. The token answer then has a <code>refresh_token</code>:</p>
<pre><code>curl -s ${line.portalUrl}/connect/token -u YOUR_CLIENT_ID:YOUR_CLIENT_SECRET \\
  -d grant_type=refresh_token -d refresh_token=THE_REFRESH_TOKEN</code></pre>
<p>Keep the refresh token of the newest answer. A public app gets a new one each time, and using an old one again ends the
connection; a confidential app gets a new one when the old one nears the end of its 90 days. <code>expires_in</code> is less than
3600 when the connection ends sooner, and <code>authorization_expires_in</code> says in how many seconds the member’s consent ends:
after a year at the latest, sooner when a child comes of age or a right to act for somebody runs out.</p>
<p>Members can end a connection at any time, and it ends when they may no longer act for the person it is about, when that person
dies or leaves the plan. From then on the FHIR API answers 401 and a refresh <code>invalid_grant</code>, with an
<code>error_description</code> that says what happened and what to do. To end it yourself:</p>
<pre><code>curl -s ${line.portalUrl}/connect/revocation -u YOUR_CLIENT_ID:YOUR_CLIENT_SECRET -d token=THE_REFRESH_TOKEN</code></pre>
<p><code>/connect/introspect</code> tells an app about its own tokens (RFC 7662), <code>/connect/userinfo</code> who signed in
(<code>sub</code>; <code>name</code> with <code>profile</code>, <code>fhirUser</code> with its scope). <code>fhirUser</code> is a member’s Patient, or the RelatedPerson that somebody who acts
for one is in that record; where there is neither, the scope is not granted.</p></section>`;
}

function scopes(): Html {
  return html`<section id="scopes"><h2>Scopes</h2>
<p>Ask for what you need; the member can refuse each. There are no wildcards. With any of them come the practitioners,
organizations and other reference data that a record refers to. <code>patient/[type].rs</code>, <code>.r</code>, <code>.s</code> and
<code>.read</code> grant single resource types.</p>
<table class="stack"><thead><tr><th scope="col">Scope</th><th scope="col">What it gives</th><th scope="col">Resource types</th></tr></thead>
<tbody>${dataClasses.map(
    (
      dataClass,
    ) => html`<tr><th scope="row"><code class="nowrap">patientapi.${dataClass.code}.read</code></th><td>${dataClass.explains}</td>
<td>${[...new Set(dataClass.rules.map((rule) => (rule.filters.length === 0 ? rule.type : `${rule.type} (part)`)))].join(', ')}</td></tr>`,
  )}</tbody></table></section>`;
}

function types(definitions: Definitions): Html {
  const reachable = new Set([...memberTypes, ...referenceTypes, ...referredTypes]);
  const served = [...definitions.servedTypes].filter((type) => reachable.has(type)).sort();
  return html`<section id="types"><h2>Resource types and their search parameters</h2>
<p>Beside these, every type has <code>_id</code>, <code>_lastUpdated</code>, <code>_count</code>, <code>_total</code>,
<code>_sort</code>, <code>_summary</code> and <code>_elements</code>, and the modifiers that R4 gives to each type of parameter.
<code>near</code> is latitude|longitude|distance|units, within ${defaultKilometres} km where it names no distance. <code>_include</code>, <code>_revinclude</code>, chained parameters and <code>_has</code> follow references, and never
lead beyond what the member granted.</p>
<table class="stack"><thead><tr><th scope="col">Type</th><th scope="col">Search parameters</th></tr></thead>
<tbody>${served.map(
    (type) =>
      html`<tr id="type-${type}"><th scope="row">${type}</th><td>${definitions
        .searchParams(type)
        .map((param) => html`<code>${param.code}</code> <small>${param.type}</small> `)}</td></tr>`,
  )}</tbody></table></section>`;
}

/** RFC 6749 sections 4.1.2.1 and 5.2, OpenID Connect Core section 3.1.2.6. */
const oauthErrors = [
  ['invalid_request', 'A parameter is missing, wrong or given twice. error_description names it.'],
  [
    'invalid_client',
    'The app is unknown or switched off, or its secret or assertion is wrong. Token endpoint: 401.',
  ],
  [
    'invalid_grant',
    'The code or refresh token is unknown, used, expired, of another app, or its connection was ended.',
  ],
  ['unauthorized_client', 'The app is not registered for this grant type or response type.'],
  ['unsupported_grant_type', 'Other than authorization_code and refresh_token.'],
  ['unsupported_response_type', 'Other than code and code id_token.'],
  ['invalid_scope', 'A scope that the app is not registered for, or more than was granted before.'],
  ['invalid_token', 'userinfo: the access token is unknown, expired or ended.'],
  [
    'temporarily_unavailable',
    'Too many requests or failures from one address (429): wait as Retry-After says.',
  ],
  ['access_denied', 'The member did not agree.'],
  ['login_required', 'prompt=none, but nobody is signed in.'],
  ['server_error', 'Something went wrong on our side; try later.'],
] as const;

function errors(): Html {
  return html`<section id="errors"><h2>Errors</h2>
<p>Every error of the FHIR API is an OperationOutcome that names what was wrong and carries a request id to quote.</p>
<table class="stack"><thead><tr><th scope="col">Status</th><th scope="col">issue.code</th><th scope="col">Meaning</th></tr></thead>
<tbody>${Object.entries(fhirErrors).map(
    ([category, error]) =>
      html`<tr id="${category}"><th scope="row">${error.status}</th><td data-label="issue.code"><code>${error.code}</code></td><td>${error.title}</td></tr>`,
  )}</tbody></table>
<h3 id="limits">Limits</h3>
<p>Every answer of the FHIR API says in <code>RateLimit-Policy</code> and <code>RateLimit</code> how many requests your app has in a
minute, for all members and for the one that the token is for, and how many are left (also as <code>RateLimit-Limit</code>,
<code>-Remaining</code> and <code>-Reset</code>, of the one nearest to its end). Beyond that, and after too many failures to
authenticate at the token endpoint, the answer is 429: wait the seconds of <code>Retry-After</code>.</p>
<h3>Portal</h3>
<p>The portal answers <code>error</code> and <code>error_description</code> as JSON, or to your redirect URI from
<code>/connect/authorize</code>. When the app or its redirect URI is not known, the member sees a page instead.</p>
<table class="stack"><thead><tr><th scope="col">error</th><th scope="col">Meaning</th></tr></thead>
<tbody>${oauthErrors.map(([error, meaning]) => html`<tr><th scope="row"><code class="nowrap">${error}</code></th><td>${meaning}</td></tr>`)}</tbody></table></section>`;
}
