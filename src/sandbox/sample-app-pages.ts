// The sample app's pages: start, refusal, and the record with its claims on a time line.
import type { Config, Line } from '../config/config.ts';
import { type Html, html, type PageContent } from '../pages/page.ts';
import type { ClaimView, RecordView } from './sample-app-record.ts';

const navigation = [
  { href: '/sandbox', text: 'Test members' },
  { href: '/sandbox/app', text: 'Sample app' },
];

export function startPage(config: Config): PageContent {
  return {
    title: 'Sample app',
    navigation,
    body: html`<h1>Sample app</h1>
<p class="lead">An app as you would write it. It sends you to the plan to sign in and to agree, then reads the record with the
token it gets. Sign in as any of the <a href="/sandbox">test members</a>.</p>
<section class="grid" aria-label="Connect">${config.lines.map(
      (line) => html`<div class="card"><h2>${line.name}</h2>
<p><a class="button" href="/sandbox/app/connect/${line.id}">Connect ${line.id}</a></p></div>`,
    )}</section>`,
  };
}

export function deniedPage(text: string): PageContent {
  return {
    title: 'Not connected',
    navigation,
    body: html`<h1>Not connected</h1><p class="notice">${text}</p><p><a class="button" href="/sandbox/app">Start again</a></p>`,
  };
}

export function recordPage(line: Line, record: RecordView, scopes: readonly string[]): PageContent {
  return {
    title: record.name === '' ? 'Record' : record.name,
    navigation,
    body: html`<h1>${record.name === '' ? 'Connected' : record.name}</h1>
<p class="lead">${line.name} · member <code>${record.patient}</code></p>
${
  record.name === ''
    ? html`<p class="notice">Who you are was not shared with this app.</p>`
    : html`<dl class="facts"><dt>Born</dt><dd>${record.birthDate}</dd><dt>Gender</dt><dd>${record.gender}</dd><dt>Address</dt><dd>${record.address}</dd></dl>`
}
<h2>What was granted</h2>
<ul class="tags">${scopes.map((scope) => html`<li><code>${scope}</code></li>`)}</ul>
<h2>Claims</h2>
${claimsTimeline(record.claims)}
<h2>What the record holds</h2>
<ul class="tags">${record.counts.map(([type, count]) => html`<li>${type} <strong>${count}</strong></li>`)}</ul>
<details><summary>Requests this page made</summary>
<ul>${record.requests.map(([url, status]) => html`<li><code>GET ${url}</code> → ${status}</li>`)}</ul></details>
<p><a class="button secondary" href="/sandbox/app">Connect another</a></p>`,
  };
}

function claimsTimeline(claims: readonly ClaimView[]): Html {
  if (claims.length === 0) return html`<p class="notice">No claims, or claims were not shared.</p>`;
  const years = new Map<string, ClaimView[]>();
  for (const claim of claims) {
    const year = claim.date.slice(0, 4) || 'no date';
    const list = years.get(year);
    if (list === undefined) years.set(year, [claim]);
    else list.push(claim);
  }
  return html`<div class="timeline">${[...years].map(
    ([
      year,
      list,
    ]) => html`<section><h3>${year} <small>${list.length} claim${list.length === 1 ? '' : 's'}</small></h3>
<ol>${list.map(
      (claim) => html`<li><time datetime="${claim.date}">${claim.date}</time>
<span class="kind">${claim.kind}</span> <span>${[claim.what, claim.provider].filter((part) => part !== '').join(' · ')}</span>
<span class="money">${money(claim.billed, 'billed')} ${money(claim.paid, 'paid by plan')}</span> <small>${claim.status}</small></li>`,
    )}</ol></section>`,
  )}</div>`;
}

function money(amount: number | undefined, word: string): string {
  return amount === undefined ? '' : `$${amount.toFixed(2)} ${word}`;
}
