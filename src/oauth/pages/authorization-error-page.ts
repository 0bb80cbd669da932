// What a person sees when an authorization request cannot be answered to the app: it would be wrong to redirect
// before the redirect URI is known to be the app's (RFC 6749 section 4.1.2.1).
import type { Config } from '../../config/config.ts';
import type { Language } from '../../pages/language.ts';
import { html, renderPage } from '../../pages/page.ts';
import { interactionProblemPage } from './interaction-problem-page.ts';
import { problemTexts } from './sign-in-texts.ts';

export interface AuthorizationProblem {
  readonly error: string;
  readonly error_description?: string | undefined;
}

export async function authorizationErrorPage(
  config: Config,
  problem: AuthorizationProblem,
  language: Language,
): Promise<string> {
  if (/expired|session|interaction/.test(problem.error_description ?? ''))
    return interactionProblemPage(config, 'expired', language);
  const { title, what, next } = problemTexts[language].request;
  // The error itself is for the developer: in the protocol's words.
  return renderPage(config, {
    title,
    lang: language,
    body: html`<section class="card narrow">
<h1>${title}</h1>
<p>${what} ${next}</p>
<dl class="facts"><dt>error</dt><dd><code>${problem.error}</code></dd>
<dt>error_description</dt><dd lang="en"><code>${problem.error_description ?? ''}</code></dd></dl>
</section>`,
  });
}
