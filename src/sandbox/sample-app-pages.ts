// The sample app's pages: start, refusal, and the record with its claims on a time line.
import type { Config, Line } from '../config/config.ts';
import { type Html, html, type PageContent } from '../pages/page.ts';
import { dataClasses } from '../smart/data-classes.ts';
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
    body: html`<section class="card narrow"><h1>Not connected</h1><p class="notice">${text}</p>
<div class="actions"><a class="button" href="/sandbox/app">Start again</a></div></section>`,
  };
}

export function recordPage(line: Line, record: RecordView, scopes: readonly string[]): PageContent {
  return {
    title: record.name === '' ? 'Record' : record.name,
    navigation,
    body: html`<p class="eyebrow">${line.name}</p>
<h1>${record.name === '' ? 'Connected' : record.name}</h1>
${whoTheyAre(record)}
<h2>What was granted</h2>
${granted(scopes)}
<p class="hint">For one hour. The member can end it sooner at <a class="breakable" href="${line.portalUrl}/account">${line.portalUrl}/account</a>.</p>
<h2>Claims</h2>
${scopes.some((scope) => claimScopes.includes(scope)) ? claimsTimeline(record.claims) : html`<p class="notice">Claims were not shared with this app.</p>`}
<h2>What the record holds</h2>
${holdings(record)}
<details><summary>Requests this page made, and the scopes of its token</summary>
<p><code>${scopes.join(' ')}</code></p>
<ul>${record.requests.map(([url, status]) => html`<li><code>GET ${url}</code> → ${status}</li>`)}</ul></details>
<div class="actions"><a class="button secondary" href="/sandbox/app">Connect another</a></div>`,
  };
}

const claimScopes = ['patientapi.claims.read', 'patientapi.priorauthorizations.read'];

function whoTheyAre(record: RecordView): Html {
  const facts = [
    ['Member id', html`<code>${record.patient}</code>`],
    ['Born', record.birthDate === '' ? '' : longDate(record.birthDate)],
    ['Gender', record.gender],
    ['Language', record.language],
    ['Phone', record.phone],
    ['Address', record.address],
  ] as const;
  const known = facts.filter(([, value]) => value !== '');
  return html`${record.name === '' ? html`<p class="notice">Who you are was not shared with this app.</p>` : ''}
<dl class="facts">${known.map(([term, value]) => html`<dt>${term}</dt><dd>${value}</dd>`)}</dl>`;
}

function granted(scopes: readonly string[]): Html {
  const asked = dataClasses.map((dataClass) => ({
    ...dataClass,
    given: scopes.includes(`patientapi.${dataClass.code}.read`),
  }));
  const given = asked.filter((dataClass) => dataClass.given);
  const refused = asked.filter((dataClass) => !dataClass.given);
  return html`<ul class="granted">${given.map(
    (dataClass) => html`<li><strong>${dataClass.title}</strong> <span>${dataClass.explains}</span></li>`,
  )}</ul>
${refused.length === 0 ? '' : html`<p>Not shared: ${refused.map((dataClass) => dataClass.title).join(', ')}.</p>`}`;
}

function holdings(record: RecordView): Html {
  const some = record.counts.filter(([, count]) => count > 0);
  return some.length === 0
    ? html`<p class="notice">Nothing beside what stands above.</p>`
    : html`<ul class="tags">${some.map(([what, count]) => html`<li>${what} <strong>${count}</strong></li>`)}</ul>`;
}

function claimsTimeline(claims: readonly ClaimView[]): Html {
  if (claims.length === 0) return html`<p class="notice">The record has no claims.</p>`;
  const years = new Map<string, ClaimView[]>();
  for (const claim of claims) {
    const year = claim.date.slice(0, 4) || 'No date';
    const list = years.get(year);
    if (list === undefined) years.set(year, [claim]);
    else list.push(claim);
  }
  return html`<div class="timeline">${[...years].map(
    ([
      year,
      list,
    ]) => html`<section><h3>${year} <small>${list.length} ${list.length === 1 ? 'claim' : 'claims'}${paidIn(list)}</small></h3>
<ol>${list.map(
      (
        claim,
      ) => html`<li>${claim.date === '' ? html`<span></span>` : html`<time datetime="${claim.date}">${shortDate(claim.date)}</time>`}
<span class="kind">${claim.kind}</span>
<span class="what">${claim.what === '' ? 'No description' : claim.what}<small>${[claim.note, claim.provider].filter((part) => part !== '').join(' · ')}</small></span>
<span class="money">${amounts(claim)}</span></li>`,
    )}</ol></section>`,
  )}</div>`;
}

function paidIn(claims: readonly ClaimView[]): string {
  const paid = claims.reduce((sum, claim) => sum + (claim.paid ?? 0), 0);
  return paid === 0 ? '' : `, the plan paid ${dollars(paid)}`;
}

function amounts(claim: ClaimView): Html {
  const parts = [
    claim.billed === undefined ? '' : `${dollars(claim.billed)} billed`,
    claim.paid === undefined ? '' : `${dollars(claim.paid)} paid by plan`,
    claim.memberOwes === undefined || claim.memberOwes === 0
      ? ''
      : `${dollars(claim.memberOwes)} to pay yourself`,
  ];
  return html`${parts.filter((part) => part !== '').map((part) => html`<span>${part}</span> `)}`;
}

function dollars(amount: number): string {
  return amount.toLocaleString('en-US', { style: 'currency', currency: 'USD' });
}

function shortDate(date: string): string {
  return inWords(date, { month: 'short', day: 'numeric' });
}

function longDate(date: string): string {
  return inWords(date, { year: 'numeric', month: 'long', day: 'numeric' });
}

/** FHIR dates may be a year or a month only; those stay as they are. */
function inWords(date: string, parts: Intl.DateTimeFormatOptions): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return date;
  return new Date(`${date}T00:00:00Z`).toLocaleDateString('en-US', { ...parts, timeZone: 'UTC' });
}
