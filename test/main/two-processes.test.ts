// Two servers of one installation: what one command changes holds in both, an app that is switched off from the very next
// request on.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { personas } from '../../src/sandbox/personas.ts';
import { type TestPlace, testOnEachDatabase } from '../databases.ts';
import { answerOf, Browser, callback, grant, pkce, signIn, tokenRequest } from '../oauth/oauth-fixture.ts';
import { freePort } from '../portico.ts';
import { runPortico } from './run-portico.ts';

const main = new URL('../../src/main/portico.ts', import.meta.url).pathname;

async function serve(context: TestContext, place: TestPlace): Promise<string> {
  const port = await freePort();
  const base = `http://localhost:${port}`;
  const child: ChildProcess = spawn(process.execPath, [main, 'serve'], {
    stdio: 'ignore',
    env: {
      ...process.env,
      PORT: String(port),
      DATA_DIR: place.dataDir,
      ...(place.databaseUrl === undefined ? {} : { DATABASE_URL: place.databaseUrl }),
      LOG_LEVEL: 'silent',
    },
  });
  context.after(async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
  for (let waited = 0; waited < 600; waited++) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    const ready = await fetch(`${base}/readyz`).catch(() => undefined);
    if (ready?.status === 200) return base;
    await wait(200);
  }
  throw new Error('the server does not start');
}

testOnEachDatabase(
  'what is changed by a command holds in both servers of an installation',
  async (place, context) => {
    const run = (...args: string[]) => {
      const { status, stdout, stderr } = runPortico(place, args);
      assert.equal(status, 0, stderr);
      return stdout;
    };
    const one = await serve(context, place);
    const two = await serve(context, place);
    const { client_id } = JSON.parse(
      run('app', 'create', '--name', 'App', '--redirect-uri', callback, '--public', '--json'),
    ) as { client_id: string };
    const persona = personas.find(({ signIn: known }) => known?.username === 'maria.delgado');
    const { verifier, challenge } = pkce();
    const browser = new Browser(one);
    const query = new URLSearchParams({
      client_id,
      redirect_uri: callback,
      response_type: 'code',
      scope: 'openid offline_access patientapi.demographics.read',
      state: 's',
      code_challenge: challenge,
      code_challenge_method: 'S256',
    });
    const consent = await signIn(
      browser,
      `/cco/connect/authorize?${query}`,
      'maria.delgado',
      persona?.signIn?.password,
    );
    const { code = '' } = answerOf(await grant(browser, consent));
    const { body } = await tokenRequest(`${one}/cco/connect/token`, {
      grant_type: 'authorization_code',
      code,
      redirect_uri: callback,
      code_verifier: verifier,
      client_id,
    });
    const read = async (base: string) => {
      const answer = await fetch(`${base}/cco/fhir/Patient/${String(body.patient)}`, {
        headers: { authorization: `Bearer ${body.access_token}` },
      });
      await answer.text();
      return answer.status;
    };
    assert.deepEqual([await read(one), await read(two)], [200, 200], JSON.stringify(body));

    run('app', 'disable', client_id);
    assert.deepEqual([await read(two), await read(one)], [401, 401]);
    for (const base of [one, two]) {
      const refresh = await tokenRequest(`${base}/cco/connect/token`, {
        grant_type: 'refresh_token',
        refresh_token: body.refresh_token,
        client_id,
      });
      assert.equal(refresh.body.error, 'invalid_client');
      assert.equal((await new Browser(base).open(`/cco/connect/authorize?${query}`)).status, 400);
    }
    run('app', 'enable', client_id);
    assert.deepEqual([await read(one), await read(two)], [200, 200], 'what had not ended by itself goes on');

    const kids = async (base: string) => {
      const answer = await fetch(`${base}/cco/.well-known/openid-configuration/jwks`);
      return ((await answer.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid).sort();
    };
    assert.equal((await kids(one)).length, 1);
    const listed = JSON.parse(run('keys', 'rotate', '--line', 'cco', '--json')) as {
      kid: string;
      state: string;
    }[];
    assert.deepEqual(
      listed.map(({ state }) => state),
      ['next', 'signing'],
    );
    const expected = listed.map(({ kid }) => kid).sort();
    const begun = Date.now();
    for (const base of [one, two])
      while (JSON.stringify(await kids(base)) !== JSON.stringify(expected)) {
        assert.ok(Date.now() - begun < 60_000, 'a running server has the new key within a minute');
        await wait(500);
      }
    const again = runPortico(place, ['keys', 'rotate', '--line', 'cco']);
    assert.equal(again.status, 1);
    assert.match(again.stderr, /waiting to sign/);
    assert.match(runPortico(place, ['keys', 'rotate', '--after', '5']).stderr, /at least 600/);
    assert.match(run('keys', 'list'), /cco +next +\S+ +signs from/);
  },
);
