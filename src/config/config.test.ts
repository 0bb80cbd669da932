// What an operator writes wrong is named, by file and key, before anything starts.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/databases.ts';
import { ConfigError, loadConfig } from './config.ts';

const line = {
  id: 'cco',
  name: 'CCO',
  portal_url: 'https://portal.example.org/',
  fhir_url: 'https://fhir.example.org',
};

test('an identity provider is read with its secret from a file', async (context) => {
  const folder = await temporaryFolder(context);
  const secret = join(folder, 'secret');
  await writeFile(secret, 'of the provider\n');
  const provider = {
    issuer: 'https://id.example.org',
    client_id: 'portico',
    client_secret_file: secret,
    member_claim: 'member_id',
  };
  const load = async (changed: object) => {
    const file = join(folder, 'plan.json');
    const lines = [{ ...line, identity_provider: { ...provider, ...changed } }];
    await writeFile(file, JSON.stringify({ plan_name: 'Plan', plan_url: 'https://plan.example.org', lines }));
    return loadConfig({ DATA_DIR: folder, PORTICO_CONFIG: file }).lines[0]!.identityProvider;
  };

  assert.deepEqual(await load({}), {
    issuer: 'https://id.example.org',
    clientId: 'portico',
    clientSecret: 'of the provider',
    secretInBody: false,
    scopes: ['openid', 'profile'],
    memberClaim: 'member_id',
    memberIdentifierSystem: undefined,
    actsForClaim: undefined,
    nameClaim: 'name',
    besidePasswords: false,
    button: 'Sign in with your plan account',
  });
  assert.equal((await load({ issuer: 'http://localhost:9/' }))?.issuer, 'http://localhost:9/');

  const wrong: [object, RegExp][] = [
    [{ issuer: 'http://id.example.org' }, /issuer.*https/s],
    [{ issuer: 'id.example.org' }, /issuer/],
    [{ client_secret_file: join(folder, 'none') }, /client_secret_file .*none cannot be read/],
    [{ scopes: ['profile'] }, /scopes must have openid/],
    [{ scopes: ['openid profile'] }, /scopes/],
    [{ member_claim: '' }, /member_claim/],
    [{ member_claim: 'email' }, /member_claim.*e-mail/s],
    [{ member_clam: 'x' }, /member_clam/],
  ];
  for (const [changed, message] of wrong) {
    await assert.rejects(load(changed), (error) => {
      assert.ok(error instanceof ConfigError, String(error));
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /of the provider/);
      return true;
    });
  }
});
