// The receipt of a consent, to read and to print: what was agreed, word by word as it was shown.
import type { Connection } from '../../oauth/connections.ts';
import { type ReceiptLine, readReceipt } from '../../oauth/receipt.ts';
import { timeInWords } from '../../pages/language.ts';
import { html, type PageContent } from '../../pages/page.ts';
import { whyItEnded } from './connected-apps-page.ts';

export function receiptPage({
  home,
  connection,
}: {
  readonly home: string;
  readonly connection: Connection;
}): PageContent {
  const receipt = readReceipt(connection.receipt);
  if (receipt === undefined) throw new Error('a connection without a receipt has no page');
  const { app, language } = receipt;
  const over = connection.revokedAt !== undefined || connection.expiresAt !== receipt.expiresAt;
  // What was shown stays in the language it was shown in.
  const items = (titles: readonly string[]) =>
    titles.length === 0
      ? 'Nothing'
      : html`<ul lang="${language}">${titles.map((title) => html`<li>${title}</li>`)}</ul>`;
  const lines = (of: readonly ReceiptLine[]) =>
    of.length === 0
      ? 'Nothing'
      : html`<ul lang="${language}">${of.map(({ title, explains }) => html`<li><strong>${title}</strong> ${explains}</li>`)}</ul>`;
  return {
    title: `What you agreed to with ${app.name}`,
    body: html`<p class="eyebrow">${receipt.line}</p>
<h1>What you agreed to with ${app.name}</h1>
<section class="card"><dl class="facts">
<dt>Agreed</dt><dd>${timeInWords(receipt.at, 'en')}, by ${receipt.signedInAs}</dd>
<dt>App</dt><dd>${app.name} (${app.verifiedBy === null ? 'name not verified by the plan' : `verified by ${app.verifiedBy}`}), which received the answer at <strong>${app.answersTo}</strong></dd>
<dt>Whose information</dt><dd>${receipt.people.map(({ name, patient, self }) => (self ? `${name} (you)` : `${name}, member id ${patient}`)).join('; ')}</dd>
<dt>At the latest until</dt><dd>${timeInWords(receipt.expiresAt, 'en')}</dd>
${over ? html`<dt>Since then</dt><dd>${connection.revokedAt === undefined ? `It ends sooner: ${timeInWords(connection.expiresAt, 'en')}.` : whyItEnded(connection)}</dd>` : ''}
<dt>Shared</dt><dd>${lines(receipt.shared)}</dd>
<dt>Not shared</dt><dd>${lines(receipt.refused)}</dd>
<dt>Special care, shared</dt><dd>${items(receipt.sensitiveShared)}</dd>
<dt>Special care, not shared</dt><dd>${items(receipt.sensitiveRefused)}</dd>
<dt>Number</dt><dd><code class="breakable">${connection.grantId}</code></dd>
<dt>In the app’s words</dt><dd class="breakable">${connection.scope.split(' ').map((scope) => html`<code>${scope}</code> `)}</dd>
</dl></section>
<p class="no-print">You can print this page or keep it as a file. <a href="${home}">Your account</a></p>`,
  };
}
