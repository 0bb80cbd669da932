// What is proved beside a password: no code counts twice, no ticket is of another sign-in, and guessing is slowed down.
// https://pages.nist.gov/800-63-4/sp800-63b.html, https://www.rfc-editor.org/rfc/rfc6238
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { TOTP } from 'otpauth';
import { type Account, createAccounts } from '../../src/oauth/accounts.ts';
import type { OAuthTables } from '../../src/oauth/schema.ts';
import { createFactors, type Factors, TooManyFactors } from '../../src/oauth/second-factor/factors.ts';
import { createSecondStep, type SecondStep } from '../../src/oauth/second-factor/second-step.ts';
import { newTotpSecret } from '../../src/oauth/second-factor/totp.ts';
import { createSignInThrottle } from '../../src/oauth/sign-in-throttle.ts';
import {
  Browser,
  callback,
  type Fixture,
  grant,
  password,
  seedAccounts,
  signIn,
  startFixture,
  storages,
} from './oauth-fixture.ts';

const target = '/cco/interaction/one';

for (const storage of storages) {
  describe(`second factors, on ${storage}`, () => {
    let fixture: Fixture;
    let factors: Factors;
    let second: SecondStep;
    let maria: Account;
    let parent: Account;
    let now = Date.now();
    before(async () => {
      fixture = await startFixture(storage);
      await seedAccounts(fixture.oauth);
      const { db, config, oauth } = fixture;
      const clock = () => now;
      factors = createFactors(db, config, clock);
      second = createSecondStep({
        line: config.lines[0]!,
        config,
        accounts: oauth.accounts,
        factors,
        throttle: createSignInThrottle(db, clock),
        clock,
      });
      maria = (await oauth.accounts.findByUsername('cco', 'maria'))!;
      parent = (await oauth.accounts.findByUsername('cco', 'parent'))!;
    });
    after(() => fixture.close());

    const codeOf = (secret: string) => new TOTP({ secret }).generate({ timestamp: now });
    const nextStep = () => {
      now += 30_000;
    };
    const withApp = async (owner: Account): Promise<string> => {
      await factors.removeAll(owner);
      const secret = newTotpSecret();
      assert.equal(await factors.addTotp(owner, { name: 'Phone', secret, code: codeOf(secret) }), true);
      nextStep();
      return secret;
    };
    const finish = (
      ticket: string | undefined,
      code: string,
      more: { target?: string; address?: string } = {},
    ) =>
      second.finish(ticket, more.target ?? target, {
        code,
        passkey: '',
        address: more.address ?? '192.0.2.1',
      });

    test('who has none needs none; who has one gets in by it, and only once by each code', async () => {
      await factors.removeAll(maria);
      assert.equal(await second.begin(maria, target), undefined);
      const secret = await withApp(maria);
      const { ticket, offer } = (await second.begin(maria, target))!;
      assert.ok(!ticket.includes(maria.id));
      assert.deepEqual([offer.account.id, offer.hasApp, offer.passkey], [maria.id, true, undefined]);
      const code = codeOf(secret);
      const outcome = await finish(ticket, code);
      assert.deepEqual(outcome, { kind: 'accepted', account: maria, amr: ['pwd', 'otp', 'mfa'] });
      assert.equal((await finish(ticket, code)).kind, 'refused', 'the same code once more');
    });

    test('of ten who come with one code at once, one gets in', async () => {
      const secret = await withApp(maria);
      const code = codeOf(secret);
      const used = await Promise.all(Array.from({ length: 10 }, () => factors.useTotp(maria, code)));
      assert.equal(used.filter(Boolean).length, 1);
    });

    test('an app is taken only with a code of it, and a code of before does not count later', async () => {
      const secret = newTotpSecret();
      const add = (code: string) => factors.addTotp(parent, { name: 'x', secret, code });
      await factors.removeAll(parent);
      assert.equal(await add('000000'), false);
      const code = codeOf(secret);
      assert.equal(await add(code), true);
      assert.equal(await factors.useTotp(parent, code), false, 'the code that it was added with');
    });

    test('a ticket is of one person, one purpose and a quarter of an hour', async () => {
      const secret = await withApp(maria);
      const { ticket } = (await second.begin(maria, target))!;
      assert.equal(
        (await finish(ticket, codeOf(secret), { target: '/cco/interaction/two' })).kind,
        'expired',
      );
      assert.equal((await finish(undefined, codeOf(secret))).kind, 'expired');
      assert.equal((await finish(`${ticket}x`, codeOf(secret))).kind, 'expired');
      assert.equal((await finish('..', codeOf(secret))).kind, 'expired');
      const other = await withApp(parent);
      assert.equal((await finish(ticket, codeOf(other))).kind, 'refused', 'a code of somebody else');
      now += 15 * 60_000 + 1000;
      assert.equal((await finish(ticket, codeOf(secret))).kind, 'expired');
    });

    test('guessing is slowed down, and a right code does not help while it is', async () => {
      // What was guessed before is forgotten after a day.
      now += 25 * 3_600_000;
      const secret = await withApp(maria);
      const { ticket } = (await second.begin(maria, target))!;
      const kinds: string[] = [];
      for (let guess = 0; guess < 8; guess++) kinds.push((await finish(ticket, '000000')).kind);
      assert.deepEqual(
        kinds.slice(0, 5),
        Array.from({ length: 5 }, () => 'refused'),
      );
      assert.ok(kinds.slice(5).includes('blocked'));
      assert.equal((await finish(ticket, codeOf(secret))).kind, 'blocked');
      now += 16 * 60_000;
      const later = await second.begin(maria, target);
      assert.equal((await finish(later?.ticket, codeOf(secret))).kind, 'accepted');
    });

    test('recovery codes: ten, each good once, typed as one likes; new ones end the old', async () => {
      await withApp(maria);
      const codes = await factors.newRecoveryCodes(maria);
      assert.equal(new Set(codes).size, 10);
      const { ticket } = (await second.begin(maria, target))!;
      const typed = ` ${codes[0]!.toUpperCase().replace('-', ' ')} `;
      assert.equal((await finish(ticket, typed)).kind, 'accepted');
      assert.equal((await finish(ticket, codes[0]!)).kind, 'refused');
      assert.equal(await factors.recoveryCodesLeft(maria), 9);
      const used = await Promise.all(
        Array.from({ length: 10 }, () => factors.useRecoveryCode(maria, codes[1]!)),
      );
      assert.equal(used.filter(Boolean).length, 1, 'ten at once');
      assert.equal(await factors.useRecoveryCode(parent, codes[2]!), false, 'of somebody else');
      await factors.newRecoveryCodes(maria);
      assert.equal(await factors.useRecoveryCode(maria, codes[3]!), false);
    });

    test('there is a bound to how many one person has', async () => {
      await factors.removeAll(maria);
      const add = (id: string) =>
        factors.addPasskey(maria, { id, name: id, publicKey: 'AA', counter: 0, transports: [] });
      for (let at = 0; at < 20; at++) await add(`key-${at}`);
      await assert.rejects(add('key-20'), TooManyFactors);
      await factors.removeAll(maria);
    });

    test('a passkey’s counter never goes back', async () => {
      await factors.removeAll(maria);
      await factors.addPasskey(maria, { id: 'k', name: 'k', publicKey: 'AA', counter: 5, transports: [] });
      const use = (counter: number, challenge = randomUUID()) =>
        factors.usePasskey(maria, { id: 'k', counter, challenge });
      assert.equal(await use(6), true);
      assert.equal(await use(6), false);
      assert.equal(await use(0), false);
      await factors.removeAll(maria);
    });

    test('of a passkey that does not count, an answer is taken once, also of ten at once', async () => {
      await factors.removeAll(maria);
      await factors.addPasskey(maria, { id: 'k', name: 'k', publicKey: 'AA', counter: 0, transports: [] });
      const use = (challenge: string) => factors.usePasskey(maria, { id: 'k', counter: 0, challenge });
      const used = await Promise.all(Array.from({ length: 10 }, () => use('one')));
      assert.equal(used.filter(Boolean).length, 1);
      assert.equal(await use('two'), true);
      await factors.removeAll(maria);
    });

    test('whatever is typed as a user name does not count at the second step', async () => {
      now += 25 * 3_600_000;
      const secret = await withApp(maria);
      const accounts = createAccounts(fixture.db, () => now);
      for (let guess = 0; guess < 6; guess++)
        for (const typed of [`second factor ${maria.id}`, `SECOND STEP ${maria.id}`])
          await accounts.verify('cco', typed, 'x', '192.0.2.9');
      const { ticket } = (await second.begin(maria, target))!;
      assert.equal((await finish(ticket, codeOf(secret))).kind, 'accepted');
    });

    test('a passkey that is sent twice is added once', async () => {
      await factors.removeAll(maria);
      const add = () =>
        factors.addPasskey(maria, { id: 'k', name: 'k', publicKey: 'AA', counter: 0, transports: [] });
      assert.deepEqual([await add(), await add()], [true, false]);
      await factors.removeAll(maria);
    });

    test('rubbish as a passkey is refused', async () => {
      await factors.addPasskey(maria, {
        id: 'k',
        name: 'k',
        publicKey: 'AA',
        counter: 0,
        transports: ['usb'],
      });
      const { offer } = (await second.begin(maria, target))!;
      assert.equal(JSON.parse(offer.passkey ?? '{}').allowCredentials[0].id, 'k');
      const response = { clientDataJSON: 'AA', authenticatorData: 'AA', signature: 'AA' };
      for (const passkey of [
        'x',
        '{}',
        '[]',
        'null',
        'x'.repeat(30_000),
        JSON.stringify({ id: 'k', rawId: 'k', type: 'public-key', response, clientExtensionResults: {} }),
      ]) {
        now += 16 * 60_000;
        const again = await second.begin(maria, target);
        const outcome = await second.finish(again?.ticket, target, {
          code: '',
          passkey,
          address: '192.0.2.7',
        });
        assert.equal(outcome.kind, 'refused', passkey.slice(0, 40));
      }
      await factors.removeAll(maria);
    });

    test('between the password and its proof nobody is signed in, whatever address they open', async () => {
      await withApp(maria);
      const client = await fixture.oauth.clients.create({
        name: 'Web',
        redirectUris: [callback],
        pkceOptional: true,
      });
      const query = new URLSearchParams({
        client_id: client.client_id,
        redirect_uri: callback,
        response_type: 'code',
        scope: 'openid patientapi.claims.read',
      });
      const browser = new Browser(fixture.base);
      const asked = await signIn(browser, `${fixture.base}/cco/connect/authorize?${query}`);
      assert.match(asked.text, /One more step/);
      const uid = /interaction\/([^/"]+)/.exec(asked.text)?.[1];
      for (const path of [`connect/authorize/${uid}`, `interaction/${uid}`, `connect/authorize?${query}`]) {
        const page = await browser.open(`${fixture.base}/cco/${path}`);
        assert.doesNotMatch(page.text, /name="scope"/, path);
        assert.match(page.text, /name="password"|expired/, path);
      }
    });

    test('a new password ends the sign-ins of the old one, also those on the way to an app', async () => {
      await factors.removeAll(parent);
      const client = await fixture.oauth.clients.create({
        name: 'Web',
        redirectUris: [callback],
        pkceOptional: true,
      });
      const query = new URLSearchParams({
        client_id: client.client_id,
        redirect_uri: callback,
        response_type: 'code',
        scope: 'openid patientapi.claims.read',
      });
      const url = `${fixture.base}/cco/connect/authorize?${query}`;
      const [thief, other] = [new Browser(fixture.base), new Browser(fixture.base)];
      const consent = await signIn(thief, url, 'parent');
      assert.match(consent.text, /name="scope"/);
      assert.match((await signIn(other, url, 'stranger')).text, /Sam Stranger/);
      assert.match((await thief.open(url)).text, /name="scope"/, 'signed in still');
      await fixture.oauth.accounts.setPassword(parent, password);
      const late = await grant(thief, consent, (form) => form.set('patient', '00002001'));
      assert.match(late.text, /expired/);
      assert.match((await thief.open(url)).text, /name="password"/);
      assert.match((await other.open(url)).text, /Sam Stranger/);
      assert.deepEqual(await fixture.oauth.connections.of('cco', parent.id), []);
    });

    test('neither secrets nor codes are in the database', async () => {
      const secret = await withApp(maria);
      const codes = await factors.newRecoveryCodes(maria);
      const kysely = fixture.db.as<OAuthTables>();
      const stored = JSON.stringify([
        await kysely.selectFrom('oauth_factor').selectAll().execute(),
        await kysely.selectFrom('oauth_recovery_code').selectAll().execute(),
      ]);
      for (const text of [secret, ...codes, ...codes.map((code) => code.replace('-', ''))])
        assert.ok(!stored.includes(text));
    });
  });
}
