// By what right one person acts for another: what is granted by it ends with it, without anyone's action.
// 45 CFR 164.502(g), ADR 10.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { openDatabase } from '../../src/db/database.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createAccounts } from '../../src/oauth/accounts.ts';
import { birthday } from '../../src/oauth/authorities.ts';
import { isAdolescent } from '../../src/oauth/consent.ts';
import { type OAuthTables, oauthSchema } from '../../src/oauth/schema.ts';
import { testOnEachDatabase } from '../databases.ts';
import {
  answerOf,
  Browser,
  callback,
  type Fixture,
  grant,
  type Page,
  password,
  signIn,
  startFixture,
  storages,
  tokenRequest,
} from './oauth-fixture.ts';

const day = 86_400_000;
const dateOf = (time: number) => new Date(time).toISOString().slice(0, 10);
const yearsAgo = (years: number, days: number) => {
  const now = new Date();
  return dateOf(Date.UTC(now.getUTCFullYear() - years, now.getUTCMonth(), now.getUTCDate() + days));
};
const births: Readonly<Record<string, string>> = {
  // Of age in ten days.
  teen: yearsAgo(18, 10),
  // Fourteen in ten days.
  child: yearsAgo(14, 10),
  grown: '1990-01-01',
};

for (const storage of storages) {
  describe(`authorities, on ${storage}`, () => {
    let fixture: Fixture;
    let client: { client_id: string; client_secret?: string };
    let missing: string | undefined;
    before(async () => {
      fixture = await startFixture(storage, {
        server: {
          birthDateOf: async (_line, patient) => births[patient],
          holds: async (_line, reference) => reference !== missing,
        },
      });
      client = await fixture.oauth.clients.create({
        name: 'App',
        redirectUris: [callback],
        pkceOptional: true,
      });
      await fixture.oauth.accounts.create({
        line: 'cco',
        username: 'parent',
        password,
        patient: 'self',
        name: 'Pat Parent',
        actsFor: [
          { patient: 'teen', kind: 'parent' },
          { patient: 'child', kind: 'parent' },
          { patient: 'grown', kind: 'power-of-attorney', relatedPerson: 'r1' },
        ],
      });
      await fixture.oauth.accounts.create({
        line: 'cco',
        username: 'agent',
        password,
        patient: null,
        name: 'Alex Agent',
        actsFor: [
          { patient: 'teen', kind: 'guardian', relatedPerson: 'r2' },
          { patient: 'grown', kind: 'power-of-attorney', endsAt: Date.now() + 5 * day },
        ],
      });
    });
    after(() => fixture.close());

    const url = (scope: string) =>
      `${fixture.base}/cco/connect/authorize?${new URLSearchParams({
        client_id: client.client_id,
        redirect_uri: callback,
        response_type: 'code',
        scope,
        state: 'st',
        aud: `${fixture.base}/cco/fhir`,
      })}`;
    const redeem = (page: Page) =>
      token({ grant_type: 'authorization_code', code: answerOf(page).code ?? '', redirect_uri: callback });
    const token = (form: Record<string, string>) =>
      tokenRequest(`${fixture.base}/cco/connect/token`, {
        client_id: client.client_id,
        client_secret: client.client_secret ?? '',
        ...form,
      });
    const refresh = (refreshToken: string) =>
      token({ grant_type: 'refresh_token', refresh_token: refreshToken });
    const connect = async (
      patients: readonly string[],
      { scope = 'openid patientapi.claims.read offline_access', username = 'parent', sensitive = '' } = {},
    ) => {
      const browser = new Browser(fixture.base);
      return redeem(
        await grant(browser, await signIn(browser, url(scope), username), (form) => {
          form.fields = form.fields.filter(([name]) => name !== 'patient');
          for (const patient of patients) form.fields.push(['patient', patient]);
          if (sensitive !== '') form.fields.push(['sensitive', sensitive]);
        }),
      );
    };
    const live = (body: { access_token: string }) => fixture.oauth.verifyToken('cco', body.access_token);
    const account = async (username: string) => {
      const found = await fixture.oauth.accounts.findByUsername('cco', username);
      assert.ok(found);
      return found;
    };

    test('a parent’s grant ends on the day at which the child comes of age', async () => {
      const { body } = await connect(['teen']);
      const left = (birthday(births['teen'] ?? '', 18) ?? 0) - Date.now();
      assert.ok(Math.abs(Number(body['authorization_expires_in']) - left / 1000) < 60);
      fixture.advance(left - 60_000);
      assert.equal((await refresh(body.refresh_token)).status, 200);
      fixture.advance(62_000);
      const refused = await refresh(body.refresh_token);
      assert.equal(refused.body['error'], 'invalid_grant');
      const consent = await signIn(new Browser(fixture.base), url('openid patientapi.claims.read'), 'parent');
      assert.doesNotMatch(consent.text, /value="teen"/);
      fixture.advance(-left - 2000);
    });

    test('a grant ends with the authority that it rests on, and the page says when', async () => {
      const browser = new Browser(fixture.base);
      const consent = await signIn(browser, url('openid patientapi.claims.read'), 'agent');
      assert.match(consent.text, /you hold a power of attorney · only until/);
      const { body } = await connect(['grown'], { username: 'agent' });
      assert.ok(Number(body['authorization_expires_in']) <= 5 * 86_400);
      fixture.advance(5 * day + 1000);
      assert.equal((await refresh(body.refresh_token)).status, 400);
      fixture.advance(-5 * day - 1000);
    });

    test('ending an authority ends the access token at once, and a refresh says why', async () => {
      const { body } = await connect(['child']);
      const own = await connect(['self']);
      assert.ok(await live(body));
      assert.equal(await fixture.oauth.accounts.endAuthority(await account('parent'), 'child'), 1);
      assert.equal(await live(body), undefined);
      assert.ok(await live(own.body));
      const refused = await refresh(body.refresh_token);
      assert.equal(refused.status, 400);
      assert.match(String(refused.body['error_description']), /may no longer act for this member/);
      await fixture.oauth.accounts.giveAuthority(await account('parent'), {
        patient: 'child',
        kind: 'parent',
      });
      assert.equal(await live(body), undefined);
      assert.ok(await live((await connect(['child'])).body));
    });

    test('an account that is made again for fewer people ends what it granted for the others', async () => {
      const some = { line: 'cco', username: 'some', password, patient: null, name: 'S' };
      await fixture.oauth.accounts.create({ ...some, actsFor: ['p1', 'p2'] });
      const one = await connect(['p1'], { username: 'some' });
      const two = await connect(['p2'], { username: 'some' });
      await fixture.oauth.accounts.create({ ...some, actsFor: ['p2'] });
      assert.equal(await live(one.body), undefined);
      assert.ok(await live(two.body));
    });

    test('an end that comes nearer shortens what was granted', async () => {
      const short = { line: 'cco', username: 'short', password, patient: null, name: 'S' };
      await fixture.oauth.accounts.create({ ...short, actsFor: ['p9'] });
      const { body } = await connect(['p9'], { username: 'short' });
      await fixture.oauth.accounts.giveAuthority(await account('short'), {
        patient: 'p9',
        endsAt: Date.now() + 60_000,
      });
      assert.ok(await live(body));
      fixture.advance(61_000);
      assert.equal(await live(body), undefined);
      fixture.advance(-61_000);
    });

    test('with user/ scopes several people are chosen: patient is the first, and patient/ is not granted', async () => {
      const scope = 'openid launch/patient patient/Patient.rs user/Patient.rs patientapi.claims.read';
      const { body } = await connect(['self', 'child'], { scope });
      assert.equal(body['patient'], 'self');
      assert.equal(body['scope'], 'openid launch/patient user/Patient.rs patientapi.claims.read');
      assert.deepEqual((await live(body))?.patients, ['self', 'child']);
      const one = await connect(['child'], { scope });
      assert.equal(one.body['scope'], scope);
      assert.deepEqual((await live(one.body))?.patients, ['child']);
    });

    test('without user/ scopes, or with other patient/ scopes beside them, one person is chosen', async () => {
      for (const scope of [
        'openid patientapi.claims.read',
        'openid user/Patient.rs patient/Observation.rs',
      ]) {
        const browser = new Browser(fixture.base);
        const consent = await signIn(browser, url(scope), 'parent');
        assert.match(consent.text, /type="radio" name="patient"/);
        const page = await grant(browser, consent, (form) => {
          form.fields.push(['patient', 'child']);
        });
        assert.equal(page.status, 400);
        assert.match(page.text, /Nothing was shared/);
      }
    });

    test('of several people all must be ones that the account may act for', async () => {
      const browser = new Browser(fixture.base);
      const page = await grant(
        browser,
        await signIn(browser, url('openid user/Patient.rs'), 'parent'),
        (form) => form.fields.push(['patient', 'stranger']),
      );
      assert.equal(page.status, 403);
    });

    test('fhirUser is the member’s Patient, a representative’s RelatedPerson, or is not granted', async () => {
      const scope = 'openid fhirUser patientapi.demographics.read';
      const claim = (body: { id_token: string }) =>
        JSON.parse(Buffer.from(body.id_token.split('.')[1] ?? '', 'base64url').toString())['fhirUser'];
      const base = `${fixture.base}/cco/fhir`;
      const member = await connect(['child'], { scope });
      assert.equal(claim(member.body), `${base}/Patient/self`);
      const agent = await connect(['teen'], { scope, username: 'agent' });
      assert.equal(claim(agent.body), `${base}/RelatedPerson/r2`);
      assert.equal((await live(agent.body))?.fhirUser, 'RelatedPerson/r2');
      const info = await fetch(`${base.replace(/\/fhir$/, '')}/connect/userinfo`, {
        headers: { authorization: `Bearer ${agent.body.access_token}` },
      });
      assert.equal(((await info.json()) as Record<string, unknown>)['fhirUser'], `${base}/RelatedPerson/r2`);
      const without = await connect(['grown'], { scope, username: 'agent' });
      assert.equal(without.body['scope'], 'openid patientapi.demographics.read');
      assert.equal(claim(without.body), undefined);
      missing = 'RelatedPerson/r2';
      const notHeld = await connect(['teen'], { scope, username: 'agent' });
      missing = undefined;
      assert.equal(notHeld.body['scope'], 'openid patientapi.demographics.read');
      assert.equal(claim(notHeld.body), undefined);
    });

    test('sensitive classes of an adolescent are not a parent’s to share, and of a child only until then', async () => {
      const teen = await connect(['teen'], { sensitive: 'hiv' });
      assert.deepEqual((await live(teen.body))?.sensitive, []);
      const own = await connect(['self'], { sensitive: 'hiv' });
      assert.deepEqual((await live(own.body))?.sensitive, ['hiv']);
      assert.ok(Number(own.body['authorization_expires_in']) > 300 * 86_400);
      const child = await connect(['child'], { sensitive: 'hiv' });
      assert.deepEqual((await live(child.body))?.sensitive, ['hiv']);
      assert.ok(Number(child.body['authorization_expires_in']) <= 10 * 86_400);
      const plain = await connect(['child']);
      assert.ok(Number(plain.body['authorization_expires_in']) > 300 * 86_400);
    });
  });
}

