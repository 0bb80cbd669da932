// How a member signs in: the password, and what is proved beside it.
import type { Line } from '../../config/config.ts';
import type { Account } from '../../oauth/accounts.ts';
import type { Factor } from '../../oauth/second-factor/factors.ts';
import { timeInWords } from '../../pages/language.ts';
import { type Html, html, type PageContent } from '../../pages/page.ts';

export interface SecurityView {
  readonly line: Line;
  readonly home: string;
  readonly csrf: string;
  readonly account: Account;
  /** Without one the person signs in at the plan's identity provider. */
  readonly hasPassword: boolean;
  readonly factors: readonly Factor[];
  readonly codesLeft: number;
  /** What was done just now, or what went wrong. */
  readonly done?: string | undefined;
  readonly problem?: string | undefined;
  /** Shown this once. */
  readonly newCodes?: readonly string[] | undefined;
  readonly shortestPassword: number;
}

export function securityPage(view: SecurityView): PageContent {
  const { line, home, account, done, problem, hasPassword } = view;
  return {
    title: problem === undefined ? 'Sign-in and security' : 'Error: sign-in and security',
    body: html`<p class="eyebrow">${line.name}</p>
<h1>Sign-in and security</h1>
<p class="lead">You are signed in as ${account.name}. <a href="${home}">Connected apps</a></p>
${done === undefined ? '' : html`<p class="success" role="status">${done}</p>`}
${problem === undefined ? '' : html`<p class="error" role="alert">${problem}</p>`}
${view.newCodes === undefined ? '' : newCodesCard(view.newCodes)}
${
  hasPassword
    ? html`${factorsCard(view)}${passwordCard(view)}`
    : html`<section class="card"><p>You sign in with your plan’s own account. Its password, and what else it asks of you, are changed there.</p></section>`
}`,
  };
}

function newCodesCard(codes: readonly string[]): Html {
  return html`<section class="card"><h2>Your recovery codes</h2>
<p>Each lets you sign in once when you do not have your phone or passkey. Print them or write them down now: they are not shown again.</p>
<ul class="codes">${codes.map((code) => html`<li><code>${code}</code></li>`)}</ul></section>`;
}

function factorsCard({ home, csrf, factors, codesLeft }: SecurityView): Html {
  const kinds = { totp: 'Authenticator app', passkey: 'Passkey' } as const;
  return html`<section class="card"><h2>A second step when you sign in</h2>
${
  factors.length === 0
    ? html`<p>Your account asks for your password only. With a second step, somebody who has learned your password cannot sign in.</p>`
    : html`${factors.map(
        (factor) => html`<form method="post" action="${home}/security/remove">
<input type="hidden" name="csrf" value="${csrf}"><input type="hidden" name="factor" value="${factor.id}">
<h3>${factor.name} <span class="tag">${kinds[factor.kind]}</span></h3>
<p>Added on ${timeInWords(factor.createdAt, 'en')}${factor.usedAt === undefined ? '' : `, last used on ${timeInWords(factor.usedAt, 'en')}`}.</p>
${passwordField(`remove-${factor.id}`)}
<div class="actions"><button class="button danger" type="submit">Remove ${factor.name}</button></div></form>`,
      )}
<form method="post" action="${home}/security/codes"><input type="hidden" name="csrf" value="${csrf}">
<h3>Recovery codes</h3><p>${codesLeft === 0 ? 'You have none left.' : `You have ${codesLeft} left.`} New ones replace the old.</p>
${passwordField('codes')}
<div class="actions"><button class="button secondary" type="submit">Make new recovery codes</button></div></form>`
}
<div class="actions"><a class="button" href="${home}/security/app">Add an authenticator app</a>
<a class="button secondary" href="${home}/security/passkey">Add a passkey</a></div></section>`;
}

