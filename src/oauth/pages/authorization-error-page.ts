// What a person sees when an authorization request cannot be answered to the app: it would be wrong to redirect
// before the redirect URI is known to be the app's (RFC 6749 section 4.1.2.1).
import type { Config } from '../../config/config.ts';
import { html, renderPage } from '../../pages/page.ts';

export interface AuthorizationProblem {
  readonly error: string;
  readonly error_description?: string | undefined;
}

export async function authorizationErrorPage(config: Config, problem: AuthorizationProblem): Promise<string> {
  const expired = /expired|session|interaction/.test(problem.error_description ?? '');
  return renderPage(config, {
    title: expired ? 'This page has expired' : 'This request cannot be answered',
    body: expired
      ? html`<section class="card narrow">
<h1>This page has expired</h1>
<p>Nothing was shared. For your safety, signing in has to be finished within 15 minutes and in one browser.</p>
<p>Go back to the app and start connecting again.</p>
</section>`
      : html`<section class="card narrow">
<h1>This request cannot be answered</h1>
<p>Nothing was shared. The app that sent you here made a request that we do not accept. Only its developer can
correct it: you could tell them what stands below.</p>
<dl class="facts"><dt>Error</dt><dd><code>${problem.error}</code></dd>
<dt>Description</dt><dd>${problem.error_description ?? 'none'}</dd></dl>
</section>`,
  });
}
