// The member's sign-in, and what is said when something cannot be shown.
import type { Config, Line } from '../../config/config.ts';
import { signInTexts } from '../../oauth/pages/sign-in-texts.ts';
import type { Language } from '../../pages/language.ts';
import { html, type PageContent } from '../../pages/page.ts';
import { memberTexts } from './member-texts.ts';

export function memberSignInPage(
  config: Config,
  {
    line,
    language,
    home,
    csrf,
    typed,
  }: {
    readonly line: Line;
    readonly language: Language;
    readonly home: string;
    readonly csrf: string;
    readonly typed?: { readonly username: string; readonly message: string };
  },
): PageContent {
  const texts = memberTexts[language];
  const { username, password, sandbox, sandboxLink } = signInTexts[language];
  const { identityProvider } = line;
  const problem = typed === undefined ? '' : html` aria-describedby="problem"`;
  const passwordForm = html`<form method="post" action="${home}/sign-in">
<input type="hidden" name="csrf" value="${csrf}">
<div class="field"><label for="username">${username}</label>
<input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="200" value="${typed?.username ?? ''}"${problem}></div>
<div class="field"><label for="password">${password}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="1000"${problem}></div>
<div class="actions"><button class="button" type="submit">${texts.signIn}</button></div>
</form>`;
  return {
    title: typed === undefined ? texts.account : texts.accountError,
    lang: language,
    body: html`<section class="card narrow">
<p class="eyebrow">${line.name}</p>
<h1>${texts.account}</h1>
<p>${texts.accountPurpose}</p>
${typed === undefined ? '' : html`<p class="error" role="alert" id="problem">${typed.message}</p>`}
${identityProvider === undefined ? '' : providerForm(home, csrf, identityProvider.button)}
${identityProvider === undefined || identityProvider.besidePasswords ? passwordForm : ''}
${config.mode === 'sandbox' ? html`<p class="notice">${sandbox} <a href="${config.planUrl}/sandbox">${sandboxLink}</a>.</p>` : ''}
</section>`,
  };
}

function providerForm(home: string, csrf: string, button: string) {
  return html`<form method="post" action="${home}/identity-provider"><input type="hidden" name="csrf" value="${csrf}">
<div class="actions"><button class="button" type="submit">${button}</button></div></form>`;
}

/** What is not there, a form that could not be taken, or a failure of ours. */
export function memberProblemPage(home: string, status: number, language: Language): PageContent {
  const texts = memberTexts[language];
  const [title, next] =
    status >= 500
      ? [texts.failed, texts.failedNext]
      : status === 404
        ? [texts.absent, texts.absentNext]
        : [texts.unread, texts.unreadNext];
  return {
    title,
    lang: language,
    body: html`<section class="card narrow"><h1>${title}</h1><p>${next}</p><p><a href="${home}">${texts.account}</a></p></section>`,
  };
}
