// The portal's first page for visitors, sign-up and sign-in.
import type { Config } from '../../config/config.ts';
import { html, renderPage } from '../../pages/page.ts';
import { type FormState, formField } from './form-field.ts';
import { portalNavigation } from './portal-navigation.ts';

export function welcomePage(config: Config): Promise<string> {
  const at = `${config.planUrl}/developer`;
  return renderPage(config, {
    title: 'Developers',
    navigation: portalNavigation(config),
    body: html`<section class="card">
<h1>Connect your app to ${config.planName}</h1>
<p>With a member’s consent your app reads their claims, coverage and clinical record as FHIR R4. Registering takes a
minute and costs nothing. Another health plan that exchanges data for its members registers here too.</p>
<div class="actions"><a class="button" href="${at}/sign-up">Create a developer account</a>
<a class="button secondary" href="${at}/sign-in">Sign in</a></div>
</section>
<h2>How it goes</h2>
<ol>
<li>Create an account and register your app: a name and where members come back to.</li>
<li>You get a client id and a secret that work at once with every line of business you choose.</li>
<li>Send a member to sign in and consent, exchange the code for a token, read their record.
<a href="${at}/docs/patient-api">The documentation</a> shows each request.</li>
</ol>`,
  });
}

export function signUpPage(config: Config, csrf: string, state: FormState): Promise<string> {
  const at = `${config.planUrl}/developer`;
  const problem = state.errors.form;
  return renderPage(config, {
    title: titleOf('Create a developer account', state),
    navigation: portalNavigation(config),
    body: html`<section class="card narrow"><h1>Create a developer account</h1>
${problem === undefined ? '' : html`<p class="error" role="alert">${problem}</p>`}
<form method="post" action="${at}/sign-up">
<input type="hidden" name="csrf" value="${csrf}">
${formField(state, { name: 'name', label: 'Your name or organization', autocomplete: 'organization', maxLength: 200 })}
${formField(state, { name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'username', maxLength: 254 })}
${formField(state, { name: 'password', label: 'Password', type: 'password', autocomplete: 'new-password', hint: 'At least 12 characters; a few words are good.', maxLength: 1000 })}
<div class="actions"><button class="button" type="submit">Create account</button></div>
</form>
<p>You have one? <a href="${at}/sign-in">Sign in</a>.</p></section>`,
  });
}

export function signInPage(config: Config, csrf: string, state: FormState): Promise<string> {
  const at = `${config.planUrl}/developer`;
  const problem = state.errors.form;
  return renderPage(config, {
    title: titleOf('Developer sign-in', state),
    navigation: portalNavigation(config),
    body: html`<section class="card narrow"><h1>Developer sign-in</h1>
${problem === undefined ? '' : html`<p class="error" role="alert">${problem}</p>`}
<form method="post" action="${at}/sign-in">
<input type="hidden" name="csrf" value="${csrf}">
${formField(state, { name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'username', maxLength: 254 })}
${formField(state, { name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password', maxLength: 1000 })}
<div class="actions"><button class="button" type="submit">Sign in</button></div>
</form>
<p>New here? <a href="${at}/sign-up">Create a developer account</a>.</p></section>`,
  });
}

export function titleOf(title: string, state: FormState): string {
  return Object.keys(state.errors).length === 0 ? title : `Error: ${title}`;
}
