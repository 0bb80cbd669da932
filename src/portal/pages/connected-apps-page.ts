// Which apps can read a member's information and which no longer can, why, and what was agreed, in plain words.
import type { Line } from '../../config/config.ts';
import type { Account } from '../../oauth/accounts.ts';
import type { Connection } from '../../oauth/connections.ts';
import { consentLines } from '../../oauth/describe-scope.ts';
import { lineWords, sensitiveWords } from '../../oauth/pages/class-texts.ts';
import { type Language, timeInWords } from '../../pages/language.ts';
import { html, type PageContent } from '../../pages/page.ts';
import { memberTexts, whyEnded } from './member-texts.ts';

export interface ConnectedApp extends Connection {
  readonly appName: string;
  /** Whose information it may see, as the member knows them. */
  readonly people: readonly string[];
}

export function whyItEnded({ revokedAt, expiresAt, endReason }: Connection, language: Language): string {
  const texts = memberTexts[language];
  return revokedAt === undefined
    ? texts.ranOut(timeInWords(expiresAt, language))
    : texts.endedOn(
        endReason === undefined ? texts.endedSomehow : whyEnded[language][endReason],
        timeInWords(revokedAt, language),
      );
}

export function connectedAppsPage(view: {
  readonly line: Line;
  readonly language: Language;
  readonly home: string;
  readonly account: Account;
  readonly apps: readonly ConnectedApp[];
  readonly ended: readonly ConnectedApp[];
  readonly csrf: string;
}): PageContent {
  const { line, language, home, account, apps, ended, csrf } = view;
  const texts = memberTexts[language];
  return {
    title: texts.apps,
    lang: language,
    body: html`<p class="eyebrow">${line.name}</p>
<h1>${texts.apps}</h1>
<p class="lead">${texts.appsPurpose(account.name)}</p>
${apps.length === 0 ? html`<p class="notice">${texts.noApps}</p>` : apps.map((app) => appCard(app, { home, csrf, language }))}
${ended.length === 0 ? '' : html`<h2>${texts.endedApps}</h2>${ended.map((app) => endedCard(app, { home, language }))}`}
<p><a href="${home}/security">${texts.security}</a></p>
<form method="post" action="${home}/sign-out"><input type="hidden" name="csrf" value="${csrf}"><button class="button secondary" type="submit">${texts.signOut}</button></form>`,
  };
}

interface CardView {
  readonly home: string;
  readonly language: Language;
}

function appCard(app: ConnectedApp, view: CardView & { readonly csrf: string }) {
  const { home, csrf, language } = view;
  const texts = memberTexts[language];
  return html`<section class="card"><h2>${app.appName}</h2>
<dl class="facts"><dt>${texts.since}</dt><dd>${timeInWords(app.createdAt, language)}</dd><dt>${texts.until}</dt><dd>${timeInWords(app.expiresAt, language)}</dd>
<dt>${texts.whose}</dt><dd>${app.people.join(', ')}</dd>
<dt>${texts.sees}</dt><dd>${whatItSees(app, language)}</dd></dl>
${receiptLink(app, view)}
<form method="post" action="${home}/end"><input type="hidden" name="csrf" value="${csrf}">
<input type="hidden" name="connection" value="${app.grantId}">
<button class="button danger" type="submit">${texts.end(app.appName)}</button></form></section>`;
}

function endedCard(app: ConnectedApp, view: CardView) {
  const texts = memberTexts[view.language];
  return html`<section class="card"><h3>${app.appName}</h3>
<p>${whyItEnded(app, view.language)} ${texts.noMore}</p>
<dl class="facts"><dt>${texts.connected}</dt><dd>${timeInWords(app.createdAt, view.language)}</dd>
<dt>${texts.whose}</dt><dd>${app.people.join(', ')}</dd></dl>
${receiptLink(app, view)}</section>`;
}

function receiptLink(app: ConnectedApp, { home, language }: CardView) {
  return app.receipt === undefined
    ? ''
    : html`<p><a href="${home}/receipts/${app.grantId}">${memberTexts[language].agreed}</a></p>`;
}

function whatItSees(app: ConnectedApp, language: Language): string {
  const lines = consentLines(app.scope.split(' ')).map((line) => lineWords(line, language).title);
  const sensitive = sensitiveWords(language).filter(({ code }) => app.sensitive.includes(code));
  const words = [...lines, ...sensitive.map(({ title }) => title)];
  return words.length === 0 ? memberTexts[language].onlySignIn : words.join('; ');
}
