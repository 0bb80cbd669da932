// Why signing in or granting cannot go on, and what to do about it.
import type { Config } from '../../config/config.ts';
import type { Language } from '../../pages/language.ts';
import { html, renderPage } from '../../pages/page.ts';
import { type InteractionProblem, problemTexts } from './sign-in-texts.ts';

export async function interactionProblemPage(
  config: Config,
  problem: InteractionProblem,
  language: Language,
): Promise<string> {
  const { title, what, next } = problemTexts[language][problem];
  return renderPage(config, {
    title,
    lang: language,
    body: html`<section class="card narrow"><h1>${title}</h1><p>${what}</p><p>${next}</p></section>`,
  });
}