testOnEachDatabase('of whose age nothing is known a parent shares no sensitive classes', async (place) => {
  const db = await openDatabase(place);
  try {
    await migrate(db, oauthSchema);
    const accounts = createAccounts(db, Date.now, { birthDateOf: async () => undefined });
    const parent = await accounts.create({
      line: 'cco',
      username: 'pat',
      password: 'correct horse',
      patient: null,
      name: 'Pat',
      actsFor: [
        { patient: 'child', kind: 'parent' },
        { patient: 'grown', kind: 'power-of-attorney' },
      ],
    });
    const now = Date.now();
    assert.deepEqual(
      (await accounts.sharable(parent)).map((one) => [one.patient, isAdolescent(one, now)]),
      [
        ['child', true],
        ['grown', false],
      ],
    );
  } finally {
    await db.close();
  }
});

test('a birthday of a part of a date is the earliest that it can be', () => {
  assert.equal(birthday('2008-05-17', 18), Date.UTC(2026, 4, 17));
  assert.equal(birthday('2008-05', 18), Date.UTC(2026, 4, 1));
  assert.equal(birthday('2008', 18), Date.UTC(2026, 0, 1));
  assert.equal(birthday('17 May', 18), undefined);
});

testOnEachDatabase('whom accounts of before acted for becomes authorities', async (place) => {
  const db = await openDatabase(place);
  try {
    const before = oauthSchema.filter(({ name }) => name < '0450');
    await migrate(db, before);
    const kysely = db.as<OAuthTables>();
    await sql`insert into oauth_account (line, id, username, username_key, password_hash, name, patient, acts_for, created_at)
      values ('cco', 'a', 'ana', 'ana', '', 'Ana', 'p1', 'p2 p3', 5), ('cco', 'b', 'bo', 'bo', '', 'Bo', 'p2', '', 5)`.execute(
      kysely,
    );
    await migrate(db, oauthSchema);
    const accounts = createAccounts(db, Date.now);
    const ana = await accounts.findByUsername('cco', 'ana');
    const bo = await accounts.findByUsername('cco', 'bo');
    assert.ok(ana && bo);
    assert.deepEqual(
      (await accounts.authorities(ana)).map(({ patient, kind }) => [patient, kind]),
      [
        ['p2', 'representative'],
        ['p3', 'representative'],
      ],
    );
    assert.deepEqual(await accounts.authorities(bo), []);
  } finally {
    await db.close();
  }
});
