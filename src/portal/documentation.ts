// The public documentation at /developer/docs/patient-api: no account, no fee (42 CFR 422.119(d)). What it says of
// scopes, resource types, parameters and errors is made from the tables that the server itself uses.
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/config.ts';
import type { Definitions } from '../fhir/definitions/definitions.ts';
import { fhirErrors } from '../fhir/operation-outcome.ts';
import { fhirRoutes } from '../fhir/routes.ts';
import { type Html, html, type PageContent, pageHeaders, renderPage } from '../pages/page.ts';
import { dataClasses, memberTypes, referenceTypes, referredTypes } from '../smart/data-classes.ts';

export function registerDocumentation(
  app: FastifyInstance,
  parts: { readonly config: Config; readonly definitions: Definitions },
): void {
  const page = renderPage(parts.config, documentationPage(parts.config, parts.definitions));
  app.get('/developer/docs/patient-api', async (_request, reply) =>
    reply.headers({ ...pageHeaders, 'cache-control': 'public, max-age=300' }).send(await page),
  );
  app.get('/developer/docs', async (_request, reply) =>
    reply.redirect(`${parts.config.planUrl}/developer/docs/patient-api`, 302),
  );
}

function documentationPage(config: Config, definitions: Definitions): PageContent {
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
<li><a href="#register">Register</a></li><li><a href="#lines">Lines of business</a></li><li><a href="#authorize">Authorize</a></li>
<li><a href="#token">Token</a></li><li><a href="#read">Read and search</a></li><li><a href="#scopes">Scopes</a></li>
<li><a href="#types">Resource types</a></li><li><a href="#errors">Errors</a></li></ul></nav>
${register(config)}${lines(config)}${authorize(config)}${token(config)}${reading(config)}${scopes()}${types(definitions)}${errors()}`,
  };
}

function register(config: Config): Html {
  return html`<section id="register"><h2>1. Register</h2>
<p>Sign up in the <a href="${config.planUrl}/developer">developer portal</a> and add an application: its name and its redirect URI.
You get a client id and a secret. The secret is shown once and cannot be recovered; you can generate a new one.
One registration serves every line of business. A payer registers the same way.</p>
<p>Redirect URIs are compared exactly. They use https${config.mode === 'sandbox' ? ', or http on localhost here in the sandbox' : ''}.</p></section>`;
}

function lines(config: Config): Html {
  return html`<section id="lines"><h2>2. Lines of business</h2>
<p>Each line has an authorization server (the portal) and a FHIR base of its own. A token of one is no use at the other.</p>
<div class="scroll"><table><thead><tr><th scope="col">Line</th><th scope="col">Portal</th><th scope="col">FHIR base</th></tr></thead>
<tbody>${config.lines.map(
    (line) =>
      html`<tr><th scope="row">${line.name}</th><td><code>${line.portalUrl}</code></td><td><code>${line.fhirUrl}</code></td></tr>`,
  )}</tbody></table></div></section>`;
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
  &amp;state=A_RANDOM_VALUE&amp;nonce=ANOTHER_RANDOM_VALUE</code></pre>
<p>The member signs in and grants all, part or nothing. The browser then posts <code>code</code>, <code>id_token</code> and
<code>state</code> to your redirect URI, or <code>error=access_denied</code>. Compare <code>state</code> with what you sent, and
<code>nonce</code> with the claim in the id_token.</p>
<p>Standard SMART App Launch works too: <code>response_type=code</code> with PKCE (<code>S256</code>), <code>aud</code> = the FHIR base,
scopes like <code>launch/patient patient/Patient.rs</code>. See <a href="${line.fhirUrl}/.well-known/smart-configuration">smart-configuration</a>.</p></section>`;
}

function token(config: Config): Html {
  const line = config.lines[0]!;
  return html`<section id="token"><h2>4. Exchange the code</h2>
<pre><code>curl -s ${line.portalUrl}/connect/token \\
  -u YOUR_CLIENT_ID:YOUR_CLIENT_SECRET \\
  -d grant_type=authorization_code -d code=THE_CODE \\
  -d redirect_uri=https://app.example.com/callback</code></pre>
<p>Or, for apps that were registered with the older form (deprecated, because secrets in addresses end up in logs):</p>
<pre><code>curl -s "${line.portalUrl}/connect/token?ClientId=YOUR_CLIENT_ID&amp;ClientSecret=YOUR_CLIENT_SECRET&amp;Code=THE_CODE&amp;RedirectUri=https://app.example.com/callback"</code></pre>
<p>A code is good for one minute and for one use. The answer:</p>
<pre><code>{
  "access_token": "…", "token_type": "Bearer", "expires_in": 3600,
  "id_token": "…", "scope": "openid patientapi.demographics.read",
  "patient": "the id of the member, to use in every API call"
}</code></pre></section>`;
}

