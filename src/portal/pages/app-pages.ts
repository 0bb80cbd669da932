// A developer's apps: the list, the form of a new one, one app, and its secret, which is shown once.
import type { Config } from '../../config/config.ts';
import type { Credentials, RegisteredClient } from '../../oauth/client-registry.ts';
import { endpoints } from '../../oauth/endpoints.ts';
import { html, renderPage } from '../../pages/page.ts';
import type { Developer } from '../developers.ts';
import { titleOf } from './account-pages.ts';
import { type FormState, formField } from './form-field.ts';
import { portalNavigation } from './portal-navigation.ts';

export function appListPage(
  config: Config,
  { developer, csrf, apps }: { developer: Developer; csrf: string; apps: readonly RegisteredClient[] },
): Promise<string> {
  const at = `${config.planUrl}/developer`;
  return renderPage(config, {
    title: 'Your apps',
    navigation: portalNavigation(config),
    body: html`<h1>Your apps</h1>
${
  apps.length === 0
    ? html`<section class="card"><p>You have not registered an app yet.</p>
<div class="actions"><a class="button" href="${at}/apps/new">Register an app</a></div></section>`
    : html`<section class="card"><table class="stack"><thead><tr><th scope="col">App</th><th scope="col">Client id</th><th scope="col">Kind</th><th scope="col">State</th></tr></thead>
<tbody>${apps.map(
        (
          app,
        ) => html`<tr><th scope="row"><a href="${at}/apps/${app.client_id}">${app.name}</a></th><td data-label="Client id"><code>${app.client_id}</code></td>
<td data-label="Kind">${app.public ? 'public' : 'confidential'}</td><td data-label="State">${app.disabledAt === undefined ? 'active' : 'switched off by the plan'}</td></tr>`,
      )}</tbody></table>
<div class="actions"><a class="button" href="${at}/apps/new">Register another app</a></div></section>`
}
<form method="post" action="${at}/sign-out"><input type="hidden" name="csrf" value="${csrf}">
<p>Signed in as ${developer.email}.</p><button class="button secondary" type="submit">Sign out</button></form>`,
  });
}

export function newAppPage(
  config: Config,
  csrf: string,
  state: FormState,
  lines: readonly string[],
): Promise<string> {
  const checked = (on: boolean) => (on ? html` checked` : '');
  const isPublic = state.typed.kind === 'public';
  const problem = state.errors.public ?? state.errors.form;
  return renderPage(config, {
    title: titleOf('Register an app', state),
    navigation: portalNavigation(config),
    body: html`<section class="card"><h1>Register an app</h1>
${problem === undefined ? '' : html`<p class="error" role="alert">${problem}</p>`}
<form method="post" action="${config.planUrl}/developer/apps/new">
<input type="hidden" name="csrf" value="${csrf}">
${formField(state, { name: 'name', label: 'Name of the app', hint: 'Members see it when they are asked to share.', maxLength: 100 })}
${formField(state, {
  name: 'redirectUris',
  label: 'Redirect URIs',
  hint: `One on each line. They are compared exactly; no wildcards. ${config.mode === 'sandbox' ? 'https, or http://localhost here in the sandbox.' : 'https only, except private-use schemes of phone apps.'}`,
  rows: 3,
  maxLength: 20_000,
})}
<fieldset><legend>What kind of app is it?</legend>
<label class="choice"><input type="radio" name="kind" value="confidential"${checked(!isPublic)}><span><strong>Confidential</strong> It has a server that keeps a secret.</span></label>
<label class="choice"><input type="radio" name="kind" value="public"${checked(isPublic)}><span><strong>Public</strong> It runs in a browser or on a phone: no secret, PKCE instead.</span></label>
</fieldset>
<fieldset><legend>Lines of business</legend>
${state.errors.lines === undefined ? '' : html`<p class="error">${state.errors.lines}</p>`}
${config.lines.map((line) => html`<label class="choice"><input type="checkbox" name="line" value="${line.id}"${checked(lines.includes(line.id))}><span><strong>${line.name}</strong> ${line.portalUrl}</span></label>`)}
</fieldset>
<fieldset><legend>Compatibility</legend>
<label class="choice"><input type="checkbox" name="legacyToken" value="yes"${checked(state.typed.legacyToken === 'yes')}><span><strong>Token request in the query</strong>
<code>/connect/token?ClientId&amp;ClientSecret&amp;Code&amp;RedirectUri</code> Only for confidential apps that cannot send the
standard form: a secret in an address ends up in logs.</span></label>
</fieldset>
<div class="actions"><button class="button" type="submit">Register</button>
<a class="button secondary" href="${config.planUrl}/developer">Cancel</a></div>
</form></section>`,
  });
}

/** `credentials` only right after they were made. */
export function appPage(
  config: Config,
  { app, csrf, credentials }: { app: RegisteredClient; csrf: string; credentials?: Credentials | undefined },
): Promise<string> {
  const at = `${config.planUrl}/developer`;
  const lines = config.lines.filter((line) => app.lines.includes(line.id));
  return renderPage(config, {
    title: app.name,
    navigation: portalNavigation(config),
    body: html`<h1>${app.name}</h1>
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
<dt>Kind</dt><dd>${app.public ? 'Public: no secret, PKCE required' : 'Confidential'}</dd>
<dt>Redirect URIs</dt><dd>${app.redirectUris.map((uri) => html`<code>${uri}</code><br>`)}</dd>
<dt>Token request</dt><dd>${app.legacyToken ? 'Standard form, or names and secret in the query' : 'Standard form'}</dd>
</dl>
<h2>Where to use it</h2>
<table class="stack"><thead><tr><th scope="col">Line of business</th><th scope="col">Authorize</th><th scope="col">Token</th><th scope="col">FHIR base</th></tr></thead>
<tbody>${lines.map((line) => {
      const where = endpoints(line);
      return html`<tr><th scope="row">${line.name}</th><td data-label="Authorize"><code>${where.authorization_endpoint}</code></td><td data-label="Token"><code>${where.token_endpoint}</code></td><td data-label="FHIR base"><code>${line.fhirUrl}</code></td></tr>`;
    })}</tbody></table>
<p><a href="${at}/docs/patient-api">How to use them</a></p></section>
${
  app.authMethod !== 'client_secret'
    ? ''
    : html`<section class="card"><h2>Replace the secret</h2>
<p>You get a new one at once. The old one stays valid for 24 hours, so that your app can change over.</p>
<form method="post" action="${at}/apps/${app.client_id}/secret"><input type="hidden" name="csrf" value="${csrf}">
<button class="button secondary" type="submit">Make a new secret</button></form></section>`
}
<p><a href="${at}">All your apps</a></p>`,
  });
}
