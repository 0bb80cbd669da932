// The receipt of a consent, to read and to print: what was agreed, word by word as it was shown.
import type { Connection } from '../../oauth/connections.ts';
import { consentTexts } from '../../oauth/pages/consent-texts.ts';
import { type ReceiptLine, readReceipt } from '../../oauth/receipt.ts';
import { type Language, timeInWords } from '../../pages/language.ts';
import { html, type PageContent } from '../../pages/page.ts';
import { whyItEnded } from './connected-apps-page.ts';
import { memberTexts } from './member-texts.ts';

export function receiptPage({
  home,
  language,
  connection,
}: {
  readonly home: string;
  readonly language: Language;
  readonly connection: Connection;
}): PageContent {
  const receipt = readReceipt(connection.receipt);
  if (receipt === undefined) throw new Error('a connection without a receipt has no page');
  const texts = memberTexts[language];
  const { app } = receipt;
  const { unverified, verifiedBy } = consentTexts[language];
  const changed = connection.revokedAt !== undefined || connection.expiresAt !== receipt.expiresAt;
  // What was shown stays in the language it was shown in.
  const list = (of: readonly Pick<ReceiptLine, 'title' | 'explains'>[]) =>
    of.length === 0
      ? texts.nothing
      : html`<ul lang="${receipt.language}">${of.map(({ title, explains }) => html`<li><strong>${title}</strong> ${explains}</li>`)}</ul>`;
  const titles = (of: readonly string[]) => list(of.map((title) => ({ title, explains: '' })));
  return {
    title: texts.agreedWith(app.name),
    lang: language,
    body: html`<p class="eyebrow">${receipt.line}</p>
<h1>${texts.agreedWith(app.name)}</h1>
<section class="card"><dl class="facts">
<dt>${texts.agreedAt}</dt><dd>${texts.agreedBy(timeInWords(receipt.at, language), receipt.signedInAs)}</dd>
<dt>${texts.app}</dt><dd>${texts.answerAt(app.name, app.verifiedBy === null ? unverified : verifiedBy(app.verifiedBy))} <strong>${app.answersTo}</strong></dd>
<dt>${texts.whose}</dt><dd>${receipt.people.map(({ name, patient, self }) => (self ? texts.you(name) : texts.otherMember(name, patient))).join('; ')}</dd>
<dt>${texts.until}</dt><dd>${timeInWords(receipt.expiresAt, language)}</dd>
${
  changed
    ? html`<dt>${texts.sinceThen}</dt><dd>${connection.revokedAt === undefined ? texts.endsSooner(timeInWords(connection.expiresAt, language)) : whyItEnded(connection, language)}</dd>`
    : ''
}
<dt>${texts.shared}</dt><dd>${list(receipt.shared)}</dd>
<dt>${texts.notShared}</dt><dd>${list(receipt.refused)}</dd>
<dt>${texts.sensitiveShared}</dt><dd>${titles(receipt.sensitiveShared)}</dd>
<dt>${texts.sensitiveNotShared}</dt><dd>${titles(receipt.sensitiveRefused)}</dd>
<dt>${texts.number}</dt><dd><code class="breakable">${connection.grantId}</code></dd>
<dt>${texts.appWords}</dt><dd class="breakable">${connection.scope.split(' ').map((scope) => html`<code>${scope}</code> `)}</dd>
</dl></section>
<p>${texts.keep} <a href="${home}">${texts.account}</a></p>`,
  };
}
