// Members sign in at the plan's own identity provider: a second OpenID provider, running for real.
// https://openid.net/specs/openid-connect-core-1_0.html, https://www.rfc-editor.org/rfc/rfc9700#section-4
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { pino } from 'pino';
import { type Config, type Line, sandboxPlan } from '../../src/config/config.ts';
import { type Database, openDatabase } from '../../src/db/database.ts';
import { migrate } from '../../src/db/migrate.ts';
import { endForPatient } from '../../src/oauth/end-for-patient.ts';
import { createIdentityProvider } from '../../src/oauth/identity-provider/identity-provider.ts';
import { createOAuthServer, type OAuthServer } from '../../src/oauth/oauth-server.ts';
import type { OAuthTables } from '../../src/oauth/schema.ts';
import { oauthSchema } from '../../src/oauth/schema.ts';
import { registerMemberAccount } from '../../src/portal/member-account.ts';
import { portalSchema } from '../../src/portal/schema.ts';
import { createPostgresDatabase } from '../databases.ts';
import { freePort } from '../portico.ts';
import {
  answerOf,
  Browser,
  callback,
  grant,
  type Page,
  password,
  pkce,
  readForm,
  storages,
  tokenRequest,
} from './oauth-fixture.ts';
import { type PlanProvider, planClient, startPlanProvider } from './plan-provider.ts';

/** Patients of the line, and an identifier of each. */
const patients: Readonly<Record<string, string>> = {
  'M-1': '00001001',
  'M-2': '00002002',
  'M-3': '00003003',
};

