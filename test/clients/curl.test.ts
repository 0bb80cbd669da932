// The script in docs/ for a public app, run as it stands: SMART standalone launch with curl, openssl and sed alone.
// (The confidential app's steps are in the documentation, see test/portal/documentation.test.ts.)
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { sqlitePlace } from '../databases.ts';
import { startPortico } from '../portico.ts';

const file = fileURLToPath(new URL('../../docs/public-app-with-curl.sh', import.meta.url));

test('a public app with curl: PKCE, token, read, search, refresh, revocation', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const redirectUri = 'https://app.example.com/callback';
  const { client_id } = await server.portico.oauth.clients.create({
    name: 'curl',
    redirectUris: [redirectUri],
    public: true,
  });
  const { stdout } = await promisify(execFile)('sh', [file], {
    env: {
      ...process.env,
      FHIR: `${server.base}/cco/fhir`,
      CLIENT_ID: client_id,
      REDIRECT_URI: redirectUri,
      USERNAME: 'james.okafor',
      PASSWORD: 'harbor-cedar-56',
    },
  });
  const [token = '', patient = '', coverage = '', refreshed = '', ...statuses] = stdout.trim().split('\n');
  const first = JSON.parse(token) as Record<string, string>;
  assert.equal(first['patient'], 'cco-100004');
  assert.equal(first['token_type'], 'Bearer');
  assert.match(patient, /^\{"resourceType":"Patient","id":"cco-100004"/);
  assert.match(coverage, /"resourceType":"Coverage"/);
  const second = JSON.parse(refreshed) as Record<string, string>;
  assert.notEqual(second['access_token'], first['access_token']);
  assert.notEqual(second['refresh_token'], first['refresh_token']);
  assert.deepEqual(statuses, ['200', '200', '401']);
});
