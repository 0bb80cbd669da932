// The sandbox's public pages: who can sign in, for people and for programs, and the sample app. Registered in sandbox
// mode only: outside it none of these routes exists.
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import type { OAuthServer } from '../oauth/oauth-server.ts';
import { html, pageHeaders, renderPage } from '../pages/page.ts';
import { type SandboxAccount, sandboxAccounts, sandboxAuthorities } from './personas.ts';
import { registerSampleApp } from './sample-app.ts';

export { seedSandbox } from './seed-sandbox.ts';

/** Whose record the documentation reads in its walk-through: it has nearly everything. */
export function testMember(): SandboxAccount | undefined {
  return sandboxAccounts().find((account) => account.username === 'james.okafor');
}

/** Whether the password of an account is public. */
export function isTestMember(line: string, username: string): boolean {
  return sandboxAccounts().some((account) => account.line === line && account.username === username);
}

/** What `serve` prints: who can sign in where. */
export function membersText(config: Config): string {
  const accounts = sandboxAccounts();
  const width = Math.max(...accounts.map((account) => account.username.length));
  return config.lines
    .map((line) => {
      const rows = accounts
        .filter((account) => account.line === line.id)
        .map((account) => `    ${account.username.padEnd(width)}  ${account.password}`);
      return [`  ${line.id}: user name and password`, ...rows, ''].join('\n');
    })
    .join('\n');
}

export async function registerSandbox(
  app: FastifyInstance,
  parts: { readonly config: Config; readonly db: Database; readonly oauth: OAuthServer },
): Promise<void> {
  const { config } = parts;
  const accounts = sandboxAccounts();
  app.get('/sandbox/members.json', async (_request, reply) =>
    reply
      .headers({
        'content-type': 'application/json; charset=utf-8',
        'access-control-allow-origin': '*',
        'cache-control': 'public, max-age=300',
      })
      .send(JSON.stringify(accounts)),
  );
  app.get('/sandbox', async (_request, reply) =>
    reply.headers(pageHeaders).send(await renderPage(config, membersPage(config, accounts))),
  );
  await registerSampleApp(app, parts);
}

function membersPage(config: Config, accounts: readonly SandboxAccount[]) {
  return {
    title: 'Test members',
    navigation: [
      { href: `${config.planUrl}/developer/docs/patient-api`, text: 'Documentation' },
      { href: `${config.planUrl}/developer`, text: 'Developer portal' },
      { href: `${config.planUrl}/sandbox/app`, text: 'Sample app' },
    ],
    body: html`<h1>Test members</h1>
<p class="lead">All of them are made up. Sign in as any of them where an app sends you. As JSON:
<a href="/sandbox/members.json"><code>/sandbox/members.json</code></a>.</p>
${config.lines.map(
  (line) => html`<h2 id="${line.id}">${line.name}</h2>
<table class="stack">
<thead><tr><th scope="col">Name</th><th scope="col">User name</th><th scope="col">Password</th><th scope="col">patient</th><th scope="col">Good for</th></tr></thead>
<tbody>${accounts
    .filter((account) => account.line === line.id)
    .map(
      (
        account,
      ) => html`<tr><th scope="row">${account.name}</th><td data-label="User name"><code class="nowrap">${account.username}</code></td>
<td data-label="Password"><code class="nowrap">${account.password}</code></td><td data-label="patient"><code class="nowrap">${account.patient ?? '—'}</code></td>
<td>${account.summary}${account.actsFor.length === 0 ? '' : html` Acts for ${sandboxAuthorities(account.line, account.username).map(({ patient, kind, endsInDays }) => html`<code class="nowrap">${patient}</code> (${kind}${endsInDays === undefined ? '' : `, for ${endsInDays} days`}) `)}`}</td></tr>`,
    )}</tbody></table>`,
)}`,
  };
}
