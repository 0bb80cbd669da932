// One app of a developer: its addresses, its secrets with their ends, and the form that changes it. A secret itself is on a
// page once, right after it was made.
import type { Config } from '../../config/config.ts';
import type { ClientSecret, Credentials, RegisteredClient } from '../../oauth/client-registry.ts';
import { endpoints } from '../../oauth/endpoints.ts';
import { type Html, html, renderPage } from '../../pages/page.ts';
import { titleOf } from './account-pages.ts';
import { keysFields, redirectUrisField } from './app-fields.ts';
import { type FormState, formField } from './form-field.ts';
import { portalNavigation } from './portal-navigation.ts';

export interface AppPageParts {
  readonly app: RegisteredClient;
  readonly csrf: string;
  /** The newest first. */
  readonly secrets: readonly ClientSecret[];
  readonly now: number;
  /** Only right after they were made. */
  readonly credentials?: Credentials;
  readonly problem?: string;
}

export function appPage(
  config: Config,
  { app, csrf, secrets, now, credentials, problem }: AppPageParts,
): Promise<string> {
  const at = `${config.planUrl}/developer`;
  const lines = config.lines.filter((line) => app.lines.includes(line.id));
  return renderPage(config, {
    title: app.name,
    navigation: portalNavigation(config),
    body: html`<h1>${app.name}</h1>
${problem === undefined ? '' : html`<p class="error" role="alert">${problem}</p>`}
${
  credentials?.client_secret === undefined
    ? ''
    : html`<section class="card" role="status"><h2>Your secret</h2>
<p>Copy it now. It is not stored and cannot be shown again; if you lose it, make a new one.</p>
<p class="copy" id="client_secret">${credentials.client_secret}</p></section>`
}
${app.disabledAt === undefined ? '' : html`<p class="error">The plan has switched this app off. None of its tokens is accepted.</p>`}
<section class="card"><dl class="facts">
<dt>Client id</dt><dd><span class="copy" id="client_id">${app.client_id}</span></dd>
<dt>Kind</dt><dd>${kind[app.authMethod]}</dd>
${app.jwksUri === undefined ? '' : html`<dt>Its keys</dt><dd><code>${app.jwksUri}</code></dd>`}
<dt>Redirect URIs</dt><dd>${app.redirectUris.map((uri) => html`<code>${uri}</code><br>`)}</dd>
<dt>Token request</dt><dd>${app.legacyToken ? 'Standard form, or names and secret in the query' : 'Standard form'}</dd>
</dl>
<div class="actions"><a class="button secondary" href="${at}/apps/${app.client_id}/edit">Change the app</a></div>
<h2>Where to use it</h2>
<table class="stack"><thead><tr><th scope="col">Line of business</th><th scope="col">Authorize</th><th scope="col">Token</th><th scope="col">FHIR base</th></tr></thead>
<tbody>${lines.map((line) => {
      const where = endpoints(line);
      return html`<tr><th scope="row">${line.name}</th><td data-label="Authorize"><code>${where.authorization_endpoint}</code></td><td data-label="Token"><code>${where.token_endpoint}</code></td><td data-label="FHIR base"><code>${line.fhirUrl}</code></td></tr>`;
    })}</tbody></table>
<p><a href="${at}/docs/patient-api">How to use them</a></p></section>
${app.authMethod === 'client_secret' ? secretsCard(`${at}/apps/${app.client_id}`, { csrf, secrets, now }) : ''}
${app.legacyToken ? legacyWarning(config, { app, csrf }) : ''}
<p><a href="${at}">All your apps</a></p>`,
  });
}

const kind: Readonly<Record<RegisteredClient['authMethod'], string>> = {
  none: 'Public: no secret, PKCE required',
  client_secret: 'Confidential',
  private_key_jwt: 'Confidential: signs with keys of its own (private_key_jwt)',
};

