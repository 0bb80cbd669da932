// The SMART suites against the sandbox: nothing fails, and docs/conformance-smart.md says what was seen.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { smartMarkdown } from '../../conformance/smart/report-smart.ts';
import { runSmart } from '../../conformance/smart/run-smart.ts';
import { registerApps, sandboxPeople } from '../../conformance/smart/sandbox-smart.ts';
import { sqlitePlace } from '../databases.ts';
import { startPortico } from '../portico.ts';

/** Fails as yet: the scopes of US Core, people without a readable fhirUser, an endpoint that only one document names. */
const awaited: readonly RegExp[] = [
  /^us_core_v610_smart_granular_scopes (us_core_|smart_token_response_body)/,
  /fhir_user_claim (a parent for a child|someone without a record)/,
  /smart_discovery-Test04/,
];

test('the sandbox passes the SMART App Launch suites', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const apps = await registerApps((app) => server.portico.oauth.clients.create(app));
  const conformance = await runSmart({ apps, people: await sandboxPeople(server.base) });
  const { rows } = conformance;
  const failed = rows.filter(({ outcome }) => outcome === 'failed');
  assert.deepEqual(
    failed.filter(({ suite, id, as }) => !awaited.some((title) => title.test(`${suite} ${id} ${as}`))),
    [],
  );
  assert.ok(rows.filter(({ outcome }) => outcome === 'passed').length > 400);
  const written = readFileSync(new URL('../../docs/conformance-smart.md', import.meta.url), 'utf8');
  assert.equal(
    written,
    smartMarkdown(conformance),
    'make it anew: npm run conformance -- URL --smart --markdown docs/conformance-smart.md',
  );
});
