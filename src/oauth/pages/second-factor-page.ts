// The second step of signing in: a code or a passkey. Works with a code alone where there is no JavaScript.
import type { Line } from '../../config/config.ts';
import type { Language } from '../../pages/language.ts';
import { html, type PageContent } from '../../pages/page.ts';
import type { SecondStepOffer } from '../second-factor/second-step.ts';
import { secondFactorTexts } from './second-factor-texts.ts';

export interface SecondFactorView {
  readonly line: Line;
  readonly language: Language;
  readonly offer: SecondStepOffer;
  readonly csrf: string;
  /** Where the form goes. */
  readonly action: string;
  /** Whether an app waits for the answer, which can be cancelled. */
  readonly forApp: boolean;
  readonly message?: string | undefined;
}

export function secondFactorPage(view: SecondFactorView): PageContent {
  const { line, language, offer, csrf, action, forApp, message } = view;
  const texts = secondFactorTexts[language];
  const problem = message === undefined ? '' : html` aria-describedby="problem" autofocus`;
  return {
    title: message === undefined ? texts.title : texts.error,
    lang: language,
    ...(offer.passkey === undefined ? {} : { script: '/assets/passkey.js' }),
    body: html`<section class="card narrow">
<p class="eyebrow">${line.name}</p>
<h1>${texts.title}</h1>
<p>${texts.purpose}</p>
${message === undefined ? '' : html`<p class="error" role="alert" id="problem">${message}</p>`}
<form method="post" action="${action}">
<input type="hidden" name="csrf" value="${csrf}">
<input type="hidden" name="passkey" value="">
${
  offer.passkey === undefined
    ? ''
    : html`<div class="actions"><button class="button" type="button" hidden data-passkey="get" data-options="${offer.passkey}">${texts.passkey}</button></div>
<p class="error" role="alert" hidden data-passkey-problem>${texts.passkeyFailed}</p>`
}
<div class="field"><label for="code">${offer.hasApp ? texts.appCode : texts.recoveryCode}</label>
<input id="code" name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" required maxlength="100"${offer.hasApp ? html` inputmode="text"` : ''}${problem}></div>
<div class="actions"><button class="button" type="submit">${texts.go}</button>
${forApp ? html`<button class="button secondary" type="submit" name="decision" value="deny" formnovalidate>${texts.cancel}</button>` : ''}</div>
<p><button class="quiet" type="submit" name="decision" value="again" formnovalidate>${texts.again}</button></p>
</form>
<p class="hint">${texts.lost}</p>
</section>`,
  };
}
