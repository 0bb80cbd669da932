// Which apps can read a member's information and which no longer can, why, and what was agreed, in plain words.
import type { Line } from '../../config/config.ts';
import type { Account } from '../../oauth/accounts.ts';
import type { Connection } from '../../oauth/connections.ts';
import { consentLines } from '../../oauth/describe-scope.ts';
import type { EndReason } from '../../oauth/end-reasons.ts';
import { lineWords, sensitiveWords } from '../../oauth/pages/class-texts.ts';
import { timeInWords } from '../../pages/language.ts';
import { html, type PageContent } from '../../pages/page.ts';

export interface ConnectedApp extends Connection {
  readonly appName: string;
  /** Whose information it may see, as the member knows them. */
  readonly people: readonly string[];
}

const whyEnded: Readonly<Record<EndReason, string>> = {
  member: 'You ended it.',
  client: 'The app ended it itself.',
  replay: 'Something that should be used once was used twice, so it was ended for your safety.',
  operator: 'The health plan ended it.',
  authority: 'You may no longer act for the person it was for.',
  deceased: 'The plan was told that the person it was for has died.',
  disenrolled: 'The person it was for is no longer a member of this plan.',
  account: 'The account was closed.',
};

export function whyItEnded({ revokedAt, expiresAt, endReason }: Connection): string {
  return revokedAt === undefined
    ? `It reached its end on ${timeInWords(expiresAt, 'en')}.`
    : `${endReason === undefined ? 'It was ended.' : whyEnded[endReason]} That was on ${timeInWords(revokedAt, 'en')}.`;
}

export function connectedAppsPage(view: {
  readonly line: Line;
  readonly home: string;
  readonly account: Account;
  readonly apps: readonly ConnectedApp[];
  readonly ended: readonly ConnectedApp[];
  readonly csrf: string;
}): PageContent {
  const { line, home, account, apps, ended, csrf } = view;
  return {
    title: 'Connected apps',
    body: html`<p class="eyebrow">${line.name}</p>
<h1>Connected apps</h1>
<p class="lead">You are signed in as ${account.name}. These apps can read health information because you agreed to it.
When you end one, it can read nothing more from that moment. What it has already read, it keeps.</p>
${apps.length === 0 ? html`<p class="notice">No app is connected.</p>` : apps.map((app) => appCard(home, app, csrf))}
${ended.length === 0 ? '' : html`<h2>No longer connected</h2>${ended.map((app) => endedCard(home, app))}`}
<p><a href="${home}/security">Sign-in and security</a></p>
<form method="post" action="${home}/sign-out"><input type="hidden" name="csrf" value="${csrf}"><button class="button secondary" type="submit">Sign out</button></form>`,
  };
}

function appCard(home: string, app: ConnectedApp, csrf: string) {
  return html`<section class="card"><h2>${app.appName}</h2>
<dl class="facts"><dt>Since</dt><dd>${timeInWords(app.createdAt, 'en')}</dd><dt>At the latest until</dt><dd>${timeInWords(app.expiresAt, 'en')}</dd>
<dt>Whose information</dt><dd>${app.people.join(', ')}</dd>
<dt>What it may see</dt><dd>${whatItSees(app)}</dd></dl>
${receiptLink(home, app)}
<form method="post" action="${home}/end"><input type="hidden" name="csrf" value="${csrf}">
<input type="hidden" name="connection" value="${app.grantId}">
<button class="button danger" type="submit">End access of ${app.appName}</button></form></section>`;
}

function endedCard(home: string, app: ConnectedApp) {
  return html`<section class="card"><h3>${app.appName}</h3>
<p>${whyItEnded(app)} It can read nothing more.</p>
<dl class="facts"><dt>Connected</dt><dd>${timeInWords(app.createdAt, 'en')}</dd>
<dt>Whose information</dt><dd>${app.people.join(', ')}</dd></dl>
${receiptLink(home, app)}</section>`;
}

function receiptLink(home: string, app: ConnectedApp) {
  return app.receipt === undefined
    ? ''
    : html`<p><a href="${home}/receipts/${app.grantId}">What you agreed to</a></p>`;
}

function whatItSees(app: ConnectedApp): string {
  const lines = consentLines(app.scope.split(' ')).map((line) => lineWords(line, 'en').title);
  const sensitive = sensitiveWords('en').filter(({ code }) => app.sensitive.includes(code));
  const words = [...lines, ...sensitive.map(({ title }) => title)];
  return words.length === 0 ? 'Only that you signed in' : words.join('; ');
}
