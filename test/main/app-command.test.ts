// `portico app` as an operator runs it.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import { testOnEachDatabase } from '../databases.ts';
import { runPortico } from './run-portico.ts';

testOnEachDatabase('app create, update, rotate-secret, secrets, end-secret', async (place) => {
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = runPortico(place, ['app', ...args]);
    assert.equal(status, 0, stderr);
    return stdout;
  };
  const fails = (why: RegExp, ...args: string[]) => {
    const { status, stderr } = runPortico(place, ['app', ...args]);
    assert.equal(status, 1, stderr);
    assert.match(stderr, why);
  };
  const json = <T>(text: string) => JSON.parse(text) as T;
  type Credentials = { client_id: string; client_secret?: string };
  type Secrets = { id: string; ends_at: string | null }[];

  const { client_id: id, client_secret } = json<Credentials>(
    run('create', '--name', 'App', '--redirect-uri', 'https://app.example.com/cb', '--json'),
  );
  assert.ok(client_secret);
  const until = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10);
  const renewed = json<Credentials>(run('rotate-secret', id, '--old-until', until, '--json'));
  assert.notEqual(renewed.client_secret, client_secret);
  const secrets = json<Secrets>(run('secrets', id, '--json'));
  assert.equal(secrets.length, 2);
  assert.equal(secrets[0]?.ends_at, null);
  assert.ok(Math.abs(Date.parse(secrets[1]?.ends_at ?? '') - Date.parse(until)) < 2000);
  fails(/past/, 'rotate-secret', id, '--old-until', '2020-01-01');
  fails(/not a date/, 'rotate-secret', id, '--old-until', 'soon');
  run('end-secret', id, secrets[1]?.id ?? '');
  assert.equal(json<Secrets>(run('secrets', id, '--json')).length, 1);
  type App = { attested_at: string | null };
  assert.ok(json<App>(run('attest', id, '--json')).attested_at);
  assert.equal(json<App>(run('attest', id, '--withdraw', '--json')).attested_at, null);
  fails(/no app/, 'attest', 'nobody');
  fails(/only secret/, 'end-secret', id, secrets[0]?.id ?? '');

  const changed = json<{ name: string; redirect_uris: string[]; auth_method: string }>(
    run('update', id, '--name', 'Changed', '--redirect-uri', 'https://two.example/cb', '--json'),
  );
  assert.equal(changed.name, 'Changed');
  assert.deepEqual(changed.redirect_uris, ['https://two.example/cb']);
  assert.equal(changed.auth_method, 'client_secret');
  const { publicKey } = await generateKeyPair('ES384', { extractable: true });
  const file = join(place.dataDir, 'jwks.json');
  await writeFile(file, JSON.stringify({ keys: [await exportJWK(publicKey)] }));
  assert.match(run('update', id, '--jwks', file, '--json'), /"auth_method":"private_key_jwt"/);
  assert.match(
    run('update', id, '--jwks-uri', 'https://two.example/jwks.json', '--json'),
    /"jwks_uri":"https:\/\/two\.example\/jwks\.json"/,
  );
  assert.match(run('secrets', id), /no secret/);
  fails(/There is no app/, 'update', 'nobody', '--name', 'x');
});
