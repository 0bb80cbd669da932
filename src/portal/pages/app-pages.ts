// A developer's apps: the list and the form of a new one.
import type { Config } from '../../config/config.ts';
import type { RegisteredClient } from '../../oauth/client-registry.ts';
import { html, renderPage } from '../../pages/page.ts';
import type { Developer } from '../developers.ts';
import { titleOf } from './account-pages.ts';
import { keysFields, redirectUrisField } from './app-fields.ts';
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
${redirectUrisField(config, state)}
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
<details${state.errors.jwks === undefined && state.errors.jwksUri === undefined ? '' : html` open`}><summary>The app signs with keys of its own instead of having a secret</summary>
${keysFields(state)}</details>
<div class="actions"><button class="button" type="submit">Register</button>
<a class="button secondary" href="${config.planUrl}/developer">Cancel</a></div>
</form></section>`,
  });
}
