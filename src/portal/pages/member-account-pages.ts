// The member's sign-in and the list of connected apps, in plain words.
import type { Config, Line } from '../../config/config.ts';
import type { Account } from '../../oauth/accounts.ts';
import type { Connection } from '../../oauth/connections.ts';
import { describeRefusableScope } from '../../oauth/describe-scope.ts';
import { html, type PageContent } from '../../pages/page.ts';

export interface ConnectedApp extends Connection {
  readonly appName: string;
  /** Whose information it may see, as the member knows them. */
  readonly people: readonly string[];
}

export function memberSignInPage(
  config: Config,
  line: Line,
  home: string,
  typed: { readonly username: string; readonly message: string } | undefined,
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

/** A form that could not be taken, or a failure of ours. */
export function memberProblemPage(home: string, status: number): PageContent {
  const [title, next] =
    status >= 500
      ? ['Something went wrong on our side', 'Nothing was changed. Try again in a few minutes.']
      : ['The form could not be read', 'Nothing was changed. Go back one page and try again.'];
  return {
    title,
    body: html`<section class="card narrow"><h1>${title}</h1><p>${next}</p><p><a href="${home}">Your account</a></p></section>`,
  };
}

export function connectedAppsPage(view: {
  readonly line: Line;
  readonly home: string;
  readonly account: Account;
  readonly apps: readonly ConnectedApp[];
  readonly csrf: string;
}): PageContent {
  const { line, home, account, apps, csrf } = view;
  return {
    title: 'Connected apps',
    body: html`<p class="eyebrow">${line.name}</p>
<h1>Connected apps</h1>
<p class="lead">You are signed in as ${account.name}. These apps can read health information because you agreed to it.
When you end one, it can read nothing more from that moment. What it has already read, it keeps.</p>
${apps.length === 0 ? html`<p class="notice">No app is connected.</p>` : apps.map((app) => appCard(home, app, csrf))}
<form method="post" action="${home}/sign-out"><input type="hidden" name="csrf" value="${csrf}"><button class="button secondary" type="submit">Sign out</button></form>`,
  };
}

function appCard(home: string, app: ConnectedApp, csrf: string) {
  const classes = app.scope.split(' ').flatMap((scope) => describeRefusableScope(scope)?.title ?? []);
  return html`<section class="card"><h2>${app.appName}</h2>
<dl class="facts"><dt>Since</dt><dd>${inWords(app.createdAt)}</dd><dt>At the latest until</dt><dd>${inWords(app.expiresAt)}</dd>
<dt>Whose information</dt><dd>${app.people.join(', ')}</dd>
<dt>What it may see</dt><dd>${[...new Set(classes)].join(', ') || 'Only that you signed in'}</dd></dl>
<form method="post" action="${home}/end"><input type="hidden" name="csrf" value="${csrf}">
<input type="hidden" name="connection" value="${app.grantId}">
<button class="button danger" type="submit">End access of ${app.appName}</button></form></section>`;
}

function inWords(time: number): string {
  return `${new Date(time).toLocaleString('en-US', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })} UTC`;
}
