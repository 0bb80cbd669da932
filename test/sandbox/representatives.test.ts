// People who act for others, in the whole sandbox: what they grant reaches those who were chosen, and lasts as long as their right.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OAuthTables } from '../../src/oauth/schema.ts';
import { sqlitePlace } from '../databases.ts';
import { startPortico, type Token } from '../portico.ts';

test('representatives of the sandbox', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const connectionOf = async (token: Token, line: string) => {
    const found = await server.portico.oauth.verifyToken(line, token.access_token);
    return server.portico.plan.db
      .as<OAuthTables>()
      .selectFrom('oauth_connection')
      .selectAll()
      .where('grant_id', '=', found?.grantId ?? '')
      .executeTakeFirstOrThrow();
  };
  const idsOf = async (answer: Response) => {
    const bundle = (await answer.json()) as { entry?: { resource: { id: string } }[] };
    return (bundle.entry ?? []).map(({ resource }) => resource.id).sort();
  };

  await context.test('a mother’s grant for her daughter ends when she comes of age', async () => {
    const scope = 'openid patientapi.claims.read offline_access';
    const row = await connectionOf(await server.token('cco', 'maria.delgado', scope, 'cco-100003'), 'cco');
    // A year is sooner than 2035.
    assert.equal(row.expires_at - row.created_at, 365 * 86_400_000);
    const { oauth } = server.portico;
    const account = await oauth.accounts.findByUsername('cco', 'maria.delgado');
    assert.ok(account);
    const [own, daughter] = await oauth.accounts.sharable(account);
    assert.deepEqual([own?.self, own?.until], [true, undefined]);
    assert.deepEqual([daughter?.kind, daughter?.until], ['parent', Date.UTC(2035, 5, 21)]);
  });

  await context.test('with user/ scopes the API serves all who were chosen, and nobody else', async () => {
    const scope = 'openid user/Patient.rs';
    const both = await server.token('cco', 'maria.delgado', scope, ['cco-100001', 'cco-100003']);
    assert.equal(both.patient, 'cco-100001');
    assert.deepEqual(await idsOf(await server.get('/cco/fhir/Patient', both)), ['cco-100001', 'cco-100003']);
    assert.equal((await server.get('/cco/fhir/Patient/cco-100003', both)).status, 200);
    assert.equal((await server.get('/cco/fhir/Patient/cco-100002', both)).status, 404);
    const one = await server.token('cco', 'maria.delgado', scope, 'cco-100003');
    assert.deepEqual(await idsOf(await server.get('/cco/fhir/Patient', one)), ['cco-100003']);
  });

  await context.test('a representative who is no member is the RelatedPerson of the record', async () => {
    const scope = 'openid fhirUser patientapi.demographics.read offline_access';
    const token = await server.token('advantage', 'karen.brandt', scope, 'adv-200007');
    const row = await connectionOf(token, 'advantage');
    assert.equal(row.fhir_user, 'RelatedPerson/adv-200007-rel-karen-brandt');
    assert.equal((await server.get(`/advantage/fhir/${row.fhir_user}`, token)).status, 200);
    assert.ok(row.expires_at <= Date.now() + 30 * 86_400_000);
    const father = await connectionOf(
      await server.token('advantage', 'karen.brandt', scope, 'adv-200002'),
      'advantage',
    );
    assert.ok(father.expires_at > Date.now() + 300 * 86_400_000);
  });

  await context.test('the page of test members says by what right they act', async () => {
    const page = await (await server.get('/sandbox')).text();
    assert.match(page, /adv-200007<\/code> \(appointed-representative, for 30 days\)/);
    assert.match(page, /cco-100003<\/code> \(parent\)/);
  });
});
