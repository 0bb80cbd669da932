// The consent page: who asks, for whom, for what, until when, and how to stop it. Every kind of information can be
// unticked; what is sensitive is shared only when ticked. https://hl7.org/fhir/smart-app-launch/STU2.2/best-practices.html
// The app's name is what its developer typed; it is only ever shown escaped, and as unverified unless somebody vouches for it.
import type { Config, Line } from '../../config/config.ts';
import { dateInWords, type Language } from '../../pages/language.ts';
import { html, renderPage } from '../../pages/page.ts';
import type { Account } from '../accounts.ts';
import { type ConsentRequest, isAdolescent, offersSensitive, type Person } from '../consent.ts';
import { connectionLifetime } from '../lifetimes.ts';
import { kindInWords, lineWords, sensitiveWords } from './class-texts.ts';
import { consentTexts } from './consent-texts.ts';

export interface ConsentView {
  readonly line: Line;
  readonly step: { readonly csrf: string; readonly action: string; readonly language: Language };
  readonly account: Account;
  readonly request: ConsentRequest;
  readonly people: readonly Person[];
  /** Epoch milliseconds. */
  readonly now: number;
  /** After an answer that could not be taken: what was chosen stays chosen. */
  readonly typed?: ConsentForm | undefined;
}

export interface ConsentForm {
  readonly message: string;
  readonly patients: readonly string[];
  readonly picked: readonly string[];
  readonly sensitive: readonly string[];
}

export async function consentPage(config: Config, view: ConsentView): Promise<string> {
  return view.people.length === 0 ? nobodyPage(config, view) : choicePage(config, view);
}

async function choicePage(config: Config, view: ConsentView): Promise<string> {
  const { line, step, account, request, typed } = view;
  const texts = consentTexts[step.language];
  const message = typed?.message;
  return renderPage(config, {
    title: message === undefined ? texts.title : `${texts.error} ${texts.title}`,
    lang: step.language,
    body: html`<section class="card">
<p class="eyebrow">${line.name}</p>
<h1>${texts.heading(request.appName)}</h1>
<p>${texts.signedInAs} <strong>${account.name}</strong>. ${texts.caution}</p>
${message === undefined ? '' : html`<p class="error" role="alert">${message}</p>`}
<dl class="facts">
<dt>${texts.app}</dt><dd>${request.appName} <span class="tag">${request.verifiedBy === undefined ? texts.unverified : texts.verifiedBy(request.verifiedBy)}</span></dd>
<dt>${texts.promises}</dt><dd>${request.attestedAt === undefined ? texts.notAttested : texts.attested(dateInWords(request.attestedAt, step.language))}</dd>
<dt>${texts.answersTo}</dt><dd><strong>${request.answersTo}</strong></dd>
<dt>${texts.howLong}</dt><dd>${howLong(view)}</dd>
<dt>${texts.howToStop}</dt><dd>${texts.stopAt} <span class="breakable">${line.portalUrl}/account</span>.</dd>
</dl>
<form method="post" action="${step.action}/consent">
<input type="hidden" name="csrf" value="${step.csrf}">
${personChoice(view)}
${scopeChoice(view)}
${sensitiveChoice(view)}
<div class="actions"><button class="button" type="submit" name="decision" value="grant">${texts.share}</button>
<button class="button secondary" type="submit" name="decision" value="deny">${texts.doNotShare}</button></div>
${switchAccount(view)}
</form>
</section>`,
  });
}

function howLong({ request, step, now }: ConsentView): string {
  const texts = consentTexts[step.language];
  if (request.scopes.includes('offline_access'))
    return texts.until(dateInWords(now + connectionLifetime(request.scopes) * 1000, step.language));
  return request.scopes.includes('online_access') ? texts.twelveHours : texts.oneHour;
}

/** Also for a device that several people use: the one who signed in before is still signed in for half an hour. */
function switchAccount({ account, step }: ConsentView) {
  return html`<p><button class="quiet" type="submit" name="decision" value="switch">${consentTexts[step.language].switchAccount(account.name)}</button></p>`;
}

