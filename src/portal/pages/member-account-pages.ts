// The member's sign-in, and what is said when something cannot be shown.
import type { Config, Line } from '../../config/config.ts';
import { html, type PageContent } from '../../pages/page.ts';

export function memberSignInPage(
  config: Config,
  {
    line,
    home,
    csrf,
    typed,
  }: {
    readonly line: Line;
    readonly home: string;
    readonly csrf: string;
    readonly typed?: { readonly username: string; readonly message: string };
  },
): PageContent {
  const problem = typed === undefined ? '' : html` aria-describedby="problem"`;
  return {
    title: typed === undefined ? 'Your account' : 'Error: your account',
    body: html`<section class="card narrow">
<p class="eyebrow">${line.name}</p>
<h1>Your account</h1>
<p>Sign in to see which apps can read your information, and to stop any of them.</p>
${typed === undefined ? '' : html`<p class="error" role="alert" id="problem">${typed.message}</p>`}
<form method="post" action="${home}/sign-in">
<input type="hidden" name="csrf" value="${csrf}">
<div class="field"><label for="username">User name</label>
<input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="200" value="${typed?.username ?? ''}"${problem}></div>
<div class="field"><label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="1000"${problem}></div>
<div class="actions"><button class="button" type="submit">Sign in</button></div>
</form>
${config.mode === 'sandbox' ? html`<p class="notice">This is a sandbox with made-up members. <a href="${config.planUrl}/sandbox">See their user names and passwords</a>.</p>` : ''}
</section>`,
  };
}

/** What is not there, a form that could not be taken, or a failure of ours. */
export function memberProblemPage(home: string, status: number): PageContent {
  const [title, next] =
    status >= 500
      ? ['Something went wrong on our side', 'Nothing was changed. Try again in a few minutes.']
      : status === 404
        ? [
            'There is nothing at this address',
            'It may be of another account, or of before receipts were kept.',
          ]
        : ['The form could not be read', 'Nothing was changed. Go back one page and try again.'];
  return {
    title,
    body: html`<section class="card narrow"><h1>${title}</h1><p>${next}</p><p><a href="${home}">Your account</a></p></section>`,
  };
}
