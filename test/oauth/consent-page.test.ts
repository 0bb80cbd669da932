// What the consent page asks and what is kept of the answer: lines that do not repeat, boxes that refuse all behind them,
// what is sensitive only when ticked, a receipt.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { consentLines } from '../../src/oauth/describe-scope.ts';
import { readReceipt } from '../../src/oauth/receipt.ts';
import type { OAuthTables } from '../../src/oauth/schema.ts';
import { dataClasses } from '../../src/smart/data-classes.ts';
import { classScopes, resourceScopes } from '../../src/smart/scopes.ts';
import { sensitiveClasses } from '../../src/smart/sensitive-classes.ts';
import {
  answerOf,
  Browser,
  callback,
  type Fixture,
  type Form,
  grant,
  type Page,
  readForm,
  seedAccounts,
  signIn,
  startFixture,
  storages,
  tokenRequest,
} from './oauth-fixture.ts';

describe('the lines of the consent page', () => {
  test('every class scope has a line of its own', () => {
    const lines = consentLines(classScopes);
    assert.deepEqual(
      lines.map(({ classes, scopes }) => [classes, scopes]),
      dataClasses.map(({ code }) => [[code], [`patientapi.${code}.read`]]),
    );
  });

  test('spellings of the same data stand in one line', () => {
    assert.deepEqual(consentLines(['patient/Patient.rs', 'user/Patient.rs', 'patient/Patient.read']), [
      {
        kind: 'data',
        classes: ['demographics'],
        scopes: ['patient/Patient.rs', 'user/Patient.rs', 'patient/Patient.read'],
      },
    ]);
  });

  test('no class stands in two lines, whatever is asked: unticking one refuses all that gives it', () => {
    const lines = consentLines([...classScopes, ...resourceScopes, 'offline_access']);
    const classes = lines.flatMap((line) => line.classes);
    assert.equal(new Set(classes).size, classes.length);
    assert.equal(classes.length, dataClasses.length);
    const scopes = lines.flatMap((line) => line.scopes);
    assert.equal(new Set(scopes).size, scopes.length);
    assert.equal(scopes.length, classScopes.length + resourceScopes.length + 1);
  });

  test('what names no member is one line, and longer access another', () => {
    const lines = consentLines(['user/Organization.read', 'patient/Practitioner.rs', 'online_access']);
    assert.deepEqual(
      lines.map(({ kind, scopes }) => [kind, scopes]),
      [
        ['directory', ['user/Organization.read', 'patient/Practitioner.rs']],
        ['stay-today', ['online_access']],
      ],
    );
  });

  test('a category scope is of the class of its category', () => {
    const category = 'http://terminology.hl7.org/CodeSystem/observation-category';
    for (const [code, expected] of [
      ['laboratory', 'labs'],
      ['vital-signs', 'vitals'],
      ['social-history', 'observations'],
    ])
      assert.deepEqual(consentLines([`patient/Observation.rs?category=${category}|${code}`])[0]?.classes, [
        expected,
      ]);
  });
});