function personChoice({ people, request, typed, step }: ConsentView) {
  const texts = consentTexts[step.language];
  const [only] = people;
  if (people.length === 1 && only !== undefined) {
    return html`<p>${texts.onlyPerson} <strong>${only.name}</strong> (${rightOf(only, step.language)}).</p>
<input type="hidden" name="patient" value="${only.patient}">`;
  }
  const chosen = (person: Person) =>
    typed === undefined ? person.self : typed.patients.includes(person.patient);
  return html`<fieldset><legend>${texts.whose}</legend>
${request.severalPeople ? html`<p class="hint">${texts.severalHint}</p>` : ''}
${people.map(
  (
    person,
  ) => html`<label class="choice"><input type="${request.severalPeople ? 'checkbox' : 'radio'}" name="patient" value="${person.patient}"${chosen(person) ? html` checked` : ''}>
<span><strong>${person.name}</strong> ${rightOf(person, step.language)}${person.self ? '' : ` · ${texts.memberId(person.patient)}`}</span></label>`,
)}</fieldset>`;
}

/** `you are a parent · only until 21 June 2035`. */
function rightOf(person: Person, language: Language): string {
  const texts = consentTexts[language];
  return [
    person.kind === undefined ? texts.you : kindInWords(person.kind, language),
    ...(person.until === undefined ? [] : [texts.onlyUntil(dateInWords(person.until, language))]),
  ].join(' · ');
}

function scopeChoice({ request, typed, step }: ConsentView) {
  const texts = consentTexts[step.language];
  if (request.refusable.length === 0) return html`<p>${texts.nothing}</p>`;
  return html`<fieldset><legend>${texts.what}</legend>
<p class="hint">${texts.whatHint}</p>
${request.lines.map((line) => {
  const words = lineWords(line, step.language);
  const ticked = typed === undefined || line.scopes.every((scope) => typed.picked.includes(scope));
  return html`<label class="choice"><input type="checkbox" name="scope" value="${line.scopes.join(' ')}"${ticked ? html` checked` : ''}>
<span><strong>${words.title}</strong> ${words.explains}</span></label>`;
})}
<details><summary>${texts.askedWords}</summary><p class="breakable">${request.scopes.map((scope) => html`<code>${scope}</code> `)}</p></details></fieldset>`;
}

function sensitiveChoice({ request, people, typed, step, now }: ConsentView) {
  if (!offersSensitive(request)) return '';
  const texts = consentTexts[step.language];
  const adolescents = people.filter((person) => isAdolescent(person, now));
  return html`<fieldset><legend>${texts.sensitive}</legend>
<p class="hint">${texts.sensitiveHint}${adolescents.length === 0 ? '' : ` ${texts.adolescents(adolescents.map(({ name }) => name).join(', '))}`}</p>
${sensitiveWords(step.language).map(
  ({ code, title, explains }) =>
    html`<label class="choice"><input type="checkbox" name="sensitive" value="${code}"${typed?.sensitive.includes(code) ? html` checked` : ''}>
<span><strong>${title}</strong> ${explains}</span></label>`,
)}</fieldset>`;
}

async function nobodyPage(config: Config, view: ConsentView): Promise<string> {
  const { line, step, account, request } = view;
  const texts = consentTexts[step.language];
  return renderPage(config, {
    title: texts.nobodyTitle,
    lang: step.language,
    body: html`<section class="card narrow">
<p class="eyebrow">${line.name}</p>
<h1>${texts.nobodyTitle}</h1>
<p>${texts.signedInAs} <strong>${account.name}</strong>. ${texts.nobodyWhy(request.appName)}</p>
<p>${texts.nobodyNext}</p>
<form method="post" action="${step.action}/consent">
<input type="hidden" name="csrf" value="${step.csrf}">
<div class="actions"><button class="button" type="submit" name="decision" value="deny">${texts.back}</button></div>
${switchAccount(view)}
</form>
</section>`,
  });
}
