// What a person sees who asks for more sign-in pages than one address may.
import type { Config } from '../../config/config.ts';
import { html, renderPage } from '../../pages/page.ts';

export function tooManyRequestsPage(config: Config, seconds: number): Promise<string> {
  const title = 'Too many requests';
  return renderPage(config, {
    title,
    body: html`<section class="card narrow"><h1>${title}</h1>
<p>Nothing was shared. More sign-ins were begun from your network just now than we answer at a time.</p>
<p>Wait ${seconds === 1 ? 'a second' : `${seconds} seconds`}, go back to the app and start connecting again.</p></section>`,
  });
}