for (const storage of storages) {
  describe(`the answer to the consent page, on ${storage}`, () => {
    let fixture: Fixture;
    let client: { client_id: string; client_secret?: string };
    before(async () => {
      fixture = await startFixture(storage, {
        config: { trustAnchors: [{ name: 'Trust <Community>', certificate: undefined as never }] },
      });
      await seedAccounts(fixture.oauth);
      client = await fixture.oauth.clients.create({
        name: 'App',
        redirectUris: [callback],
        pkceOptional: true,
      });
    });
    after(() => fixture.close());

    const open = async (browser: Browser, scope: string) =>
      signIn(
        browser,
        `${fixture.base}/cco/connect/authorize?${new URLSearchParams({
          client_id: client.client_id,
          redirect_uri: callback,
          response_type: 'code',
          scope,
          state: 'st',
          aud: `${fixture.base}/cco/fhir`,
        })}`,
      );
    const redeem = (page: Page) =>
      tokenRequest(`${fixture.base}/cco/connect/token`, {
        grant_type: 'authorization_code',
        code: answerOf(page).code ?? '',
        redirect_uri: callback,
        client_id: client.client_id,
        client_secret: client.client_secret ?? '',
      });
    const agree = async (scope: string, change: (form: Form) => void) => {
      const browser = new Browser(fixture.base);
      const { body } = await redeem(await grant(browser, await open(browser, scope), change));
      const found = await fixture.oauth.verifyToken('cco', body.access_token);
      assert.ok(found);
      return { scope: String(body['scope']), grant: found };
    };
    const twice = 'openid patient/Patient.rs user/Patient.rs patient/Coverage.rs';

    test('a box refuses all the scopes behind its line', async () => {
      const browser = new Browser(fixture.base);
      const { fields } = readForm((await open(browser, twice)).text);
      assert.deepEqual(
        fields.filter(([name]) => name === 'scope').map(([, value]) => value),
        ['patient/Patient.rs user/Patient.rs', 'patient/Coverage.rs'],
      );
      const { scope } = await agree(twice, (form) =>
        form.remove('scope', 'patient/Patient.rs user/Patient.rs'),
      );
      assert.equal(scope, 'openid patient/Coverage.rs');
      assert.equal((await agree(twice, () => {})).scope, twice);
    });

    test('a scripted client may send its scopes one by one', async () => {
      const { scope, grant: granted } = await agree(twice, (form) => {
        form.fields = form.fields.filter(([name]) => name !== 'scope');
        form.fields.push(['scope', 'user/Patient.rs']);
      });
      assert.equal(scope, 'openid user/Patient.rs');
      const row = await fixture.db
        .as<OAuthTables>()
        .selectFrom('oauth_connection')
        .select('receipt')
        .where('grant_id', '=', granted.grantId)
        .executeTakeFirstOrThrow();
      const receipt = readReceipt(row.receipt ?? undefined);
      assert.deepEqual(
        [receipt?.shared.map(({ scopes }) => scopes), receipt?.refused.map(({ scopes }) => scopes)],
        [[['user/Patient.rs']], [['patient/Coverage.rs']]],
      );
    });

    test('sensitive classes are off unless ticked, and only known ones are kept', async () => {
      const browser = new Browser(fixture.base);
      const page = await open(browser, 'openid patientapi.conditions.read');
      const boxes = [
        ...page.text.matchAll(/<input type="checkbox" name="sensitive" value="([^"]+)"( checked)?>/g),
      ];
      assert.deepEqual(
        boxes.map(([, value, checked]) => [value, checked]),
        sensitiveClasses.map(({ code }) => [code, undefined]),
      );
      const none = await agree('openid patientapi.conditions.read', () => {});
      assert.deepEqual(none.grant.sensitive, []);
      const some = await agree('openid patientapi.conditions.read', (form) =>
        form.fields.push(['sensitive', 'hiv'], ['sensitive', 'substance-use'], ['sensitive', 'made-up']),
      );
      assert.deepEqual(some.grant.sensitive, ['substance-use', 'hiv']);
    });

    test('sensitive classes are not offered, nor taken, where no record is asked for', async () => {
      for (const scope of ['openid profile', 'openid user/Organization.rs']) {
        const page = await open(new Browser(fixture.base), scope);
        assert.doesNotMatch(page.text, /name="sensitive"/);
        const forced = await agree(scope, (form) => form.fields.push(['sensitive', 'hiv']));
        assert.deepEqual(forced.grant.sensitive, []);
      }
    });

    test('after an answer that could not be taken, what was ticked stays so', async () => {
      const browser = new Browser(fixture.base);
      const consent = await open(browser, 'openid patientapi.conditions.read');
      const page = await grant(browser, consent, (form) => {
        form.remove('scope', 'patientapi.conditions.read');
        form.fields.push(['sensitive', 'hiv']);
      });
      assert.equal(page.status, 422);
      assert.deepEqual(
        readForm(page.text).fields.filter(([name]) => name === 'scope' || name === 'sensitive'),
        [['sensitive', 'hiv']],
      );
    });

    test('of an answer that is sent twice one connection is left, the last', async () => {
      const live = async () => {
        const account = (await fixture.oauth.accounts.findByUsername('cco', 'maria'))!;
        const all = await fixture.oauth.connections.of('cco', account.id);
        return all.filter(({ revokedAt }) => revokedAt === undefined);
      };
      const before = (await live()).length;
      const browser = new Browser(fixture.base);
      const page = await open(browser, 'openid patientapi.labs.read patientapi.claims.read');
      const form = readForm(page.text);
      form.set('decision', 'grant');
      const url = new URL(form.action, page.url);
      const headers = { cookie: browser.cookieFor(url.pathname) };
      const body = new URLSearchParams(form.fields.map(([name, value]) => [name, value]));
      await fetch(url, { method: 'POST', redirect: 'manual', headers, body });
      const less = form.fields.filter(([, value]) => value !== 'patientapi.claims.read');
      const { body: answer } = await redeem(await browser.post(url.href, less));
      assert.equal((await live()).length, before + 1);
      assert.doesNotMatch(String(answer['scope']), /claims/);
      assert.ok(await fixture.oauth.verifyToken('cco', answer.access_token));
    });

    test('who vouches for an app is said, by name, in the receipt as well', async () => {
      const vouched = await fixture.oauth.clients.create({
        name: 'Vouched',
        redirectUris: [callback],
        pkceOptional: true,
        verifiedBy: 'Trust <Community>',
      });
      const plain = client;
      client = vouched;
      try {
        const page = await open(new Browser(fixture.base), 'openid patientapi.labs.read');
        assert.match(page.text, /verified by Trust &lt;Community&gt;/);
        assert.doesNotMatch(page.text, /not verified/);
        const { grant: granted } = await agree('openid patientapi.labs.read', () => {});
        const row = await fixture.db
          .as<OAuthTables>()
          .selectFrom('oauth_connection')
          .select('receipt')
          .where('grant_id', '=', granted.grantId)
          .executeTakeFirstOrThrow();
        assert.equal(readReceipt(row.receipt ?? undefined)?.app.verifiedBy, 'Trust <Community>');
      } finally {
        client = plain;
      }
    });

    test('whether the developer attested how the app treats what it reads is said, and when', async () => {
      const { clients } = fixture.oauth;
      const shown = async () => (await open(new Browser(fixture.base), 'openid patientapi.labs.read')).text;
      assert.match(await shown(), /has not told the plan how it protects/);
      await clients.attest(client.client_id, true);
      const words = new Date().toLocaleDateString('en-US', { dateStyle: 'long', timeZone: 'UTC' });
      assert.ok((await shown()).includes(`attested to the plan on ${words}`));
      const { grant: granted } = await agree('openid patientapi.labs.read', () => {});
      const row = await fixture.db
        .as<OAuthTables>()
        .selectFrom('oauth_connection')
        .select('receipt')
        .where('grant_id', '=', granted.grantId)
        .executeTakeFirstOrThrow();
      const { attestedAt } = (await clients.find(client.client_id))!;
      assert.equal(JSON.parse(row.receipt ?? '{}').app.attestedAt, attestedAt);
      await clients.attest(client.client_id, false);
      assert.match(await shown(), /has not told the plan how it protects/);
      await assert.rejects(clients.attest('nobody', true), /There is no app/);
    });

    test('the page says until which day, and the receipt keeps what was shown and chosen', async () => {
      const scope = 'openid patient/Patient.rs patientapi.labs.read patientapi.claims.read offline_access';
      const browser = new Browser(fixture.base);
      const consent = await open(browser, scope);
      const inAYear = new Date(Date.now() + 365 * 86_400_000);
      const words = inAYear.toLocaleDateString('en-US', { dateStyle: 'long', timeZone: 'UTC' });
      assert.ok(consent.text.includes(`Until ${words} at the latest`));
      assert.match(consent.text, /name not verified by the plan/);
      const { grant: granted } = await agree(scope, (form) => {
        form.remove('scope', 'patientapi.claims.read');
        form.fields.push(['sensitive', 'hiv']);
      });
      const row = await fixture.db
        .as<OAuthTables>()
        .selectFrom('oauth_connection')
        .select(['receipt', 'expires_at', 'created_at'])
        .where('grant_id', '=', granted.grantId)
        .executeTakeFirstOrThrow();
      const receipt = readReceipt(row.receipt ?? undefined);
      assert.ok(receipt);
      assert.deepEqual(
        [receipt.shared.map(({ title }) => title), receipt.refused.map(({ title }) => title)],
        [['Who you are', 'Lab results', 'Stay connected'], ['Claims and costs']],
      );
      assert.deepEqual(receipt.sensitiveShared, ['HIV']);
      assert.equal(receipt.sensitiveRefused.length, sensitiveClasses.length - 1);
      assert.deepEqual(receipt.people, [
        { patient: '00001001', name: 'Maria Lopez', self: true, kind: null },
      ]);
      assert.equal(receipt.app.answersTo, 'app.example.com');
      assert.deepEqual([receipt.at, receipt.expiresAt], [row.created_at, row.expires_at]);
    });
  });
}