function legacyWarning(config: Config, { app, csrf }: { app: RegisteredClient; csrf: string }): Html {
  const at = `${config.planUrl}/developer`;
  const until =
    config.legacyTokenSunset === undefined
      ? 'It will be switched off some day.'
      : `It will be switched off on ${dayOf(Date.parse(config.legacyTokenSunset))}.`;
  return html`<section class="card"><h2>Leave the token request in the query</h2>
<p>This app may send its secret in the address of the token request. Addresses end up in logs, so that form is deprecated.
${until} Change your app to the <a href="${at}/docs/patient-api#token">standard form with PKCE</a>, then end the old form here.
You get a new secret; the one that stood in addresses ends in a day.</p>
<form method="post" action="${at}/apps/${app.client_id}/leave-legacy"><input type="hidden" name="csrf" value="${csrf}">
<button class="button secondary" type="submit">End the old form</button></form></section>`;
}

function secretsCard(
  at: string,
  { csrf, secrets, now }: { csrf: string; secrets: readonly ClientSecret[]; now: number },
): Html {
  const two = secrets.length > 1;
  return html`<section class="card"><h2>Replace the secret</h2>
<form method="post" action="${at}/secret"><input type="hidden" name="csrf" value="${csrf}">
<p>You get a new one at once. Choose until when the old one stays good, so that your app can change over.${
    two ? html` Two are good at most: <strong>the older of the two below ends at once.</strong>` : ''
  }</p>
<div class="field"><label for="overlap">The old secret ends</label>
<select id="overlap" name="overlap">${overlaps.map(
    ([value, words]) =>
      html`<option value="${String(value)}"${value === usualOverlap ? html` selected` : ''}>${words}${
        value < usualOverlap ? '' : `: ${dayOf(now + value * 1000)}`
      }</option>`,
  )}</select></div>
<button class="button secondary" type="submit">Make a new secret</button></form>
<h2>Secrets that are good now</h2>
<table class="stack"><thead><tr><th scope="col">Made</th><th scope="col">Ends</th><th scope="col">End early</th></tr></thead>
<tbody>${secrets.map(
    ({ id, createdAt, endsAt }) => html`<tr><th scope="row">${momentOf(createdAt)}</th>
<td data-label="Ends">${endsAt === undefined ? 'when you replace it' : momentOf(endsAt)}</td>
<td data-label="End early">${
      two
        ? html`<form method="post" action="${at}/secrets/${id}/end"><input type="hidden" name="csrf" value="${csrf}"><button class="button secondary" type="submit">End now</button></form>`
        : 'The only one'
    }</td></tr>`,
  )}</tbody></table></section>`;
}

const usualOverlap = 86_400;
/** Seconds. */
const overlaps: readonly (readonly [number, string])[] = [
  [0, 'at once, because somebody else may know it'],
  [3600, 'in an hour'],
  [usualOverlap, 'in a day'],
  [7 * 86_400, 'in a week'],
  [30 * 86_400, 'in 30 days'],
  [90 * 86_400, 'in 90 days'],
];

/** Of those that the page offers. */
export function chosenOverlap(value: string | null): number {
  return overlaps.find(([seconds]) => String(seconds) === value)?.[0] ?? usualOverlap;
}

export function editAppPage(
  config: Config,
  { app, csrf, state }: { app: RegisteredClient; csrf: string; state: FormState },
): Promise<string> {
  const at = `${config.planUrl}/developer/apps/${app.client_id}`;
  return renderPage(config, {
    title: titleOf(`Change ${app.name}`, state),
    navigation: portalNavigation(config),
    body: html`<section class="card"><h1>Change ${app.name}</h1>
<p>Changes hold from the next request on. Members who connected the app stay connected.</p>
<form method="post" action="${at}/edit">
<input type="hidden" name="csrf" value="${csrf}">
${formField(state, { name: 'name', label: 'Name of the app', hint: 'Members see it when they are asked to share.', maxLength: 100 })}
${redirectUrisField(config, state)}
${
  app.public
    ? ''
    : html`<fieldset><legend>Keys of its own</legend>
<p class="hint">${
        app.authMethod === 'client_secret'
          ? 'The app has a secret now. With keys it signs instead, and the secret ends at once.'
          : 'The app signs with these.'
      }</p>
${keysFields(state)}</fieldset>`
}
<div class="actions"><button class="button" type="submit">Save</button>
<a class="button secondary" href="${at}">Cancel</a></div>
</form></section>`,
  });
}

/** UTC, as everything the server logs. */
function momentOf(ms: number): string {
  return `${dayOf(ms)}, ${new Date(ms).toISOString().slice(11, 16)} UTC`;
}

function dayOf(ms: number): string {
  return new Date(ms).toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  });
}
