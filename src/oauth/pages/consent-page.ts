// The consent page: who asks, for whom, for what, how long, and how to stop it. Every kind of information can be
// unticked. https://hl7.org/fhir/smart-app-launch/STU2.2/best-practices.html
// The app's name is what its developer typed; it is only ever shown escaped and as unverified.
import type { Config, Line } from '../../config/config.ts';
import { html, renderPage } from '../../pages/page.ts';
import type { Account } from '../accounts.ts';
import type { ConsentRequest } from '../consent.ts';
import { describeRefusableScope } from '../describe-scope.ts';

export interface ConsentView {
  readonly line: Line;
  readonly step: { readonly csrf: string; readonly action: string };
  readonly account: Account;
  readonly request: ConsentRequest;
  readonly people: readonly { readonly patient: string; readonly name: string; readonly self: boolean }[];
  /** After an answer that could not be taken: what was chosen stays chosen. */
  readonly typed?: ConsentChoice | undefined;
}

export interface ConsentChoice {
  readonly message: string;
  readonly patient: string | undefined;
  readonly scopes: readonly string[];
}

export async function consentPage(config: Config, view: ConsentView): Promise<string> {
  return view.people.length === 0 ? nobodyPage(config, view) : choicePage(config, view);
}

async function choicePage(config: Config, view: ConsentView): Promise<string> {
  const { line, step, account, request, people, typed } = view;
  const message = typed?.message;
  const duration = request.scopes.includes('offline_access')
    ? 'Up to a year, unless you untick “Stay connected”: then for one hour.'
    : request.scopes.includes('online_access')
      ? 'Up to 12 hours.'
      : 'One hour. The app has to ask again after that.';
  return renderPage(config, {
    title: message === undefined ? 'Share your information?' : 'Error: share your information?',
    body: html`<section class="card">
<p class="eyebrow">${line.name}</p>
<h1>Share your information with ${request.appName}?</h1>
<p>You are signed in as <strong>${account.name}</strong>. Share only with an app that you know and chose yourself:
once it has your information, the app’s own rules apply and not those of your health plan.</p>
${message === undefined ? '' : html`<p class="error" role="alert">${message}</p>`}
<dl class="facts">
<dt>App</dt><dd>${request.appName} <span class="tag">name not verified by the plan</span></dd>
<dt>It receives your answer at</dt><dd><strong>${request.answersTo}</strong></dd>
<dt>For how long</dt><dd>${duration}</dd>
<dt>How to stop it</dt><dd>At any time under “Connected apps” at <span class="breakable">${line.portalUrl}/account</span>.</dd>
</dl>
<form method="post" action="${step.action}/consent">
<input type="hidden" name="csrf" value="${step.csrf}">
${personChoice(people, typed)}
${scopeChoice(request, typed)}
<div class="actions"><button class="button" type="submit" name="decision" value="grant">Share</button>
<button class="button secondary" type="submit" name="decision" value="deny">Do not share</button></div>
${switchAccount(account)}
</form>
</section>`,
  });
}

/** Also for a device that several people use: the one who signed in before is still signed in for half an hour. */
function switchAccount(account: Account) {
  return html`<p><button class="quiet" type="submit" name="decision" value="switch">Not ${account.name}? Sign in as someone else</button></p>`;
}

function personChoice(people: ConsentView['people'], typed: ConsentView['typed']) {
  const [only] = people;
  if (people.length === 1 && only !== undefined) {
    return html`<p>The app will see the information of <strong>${only.name}</strong>${only.self ? ' (you)' : ''}.</p>
<input type="hidden" name="patient" value="${only.patient}">`;
  }
  const chosen = (person: ConsentView['people'][number], position: number) =>
    typed === undefined ? position === 0 && person.self : person.patient === typed.patient;
  return html`<fieldset><legend>Whose information?</legend>
${people.map(
  (
    person,
    position,
  ) => html`<label class="choice"><input type="radio" name="patient" value="${person.patient}"${chosen(person, position) ? html` checked` : ''}>
<span><strong>${person.name}</strong> ${person.self ? 'you' : `someone you act for · member id ${person.patient}`}</span></label>`,
)}</fieldset>`;
}

function scopeChoice(request: ConsentRequest, typed: ConsentView['typed']) {
  if (request.refusable.length === 0) {
    return html`<p>The app asks only to know that you signed in. It will see no health information.</p>`;
  }
  return html`<fieldset><legend>What may it see?</legend>
<p class="hint">Untick what you do not want to share.</p>
${request.refusable.map((scope) => {
  const words = describeRefusableScope(scope);
  return html`<label class="choice"><input type="checkbox" name="scope" value="${scope}"${typed === undefined || typed.scopes.includes(scope) ? html` checked` : ''}>
<span><strong>${words?.title ?? scope}</strong> ${words?.explains ?? ''} <code>${scope}</code></span></label>`;
})}</fieldset>`;
}

async function nobodyPage(config: Config, { line, step, account, request }: ConsentView): Promise<string> {
  return renderPage(config, {
    title: 'There is nothing to share',
    body: html`<section class="card narrow">
<p class="eyebrow">${line.name}</p>
<h1>There is nothing to share</h1>
<p>You are signed in as <strong>${account.name}</strong>, and this account is neither a member’s nor acts for one here.
Nothing was shared with ${request.appName}.</p>
<p>If you expected to see yourself or someone in your care, call the number on your member card.</p>
<form method="post" action="${step.action}/consent">
<input type="hidden" name="csrf" value="${step.csrf}">
<div class="actions"><button class="button" type="submit" name="decision" value="deny">Return to the app</button></div>
${switchAccount(account)}
</form>
</section>`,
  });
}
