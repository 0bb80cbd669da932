// How a member signs in: the password, and what is proved beside it.
import type { Line } from '../../config/config.ts';
import type { Account } from '../../oauth/accounts.ts';
import type { Factor } from '../../oauth/second-factor/factors.ts';
import { type Language, timeInWords } from '../../pages/language.ts';
import { type Html, html, type PageContent } from '../../pages/page.ts';
import { memberTexts } from './member-texts.ts';
import { securityTexts } from './security-texts.ts';

export interface SecurityView {
  readonly line: Line;
  readonly language: Language;
  readonly home: string;
  readonly csrf: string;
  readonly account: Account;
  /** `elsewhere`: at the plan's identity provider; `shared`: an account of many people, which nobody changes. */
  readonly changeable: 'here' | 'elsewhere' | 'shared';
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
  const { line, language, home, account, done, problem, changeable } = view;
  const texts = securityTexts[language];
  return {
    title: problem === undefined ? texts.title : texts.error,
    lang: language,
    body: html`<p class="eyebrow">${line.name}</p>
<h1>${texts.title}</h1>
<p class="lead">${texts.signedInAs(account.name)} <a href="${home}">${memberTexts[language].apps}</a></p>
${done === undefined ? '' : html`<p class="success" role="status">${done}</p>`}
${problem === undefined ? '' : html`<p class="error" role="alert">${problem}</p>`}
${view.newCodes === undefined ? '' : newCodesCard(view.newCodes, language)}
${
  changeable === 'here'
    ? html`${factorsCard(view)}${passwordCard(view)}`
    : html`<section class="card"><p>${texts[changeable]}</p></section>`
}`,
  };
}

function newCodesCard(codes: readonly string[], language: Language): Html {
  const texts = securityTexts[language];
  return html`<section class="card"><h2>${texts.newCodes}</h2>
<p>${texts.newCodesPurpose}</p>
<ul class="codes">${codes.map((code) => html`<li><code>${code}</code></li>`)}</ul></section>`;
}

function factorsCard({ language, home, csrf, factors, codesLeft }: SecurityView): Html {
  const texts = securityTexts[language];
  return html`<section class="card"><h2>${texts.second}</h2>
${
  factors.length === 0
    ? html`<p>${texts.secondPurpose}</p>`
    : html`${factors.map(
        (factor) => html`<form method="post" action="${home}/security/remove">
<input type="hidden" name="csrf" value="${csrf}"><input type="hidden" name="factor" value="${factor.id}">
<h3>${factor.name} <span class="tag">${texts.kinds[factor.kind]}</span></h3>
<p>${texts.added(timeInWords(factor.createdAt, language))} ${factor.usedAt === undefined ? '' : texts.used(timeInWords(factor.usedAt, language))}</p>
${passwordField(`remove-${factor.id}`, language)}
<div class="actions"><button class="button danger" type="submit">${texts.remove(factor.name)}</button></div></form>`,
      )}
<form method="post" action="${home}/security/codes"><input type="hidden" name="csrf" value="${csrf}">
<h3>${texts.codes}</h3><p>${texts.codesLeft(codesLeft)}</p>
${passwordField('codes', language)}
<div class="actions"><button class="button secondary" type="submit">${texts.makeCodes}</button></div></form>`
}
<div class="actions"><a class="button" href="${home}/security/app">${texts.addApp}</a>
<a class="button secondary" href="${home}/security/passkey">${texts.addPasskey}</a></div></section>`;
}

function passwordCard({ language, home, csrf, account, shortestPassword }: SecurityView): Html {
  const texts = securityTexts[language];
  return html`<section class="card"><h2>${texts.password}</h2>
<form method="post" action="${home}/security/password"><input type="hidden" name="csrf" value="${csrf}">
<input type="hidden" name="username" autocomplete="username" value="${account.username}">
${passwordField('change', language)}
<div class="field"><label for="new-password">${texts.newPassword}</label>
<p class="hint" id="new-password-hint">${texts.newPasswordHint(shortestPassword)}</p>
<input id="new-password" name="new_password" type="password" autocomplete="new-password" required minlength="${shortestPassword}" maxlength="1000" aria-describedby="new-password-hint"></div>
<div class="actions"><button class="button" type="submit">${texts.changePassword}</button></div></form></section>`;
}

function passwordField(id: string, language: Language): Html {
  return html`<div class="field"><label for="${id}-password">${securityTexts[language].yourPassword}</label>
<input id="${id}-password" name="password" type="password" autocomplete="current-password" required maxlength="1000"></div>`;
}

interface NewFactorView {
  readonly line: Line;
  readonly language: Language;
  readonly home: string;
  readonly csrf: string;
  /** What the form brings back, sealed. */
  readonly setup: string;
  readonly problem?: string | undefined;
}

function nameField(value: string, label: string): Html {
  return html`<div class="field"><label for="name">${label}</label>
<input id="name" name="name" required maxlength="60" value="${value}"></div>`;
}

export function newAppPage(
  view: NewFactorView & { readonly secret: string; readonly picture: Html },
): PageContent {
  const { line, language, home, csrf, setup, problem, secret, picture } = view;
  const texts = securityTexts[language];
  return {
    title: problem === undefined ? texts.addApp : texts.addAppError,
    lang: language,
    body: html`<section class="card narrow"><p class="eyebrow">${line.name}</p>
<h1>${texts.addApp}</h1>
${problem === undefined ? '' : html`<p class="error" role="alert" id="problem">${problem}</p>`}
<ol>${texts.appSteps.map((step) => html`<li>${step}</li>`)}</ol>
<div class="qr" role="img" aria-label="${texts.picture}">${picture}</div>
<p>${texts.key} <code class="breakable">${secret.replaceAll(/(.{4})/g, '$1 ').trim()}</code></p>
<form method="post" action="${home}/security/app"><input type="hidden" name="csrf" value="${csrf}"><input type="hidden" name="setup" value="${setup}">
${nameField(texts.myPhone, texts.name)}
<div class="field"><label for="code">${texts.code}</label>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" required maxlength="20"></div>
${passwordField('add', language)}
<div class="actions"><button class="button" type="submit">${texts.addTheApp}</button> <a class="button secondary" href="${home}/security">${texts.back}</a></div></form></section>`,
  };
}

export function newPasskeyPage(view: NewFactorView & { readonly options: string }): PageContent {
  const { line, language, home, csrf, setup, problem, options } = view;
  const texts = securityTexts[language];
  return {
    title: problem === undefined ? texts.addPasskey : texts.addPasskeyError,
    lang: language,
    script: '/assets/passkey.js',
    body: html`<section class="card narrow"><p class="eyebrow">${line.name}</p>
<h1>${texts.addPasskey}</h1>
<p>${texts.passkeyPurpose}</p>
${problem === undefined ? '' : html`<p class="error" role="alert">${problem}</p>`}
<noscript><p class="notice">${texts.needsScript}</p></noscript>
<form method="post" action="${home}/security/passkey"><input type="hidden" name="csrf" value="${csrf}"><input type="hidden" name="setup" value="${setup}">
<input type="hidden" name="passkey" value="">
${nameField(texts.thisDevice, texts.name)}
${passwordField('add', language)}
<p class="error" role="alert" hidden data-passkey-problem>${texts.noPasskey}</p>
<div class="actions"><button class="button" type="button" hidden data-passkey="create" data-options="${options}">${texts.makePasskey}</button> <a class="button secondary" href="${home}/security">${texts.back}</a></div></form></section>`,
  };
}
