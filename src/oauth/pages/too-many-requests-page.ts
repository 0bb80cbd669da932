// What a person sees who asks for more sign-in pages than one address may.
import type { Config } from '../../config/config.ts';
import type { Language } from '../../pages/language.ts';
import { html, renderPage } from '../../pages/page.ts';
import { signInTexts } from './sign-in-texts.ts';

export function tooManyRequestsPage(config: Config, seconds: number, language: Language): Promise<string> {
  const texts = signInTexts[language];
  return renderPage(config, {
    title: texts.busyTitle,
    lang: language,
    body: html`<section class="card narrow"><h1>${texts.busyTitle}</h1>
<p>${texts.busyWhat}</p>
<p>${texts.busyNext(seconds)}</p></section>`,
  });
}