function reading(config: Config): Html {
  const line = config.lines[0]!;
  return html`<section id="read"><h2>5. Read and search</h2>
<pre><code>curl -s "${line.fhirUrl}/Patient/$PATIENT" \\
  -H "Authorization: Bearer $TOKEN" --compressed \\
  -H "Accept: application/json, text/json, text/x-json, text/javascript, application/xml, text/xml"

curl -s "${line.fhirUrl}/ExplanationOfBenefit?patient=$PATIENT&amp;_count=50" -H "Authorization: Bearer $TOKEN"
curl -s "${line.fhirUrl}/Observation?patient=$PATIENT&amp;category=laboratory&amp;date=ge2025-01-01" -H "Authorization: Bearer $TOKEN"</code></pre>
<p>Follow <code>link</code> with relation <code>next</code> for further pages; use it as it is. <code>_count</code> is at most 500.
A parameter that is not listed below is refused, never ignored, unless you send <code>Prefer: handling=lenient</code>.</p>
<div class="scroll"><table><thead><tr><th scope="col">Request</th><th scope="col">Interaction</th><th scope="col">Needs</th></tr></thead>
<tbody>${fhirRoutes.map(
    (route) =>
      html`<tr><td><code>${route.method} ${route.path.replaceAll(/:(\w+)/g, '[$1]')}</code></td><td>${route.code}</td><td>${
        route.access === 'public' ? 'nothing' : 'access token'
      }</td></tr>`,
  )}</tbody></table></div></section>`;
}

function scopes(): Html {
  return html`<section id="scopes"><h2>Scopes</h2>
<p>Ask for what you need; the member can refuse each. There are no wildcards. With any of them come the practitioners,
organizations and other reference data that a record refers to. <code>patient/[type].rs</code>, <code>.r</code>, <code>.s</code> and
<code>.read</code> grant single resource types.</p>
<div class="scroll"><table><thead><tr><th scope="col">Scope</th><th scope="col">What it gives</th><th scope="col">Resource types</th></tr></thead>
<tbody>${dataClasses.map(
    (
      dataClass,
    ) => html`<tr><td><code>patientapi.${dataClass.code}.read</code></td><td>${dataClass.explains}</td>
<td>${[...new Set(dataClass.rules.map((rule) => (rule.filters.length === 0 ? rule.type : `${rule.type} (part)`)))].join(', ')}</td></tr>`,
  )}</tbody></table></div></section>`;
}

function types(definitions: Definitions): Html {
  const reachable = new Set([...memberTypes, ...referenceTypes, ...referredTypes]);
  const served = [...definitions.servedTypes].filter((type) => reachable.has(type)).sort();
  return html`<section id="types"><h2>Resource types and their search parameters</h2>
<p>Beside these, every type has <code>_id</code>, <code>_lastUpdated</code>, <code>_count</code> and <code>_total</code>.</p>
<div class="scroll"><table><thead><tr><th scope="col">Type</th><th scope="col">Search parameters</th></tr></thead>
<tbody>${served.map(
    (type) =>
      html`<tr id="type-${type}"><th scope="row">${type}</th><td>${definitions
        .searchParams(type)
        .map((param) => html`<code>${param.code}</code> <small>${param.type}</small> `)}</td></tr>`,
  )}</tbody></table></div></section>`;
}

function errors(): Html {
  return html`<section id="errors"><h2>Errors</h2>
<p>Every error of the FHIR API is an OperationOutcome that names what was wrong and carries a request id to quote.
The token endpoint answers <code>error</code> and <code>error_description</code> (RFC 6749).</p>
<div class="scroll"><table><thead><tr><th scope="col">Status</th><th scope="col">issue.code</th><th scope="col">Meaning</th></tr></thead>
<tbody>${Object.entries(fhirErrors).map(
    ([category, error]) =>
      html`<tr id="${category}"><td>${error.status}</td><td><code>${error.code}</code></td><td>${error.title}</td></tr>`,
  )}</tbody></table></div></section>`;
}
