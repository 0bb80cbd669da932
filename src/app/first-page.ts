// The first screen: what this is, the lines of business, and where to go.
import type { Config } from '../config/config.ts';
import { html, type PageContent } from '../pages/page.ts';

export function firstPage(config: Config): PageContent {
  const sandbox = config.mode === 'sandbox';
  return {
    title: 'Patient Access API',
    body: html`<h1>${config.planName}: Patient Access API</h1>
<p class="lead">Members decide which apps may read their health records. Apps read them here, as HL7 FHIR R4, once a member
has signed in and agreed.</p>
${sandbox ? html`<p class="notice">This is a sandbox. Every member here is made up; sign in as any of them.</p>` : ''}
<section class="grid" aria-label="Where to go">
  <div class="card"><h2><a href="${config.planUrl}/developer/docs/patient-api">Documentation</a></h2>
    <p>How to register an app, send a member to sign in, and read the record. No account needed.</p></div>
  <div class="card"><h2><a href="${config.planUrl}/developer">Developer portal</a></h2>
    <p>Register an app and get its client id and secret at once.</p></div>
  ${
    sandbox
      ? html`<div class="card"><h2><a href="${config.planUrl}/sandbox">Test members</a></h2>
    <p>Names and passwords of the synthetic members, and what each is good for.</p></div>
  <div class="card"><h2><a href="${config.planUrl}/sandbox/app">Sample app</a></h2>
    <p>Connect a member's record in the browser and see what an app gets.</p></div>`
      : ''
  }
</section>
<h2>Lines of business</h2>
<table class="stack">
<thead><tr><th scope="col">Line</th><th scope="col">FHIR base</th><th scope="col">Authorization server</th><th scope="col">For members</th></tr></thead>
<tbody>${config.lines.map(
      (line) => html`<tr><th scope="row">${line.name}</th>
<td data-label="FHIR base"><a href="${line.fhirUrl}/metadata"><code>${line.fhirUrl}</code></a></td>
<td data-label="Portal"><a href="${line.portalUrl}/.well-known/openid-configuration"><code>${line.portalUrl}</code></a></td>
<td><a href="${line.portalUrl}/account">Connected apps</a></td></tr>`,
    )}</tbody></table>`,
  };
}
