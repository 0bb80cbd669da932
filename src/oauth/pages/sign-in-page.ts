// The sign-in page of a line: a plain form that works without JavaScript and says who will receive the answer.
// The app's name is what its developer typed; it is only ever shown escaped and as unverified.
import type { Config, Line } from '../../config/config.ts';
import { html, renderPage } from '../../pages/page.ts';

export interface SignInView {
  readonly line: Line;
  readonly step: { readonly csrf: string; readonly action: string };
  readonly appName: string;
  /** After a refused attempt. */
  readonly typed?: { readonly username: string; readonly message: string } | undefined;
}

export async function signInPage(
  config: Config,
  { line, step, appName, typed }: SignInView,
): Promise<string> {
  return renderPage(config, {
    title: typed === undefined ? 'Sign in' : 'Error: sign in',
    body: html`<section class="card narrow">
<p class="eyebrow">${line.name}</p>
<h1>Sign in</h1>
<p><strong>${appName}</strong> would like to connect to your health plan. Sign in with your member account; you then
choose what to share. The app never sees your password.</p>
${typed === undefined ? '' : html`<p class="error" role="alert" id="problem">${typed.message}</p>`}
${line.identityProvider === undefined ? '' : providerButton(step, line.identityProvider.button)}<form method="post" action="${step.action}/sign-in">
<input type="hidden" name="csrf" value="${step.csrf}">
<div class="field"><label for="username">User name</label>
<input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="200" value="${typed?.username ?? ''}"${typed === undefined ? '' : html` aria-describedby="problem"`}></div>
<div class="field"><label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="1000"${typed === undefined ? '' : html` aria-describedby="problem" autofocus`}></div>
<div class="actions"><button class="button" type="submit">Sign in</button>
<button class="button secondary" type="submit" name="decision" value="deny" formnovalidate>Cancel and return to the app</button></div>
</form>
${config.mode === 'sandbox' ? html`<p class="notice">This is a sandbox with made-up members. <a href="${config.planUrl}/sandbox">See their user names and passwords</a>.</p>` : ''}
</section>`,
  });
}

/** Only beside passwords: else the browser is sent there at once. */
function providerButton(step: SignInView['step'], button: string) {
  return html`<form method="post" action="${step.action}/sign-in">
<input type="hidden" name="csrf" value="${step.csrf}">
<div class="actions"><button class="button" type="submit" name="decision" value="provider">${button}</button></div>
</form>
`;
}
