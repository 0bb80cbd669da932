// The sign-in page of a line: a plain form that works without JavaScript and says who will receive the answer.
// The app's name is what its developer typed; it is only ever shown escaped and as unverified.
import type { Config, Line } from '../../config/config.ts';
import type { Language } from '../../pages/language.ts';
import { html, renderPage } from '../../pages/page.ts';
import { signInTexts } from './sign-in-texts.ts';

export interface SignInView {
  readonly line: Line;
  readonly language: Language;
  readonly step: { readonly csrf: string; readonly action: string };
  readonly appName: string | undefined;
  /** As the app names the person (`login_hint`), or as they typed it. */
  readonly username: string;
  /** After a refused attempt. */
  readonly message?: string | undefined;
}

export async function signInPage(
  config: Config,
  { line, language, step, appName, username, message }: SignInView,
): Promise<string> {
  const texts = signInTexts[language];
  const problem = message === undefined ? '' : html` aria-describedby="problem"`;
  return renderPage(config, {
    title: message === undefined ? texts.title : texts.error,
    lang: language,
    body: html`<section class="card narrow">
<p class="eyebrow">${line.name}</p>
<h1>${texts.title}</h1>
<p><strong>${appName ?? texts.someApp}</strong> ${texts.purpose}</p>
${message === undefined ? '' : html`<p class="error" role="alert" id="problem">${message}</p>`}
${line.identityProvider === undefined ? '' : providerButton(step, line.identityProvider.button)}<form method="post" action="${step.action}/sign-in">
<input type="hidden" name="csrf" value="${step.csrf}">
<div class="field"><label for="username">${texts.username}</label>
<input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="200" value="${username}"${problem}></div>
<div class="field"><label for="password">${texts.password}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="1000"${problem}${message === undefined ? '' : html` autofocus`}></div>
<div class="actions"><button class="button" type="submit">${texts.title}</button>
<button class="button secondary" type="submit" name="decision" value="deny" formnovalidate>${texts.cancel}</button></div>
</form>
${config.mode === 'sandbox' ? html`<p class="notice">${texts.sandbox} <a href="${config.planUrl}/sandbox">${texts.sandboxLink}</a>.</p>` : ''}
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
