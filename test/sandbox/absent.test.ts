// Outside sandbox mode nothing of the sandbox exists: no page, no account, no app.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPortico } from '../../src/app/create-portico.ts';
import { type Config, ConfigError, sandboxPlan } from '../../src/config/config.ts';
import { silentLogger } from '../../src/log/logger.ts';
import { sqlitePlace } from '../databases.ts';

const settings = {
  ...sandboxPlan('http://localhost:3000'),
  port: 0,
  host: 'localhost',
  databaseUrl: undefined,
  logLevel: 'silent',
  secretKey: 'x'.repeat(43),
};

test('a plan with a configuration has no page, no account and no app of the sandbox', async (context) => {
  const { dataDir } = await sqlitePlace(context);
  const config: Config = { ...settings, mode: 'production', dataDir };
  const portico = await createPortico(config, silentLogger());
  context.after(() => portico.close());
  const headers = { host: 'localhost:3000' };
  for (const url of ['/sandbox', '/sandbox/members.json', '/sandbox/app', '/sandbox/app/connect/cco']) {
    assert.equal((await portico.app.inject({ url, headers })).statusCode, 404, url);
  }
  for (const url of ['/', '/developer', '/developer/docs/patient-api', '/cco/account']) {
    const { statusCode, body } = await portico.app.inject({ url, headers });
    assert.equal(statusCode, 200, url);
    assert.doesNotMatch(body, /sandbox|harbor-/i, url);
  }
  assert.doesNotMatch(portico.greeting(), /sandbox|harbor-/i);
  for (const table of ['oauth_account', 'oauth_client'])
    assert.deepEqual(await portico.plan.db.read({ sql: `select * from ${table}`, parameters: [] }), []);
});

test('a plan does not start on a database that was a sandbox', async (context) => {
  const { dataDir } = await sqlitePlace(context);
  const sandbox = await createPortico({ ...settings, dataDir }, silentLogger());
  await sandbox.close();
  await assert.rejects(
    createPortico({ ...settings, mode: 'production', dataDir }, silentLogger()),
    (error: unknown) => error instanceof ConfigError && /was a sandbox/.test(error.message),
  );
});