function passwordCard({ home, csrf, account, shortestPassword }: SecurityView): Html {
  return html`<section class="card"><h2>Password</h2>
<form method="post" action="${home}/security/password"><input type="hidden" name="csrf" value="${csrf}">
<input type="hidden" name="username" autocomplete="username" value="${account.username}">
${passwordField('change')}
<div class="field"><label for="new-password">New password</label>
<p class="hint" id="new-password-hint">At least ${shortestPassword} characters. A few words that nobody would guess are easier to remember than signs.</p>
<input id="new-password" name="new_password" type="password" autocomplete="new-password" required minlength="${shortestPassword}" maxlength="1000" aria-describedby="new-password-hint"></div>
<div class="actions"><button class="button" type="submit">Change the password</button></div></form></section>`;
}

function passwordField(id: string): Html {
  return html`<div class="field"><label for="${id}-password">Your password</label>
<input id="${id}-password" name="password" type="password" autocomplete="current-password" required maxlength="1000"></div>`;
}

interface NewFactorView {
  readonly line: Line;
  readonly home: string;
  readonly csrf: string;
  /** What the form brings back, sealed. */
  readonly setup: string;
  readonly problem?: string | undefined;
}

function nameField(value: string): Html {
  return html`<div class="field"><label for="name">What you call it</label>
<input id="name" name="name" required maxlength="60" value="${value}"></div>`;
}

export function newAppPage(
  view: NewFactorView & { readonly secret: string; readonly picture: Html },
): PageContent {
  const { line, home, csrf, setup, problem, secret, picture } = view;
  return {
    title: problem === undefined ? 'Add an authenticator app' : 'Error: add an authenticator app',
    body: html`<section class="card narrow"><p class="eyebrow">${line.name}</p>
<h1>Add an authenticator app</h1>
${problem === undefined ? '' : html`<p class="error" role="alert" id="problem">${problem}</p>`}
<ol><li>Open your authenticator app and add an account by picture.</li><li>Point it at this picture.</li><li>Type the code that it shows.</li></ol>
<div class="qr" role="img" aria-label="Picture for the authenticator app">${picture}</div>
<p>Or type this key into the app: <code class="breakable">${secret.replaceAll(/(.{4})/g, '$1 ').trim()}</code></p>
<form method="post" action="${home}/security/app"><input type="hidden" name="csrf" value="${csrf}"><input type="hidden" name="setup" value="${setup}">
${nameField('My phone')}
<div class="field"><label for="code">6-digit code that it shows</label>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" required maxlength="20"></div>
${passwordField('add')}
<div class="actions"><button class="button" type="submit">Add the app</button> <a class="button secondary" href="${home}/security">Back</a></div></form></section>`,
  };
}

export function newPasskeyPage(view: NewFactorView & { readonly options: string }): PageContent {
  const { line, home, csrf, setup, problem, options } = view;
  return {
    title: problem === undefined ? 'Add a passkey' : 'Error: add a passkey',
    script: '/assets/passkey.js',
    body: html`<section class="card narrow"><p class="eyebrow">${line.name}</p>
<h1>Add a passkey</h1>
<p>A passkey is kept by this device, a security key or your password manager, and opened by your fingerprint, face or PIN.</p>
${problem === undefined ? '' : html`<p class="error" role="alert">${problem}</p>`}
<noscript><p class="notice">Passkeys need JavaScript. An authenticator app works without.</p></noscript>
<form method="post" action="${home}/security/passkey"><input type="hidden" name="csrf" value="${csrf}"><input type="hidden" name="setup" value="${setup}">
<input type="hidden" name="passkey" value="">
${nameField('This device')}
${passwordField('add')}
<p class="error" role="alert" hidden data-passkey-problem>No passkey was made. Try again.</p>
<div class="actions"><button class="button" type="button" hidden data-passkey="create" data-options="${options}">Make a passkey</button> <a class="button secondary" href="${home}/security">Back</a></div></form></section>`,
  };
}
