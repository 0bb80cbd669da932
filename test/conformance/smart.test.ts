// The SMART suites against the sandbox: nothing fails, and docs/conformance-smart.md says what was seen.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { smartMarkdown } from '../../conformance/smart/report-smart.ts';
import { runSmart } from '../../conformance/smart/run-smart.ts';
import { registerApps, sandboxPeople } from '../../conformance/smart/sandbox-smart.ts';
import { sqlitePlace } from '../databases.ts';
import { startPortico } from '../portico.ts';

test('the sandbox passes the SMART App Launch suites', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const apps = await registerApps((app) => server.portico.oauth.clients.create(app));
  const conformance = await runSmart({ apps, people: await sandboxPeople(server.base) });
  const { rows } = conformance;
  assert.deepEqual(
    rows.filter(({ outcome }) => outcome === 'failed'),
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