for (const storage of storages) {
  describe(`the plan’s own identity provider, on ${storage}`, () => {
    let plan: PlanProvider;
    let app: FastifyInstance;
    let oauth: OAuthServer;
    let db: Database;
    let base: string;
    let config: Config;
    let clientId: string;
    let logged = '';
    const ends: (() => Promise<unknown>)[] = [];

    before(async () => {
      const port = await freePort();
      base = `http://localhost:${port}`;
      plan = await startPlanProvider([`${base}/cco/sign-in/callback`, `${base}/advantage/sign-in/callback`]);
      const dataDir = await mkdtemp(join(tmpdir(), 'portico-idp-'));
      const database =
        storage === 'postgres' ? await createPostgresDatabase(process.env.TEST_DATABASE_URL!) : undefined;
      db = await openDatabase({ dataDir, databaseUrl: database?.url });
      await migrate(db, [...oauthSchema, ...portalSchema]);
      const sandbox = sandboxPlan(base);
      const lines: Line[] = sandbox.lines.map((line) => ({
        ...line,
        identityProvider: {
          issuer: plan.issuer,
          clientId: planClient.id,
          clientSecret: planClient.secret,
          secretInBody: false,
          scopes: ['openid', 'profile'],
          memberClaim: 'member_id',
          memberIdentifierSystem: 'urn:plan:member',
          actsForClaim: 'acts_for',
          nameClaim: 'name',
          besidePasswords: line.id === 'advantage',
          button: 'Sign in with your plan account',
        },
      }));
      config = {
        ...sandbox,
        lines,
        port,
        host: 'localhost',
        dataDir,
        databaseUrl: undefined,
        logLevel: 'info',
        secretKey: randomBytes(32).toString('base64url'),
      };
      const logger = pino(
        { level: 'trace' },
        {
          write: (line: string) => {
            logged += line;
          },
        },
      );
      oauth = await createOAuthServer({
        db,
        config,
        logger,
        findPatient: async (line, { system, value }) =>
          line === 'cco' && system === 'urn:plan:member' ? patients[value] : undefined,
      });
      app = Fastify({
        loggerInstance: logger as FastifyBaseLogger,
        logController: new LogController({ disableRequestLogging: true }),
      });
      oauth.register(app);
      for (const line of lines) registerMemberAccount(app, line, { config, db, oauth });
      await app.listen({ port, host: 'localhost' });
      clientId = (await oauth.clients.create({ name: 'Phone', redirectUris: [callback], public: true }))
        .client_id;
      ends.push(
        () => app.close(),
        () => oauth.close(),
        () => db.close(),
        async () => database?.drop(),
        () => plan.close(),
        () => rm(dataDir, { recursive: true, force: true }),
      );
    });
    after(async () => {
      for (const end of ends) await end();
    });
    beforeEach(() => {
      plan.spoil = undefined;
      plan.asked.length = 0;
      plan.person = { sub: 'sub-1', claims: { member_id: 'M-1', name: 'Maria Lopez' } };
    });

    const { verifier, challenge } = pkce();
    const authorize = (more: Record<string, string> = {}, line = 'cco') =>
      `${base}/${line}/connect/authorize?${new URLSearchParams({
        client_id: clientId,
        redirect_uri: callback,
        response_type: 'code',
        scope: 'openid patientapi.claims.read offline_access',
        code_challenge: challenge,
        code_challenge_method: 'S256',
        state: 'x',
        ...more,
      })}`;

    /** A browser that goes between the two servers as a person's does. */
    class Traveller extends Browser {
      readonly #there = new Browser(plan.issuer);

      async travel(url: string): Promise<Page> {
        return this.arrive(await this.open(url));
      }

      /** From a redirect to the provider to where its answer leads. */
      async arrive(page: Page): Promise<Page> {
        if (!page.url.startsWith(plan.issuer)) return page;
        const back = await this.#there.open(page.url);
        return back.url.startsWith(base) ? this.open(back.url) : back;
      }
    }

    const redeem = async (page: Page) =>
      tokenRequest(`${base}/cco/connect/token`, {
        grant_type: 'authorization_code',
        code: answerOf(page).code ?? '',
        redirect_uri: callback,
        client_id: clientId,
        code_verifier: verifier,
      });

    const accounts = () => db.as<OAuthTables>().selectFrom('oauth_account').selectAll().execute();

    test('a member signs in there and gets to consent at once, for themselves', async () => {
      const consent = await new Traveller(base).travel(authorize({ login_hint: 'maria@example.com' }));
      assert.equal(consent.status, 200, consent.url + consent.text);
      assert.match(consent.text, /signed in as <strong>Maria Lopez/);
      const [asked] = plan.asked;
      assert.equal(asked?.get('code_challenge_method'), 'S256');
      assert.equal(asked?.get('login_hint'), 'maria@example.com');
      assert.ok((asked?.get('state')?.length ?? 0) >= 32 && (asked?.get('nonce')?.length ?? 0) >= 32);
      const browser = new Traveller(base);
      const page = await grant(browser, await browser.travel(authorize()));
      const { body, status } = await redeem(page);
      assert.equal(status, 200, JSON.stringify(body));
      assert.equal(body['patient'], '00001001');
      const granted = await oauth.verifyToken('cco', body.access_token);
      assert.deepEqual(granted?.patients, ['00001001']);
    });

    test('the same subject is the same account; another subject with the same member is another', async () => {
      await new Traveller(base).travel(authorize());
      await new Traveller(base).travel(authorize());
      plan.person = { sub: 'sub-1b', claims: { member_id: 'M-1', name: 'Maria Lopez' } };
      await new Traveller(base).travel(authorize());
      const rows = (await accounts()).filter((row) => row.patient === '00001001');
      assert.deepEqual(rows.map((row) => row.username).sort(), ['sub-1', 'sub-1b']);
      assert.ok(rows.every((row) => row.password_hash === ''));
    });

    test('who acts for others chooses among them', async () => {
      plan.person = { sub: 'sub-2', claims: { member_id: 'M-2', acts_for: ['M-3', 'M-99'], name: 'Pat' } };
      const consent = await new Traveller(base).travel(authorize());
      assert.match(consent.text, /00003003/);
      assert.doesNotMatch(consent.text, /M-99/);
    });

    test('what the provider says of whom they act for comes and goes, but not over what the plan or a death ended', async () => {
      const claims = (acts_for: string[]) => ({ member_id: 'M-2', acts_for, name: 'Pat' });
      const offered = async (acts_for: string[]) => {
        plan.person = { sub: 'sub-acts', claims: claims(acts_for) };
        const { text } = await new Traveller(base).travel(authorize());
        return ['00001001', '00003003'].filter((patient) => text.includes(patient));
      };
      assert.deepEqual(await offered(['M-1', 'M-3']), ['00001001', '00003003']);
      assert.deepEqual(await offered(['M-3']), ['00003003']);
      assert.deepEqual(await offered(['M-1', 'M-3']), ['00001001', '00003003'], 'given again');
      const row = (await accounts()).find(({ username }) => username === 'sub-acts')!;
      const account = (await oauth.accounts.find('cco', row.id))!;
      await oauth.accounts.endAuthority(account, '00003003');
      assert.deepEqual(await offered(['M-1', 'M-3']), ['00001001'], 'ended by hand');
      await endForPatient(db, { line: 'cco', patient: '00001001', reason: 'deceased', now: Date.now() });
      assert.deepEqual(await offered(['M-1', 'M-3']), [], 'ended by a death');
      await oauth.accounts.giveAuthority(account, { patient: '00003003', endsAt: Date.now() + 60_000 });
      assert.deepEqual(await offered(['M-1']), ['00003003'], 'given by hand');
    });

    test('an e-mail address finds nobody', async () => {
      plan.person = { sub: 'sub-3', claims: { email: 'M-1', name: 'M-1' } };
      const page = await new Traveller(base).travel(authorize());
      assert.match(page.text, /There is nothing to share/);
    });

    test('a number of no member of the line finds nobody', async () => {
      plan.person = { sub: 'sub-4', claims: { member_id: '00001001', name: 'Eve' } };
      assert.match((await new Traveller(base).travel(authorize())).text, /There is nothing to share/);
    });

    test('when the provider names another member, what was shared of the first ends', async () => {
      plan.person = { sub: 'sub-5', claims: { member_id: 'M-1', name: 'Ada' } };
      const browser = new Traveller(base);
      const { body } = await redeem(await grant(browser, await browser.travel(authorize())));
      assert.ok(await oauth.verifyToken('cco', body.access_token));
      plan.person = { sub: 'sub-5', claims: { member_id: 'M-2', name: 'Ada' } };
      await new Traveller(base).travel(authorize());
      assert.equal(await oauth.verifyToken('cco', body.access_token), undefined);
    });

    test('who cancels there is back at the app', async () => {
      plan.person = undefined;
      const page = await new Traveller(base).travel(authorize());
      assert.ok(page.url.startsWith(callback), page.text);
      assert.equal(answerOf(page).error, 'access_denied');
      assert.equal(answerOf(page).state, 'x');
    });

    test('how and when the person signed in there is known here, and a newer sign-in can be demanded', async () => {
      const browser = new Traveller(base);
      const { body } = await redeem(
        await grant(browser, await browser.travel(authorize({ prompt: 'login', max_age: '60' }))),
      );
      assert.equal(plan.asked[0]?.get('prompt'), 'login');
      assert.equal(plan.asked[0]?.get('max_age'), '60');
      const claims = JSON.parse(Buffer.from(String(body.id_token).split('.')[1]!, 'base64url').toString());
      assert.ok(Math.abs(claims.auth_time - Date.now() / 1000) < 60);
      const sessions = await db
        .as<OAuthTables>()
        .selectFrom('oauth_record')
        .select('payload')
        .where('kind', '=', 'Session')
        .execute();
      assert.ok(sessions.some(({ payload }) => JSON.parse(payload).amr?.includes('hwk')));
    });

    describe('attacks', () => {
      test('an answer that another browser began is refused (login CSRF, RFC 9700 section 4.7)', async () => {
        const attacker = new Traveller(base);
        const left = await attacker.open(authorize());
        const there = await new Browser(plan.issuer).open(left.url);
        assert.ok(there.url.startsWith(`${base}/cco/sign-in/callback?`));
        const victim = new Traveller(base);
        assert.equal((await victim.open(there.url)).status, 403);
        await victim.open(authorize());
        const mixed = await victim.open(there.url);
        assert.equal(mixed.status, 403);
        assert.doesNotMatch(mixed.text, /signed in as/);
      });

      test('an answer is taken once', async () => {
        const browser = new Traveller(base);
        const there = await new Browser(plan.issuer).open((await browser.open(authorize())).url);
        assert.equal((await browser.open(there.url)).status, 200);
        assert.equal((await browser.open(there.url)).status, 403);
      });

      test('an outcome is of one step: it cannot be carried to another', async () => {
        const comeBack = async () => {
          const browser = new Traveller(base);
          const left = await browser.open(authorize());
          const there = await new Browser(plan.issuer).open(left.url);
          const answer = await fetch(there.url, {
            redirect: 'manual',
            headers: { cookie: browser.cookieFor('/cco/sign-in/callback') },
          });
          const next = new URL(answer.headers.get('location')!, base);
          const [outcome] = answer.headers.getSetCookie().filter((line) => line.includes('_outcome='));
          return { next, outcome: outcome!.split(';')[0]!, step: browser.cookieFor(next.pathname) };
        };
        const [mine, theirs] = [await comeBack(), await comeBack()];
        assert.doesNotMatch(mine.outcome, /00001001|sub-1|M-1/);
        const go = async (cookie: string) =>
          (await fetch(mine.next, { redirect: 'manual', headers: { cookie } })).status;
        assert.equal(await go(mine.step), 403);
        assert.equal(await go(`${mine.step}; ${theirs.outcome}`), 403);
        assert.equal(await go(`${theirs.step}; ${mine.outcome}`), 403);
        assert.equal(await go(`${mine.step}; ${mine.outcome}`), 303);
      });

      for (const [what, spoil] of Object.entries<PlanProvider['spoil'] & object>({
        'without a signature': (body) => {
          const claims = JSON.parse(
            Buffer.from(String(body['id_token']).split('.')[1]!, 'base64url').toString(),
          );
          body['id_token'] = new UnsecuredJWT(claims).encode();
        },
        'signed by another key': async (body) => {
          const [header, payload] = String(body['id_token']).split('.');
          const { privateKey } = await generateKeyPair('RS256');
          body['id_token'] = await new SignJWT(JSON.parse(Buffer.from(payload!, 'base64url').toString()))
            .setProtectedHeader(JSON.parse(Buffer.from(header!, 'base64url').toString()))
            .sign(privateKey);
        },
        'signed with the client secret': async (body) => {
          const payload = JSON.parse(
            Buffer.from(String(body['id_token']).split('.')[1]!, 'base64url').toString(),
          );
          body['id_token'] = await new SignJWT(payload)
            .setProtectedHeader({ alg: 'HS256' })
            .sign(Buffer.from(planClient.secret));
        },
        'that is missing': (body) => {
          delete body['id_token'];
        },
        'that is no text': (body) => {
          body['id_token'] = { sub: 'sub-1' };
        },
      })) {
        test(`an ID Token ${what} is refused`, async () => {
          plan.spoil = spoil;
          const before = (await accounts()).length;
          plan.person = { sub: `sub-${what}`, claims: { member_id: 'M-1', name: 'Eve' } };
          const page = await new Traveller(base).travel(authorize());
          assert.equal(page.status, 502, page.text);
          assert.match(page.text, /Nothing was shared/);
          assert.equal((await accounts()).length, before);
        });
      }

      test('a password does not open an account that has none', async () => {
        await new Traveller(base).travel(authorize());
        for (const typed of ['', 'x', password]) {
          for (const row of await accounts())
            assert.equal(
              (await oauth.accounts.verify('cco', row.username_key, typed)).kind === 'accepted',
              false,
            );
        }
      });
    });

    test('two tabs sign in side by side, and another’s link does not end what is under way', async () => {
      const browser = new Traveller(base);
      const [first, second] = [await browser.open(authorize()), await browser.open(authorize())];
      assert.equal((await browser.open('/cco/sign-in/callback?code=x&state=y')).status, 403);
      assert.match((await browser.arrive(first)).text, /signed in as <strong>Maria Lopez/);
      assert.match((await browser.arrive(second)).text, /signed in as <strong>Maria Lopez/);
    });

    test('who wants another account is asked by the provider, not sent back as the same', async () => {
      const browser = new Traveller(base);
      const consent = await browser.travel(authorize());
      plan.asked.length = 0;
      const left = await browser.submit(consent, (form) => form.set('decision', 'switch'));
      await browser.arrive(left);
      assert.deepEqual(
        plan.asked.map((query) => query.get('prompt')),
        ['login'],
      );
    });

    test('their own pages are signed in to there as well, and by no password', async () => {
      plan.person = { sub: 'sub-8', claims: { member_id: 'M-2', name: 'Ines' } };
      const browser = new Traveller(base);
      const page = await browser.open('/cco/account');
      assert.doesNotMatch(page.text, /name="password"/);
      const account = await browser.arrive(await browser.submit(page));
      assert.match(account.text, /You are signed in as Ines/);
      assert.match((await browser.open('/cco/account/security')).text, /your plan’s own account/);
      const stranger = new Traveller(base);
      assert.match((await stranger.open('/cco/account/signed-in')).text, /Sign in to see/);
      await oauth.accounts.create({
        line: 'cco',
        username: 'left',
        password,
        patient: null,
        name: 'L',
        actsFor: [],
      });
      const { fields } = readForm((await stranger.open('/cco/account')).text);
      const typed: [string, string][] = [...fields, ['username', 'left'], ['password', password]];
      assert.match((await stranger.post('/cco/account/sign-in', typed)).text, /Sign in to see/);
    });

    test('beside passwords the page offers both', async () => {
      const browser = new Traveller(base);
      const page = await browser.open(authorize({}, 'advantage'));
      assert.equal(page.status, 200);
      assert.match(page.text, /Sign in with your plan account/);
      assert.match(page.text, /name="password"/);
      const form = readForm(page.text);
      form.set('decision', 'provider');
      const left = await browser.post(new URL(form.action, page.url).href, form.fields);
      assert.ok(left.url.startsWith(plan.issuer), left.text);
      assert.equal((await browser.arrive(left)).status, 200);
    });

    test('a provider that is away is said so, and asked again by the next who signs in', async () => {
      const port = await freePort();
      const line = { id: 'cco', name: 'CCO', portalUrl: base, fhirUrl: `${base}/fhir` };
      const settings = { ...config.lines[0]!.identityProvider!, issuer: `http://127.0.0.1:${port}` };
      const identityProvider = createIdentityProvider(line, settings);
      const begin = () => identityProvider.begin('/step', { anew: false });
      await assert.rejects(begin, { name: 'IdentityProviderFailed', message: /ECONNREFUSED/ });
      const late = await startPlanProvider([`${base}/sign-in/callback`], port);
      ends.push(() => late.close());
      assert.equal((await begin()).url.origin, late.issuer);
    });

    test('nothing of a person or of a sign-in is in the log', () => {
      for (const secret of [planClient.secret, 'M-1', 'Maria Lopez', 'eyJ', 'code='])
        assert.ok(
          !logged.includes(secret),
          `the log has ${secret}: ${logged.slice(Math.max(0, logged.indexOf(secret) - 300), logged.indexOf(secret) + 60)}`,
        );
    });
  });
}
