import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startFixture, storages } from '../../test/oauth/oauth-fixture.ts';
import { openDatabase } from '../db/database.ts';
import { recordAdapter } from './record-adapter.ts';
import type { OAuthTables } from './schema.ts';

for (const storage of storages) {
  describe(`the adapter of the OAuth library, on ${storage}`, () => {
    test('consume succeeds once of twenty at the same time, over two connections to the database', async (t) => {
      const fixture = await startFixture(storage);
      t.after(() => fixture.close());
      const second =
        storage === 'sqlite' ? await openDatabase({ dataDir: fixture.config.dataDir }) : undefined;
      t.after(() => second?.close());
      const adapters = [fixture.db, second ?? fixture.db].map((db) =>
        recordAdapter({ db, line: 'cco', clock: Date.now })('AuthorizationCode'),
      );
      for (let round = 0; round < 20; round++) {
        const id = `code-${round}`;
        await adapters[0]?.upsert(id, { grantId: `grant-${round}`, kind: 'AuthorizationCode', jti: id }, 60);
        const outcomes = await Promise.allSettled(
          Array.from({ length: 20 }, (_, index) => adapters[index % 2]?.consume(id)),
        );
        assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 1);
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected') assert.equal(outcome.reason.error, 'invalid_grant');
        }
      }
    });

    test('an assertion id is saved once of twenty at the same time, and never overwritten', async (t) => {
      const fixture = await startFixture(storage);
      t.after(() => fixture.close());
      const adapter = recordAdapter({ db: fixture.db, line: 'cco', clock: Date.now })('ReplayDetection');
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, () => adapter.upsert('jti', { iss: 'client' }, 60)),
      );
      assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 1);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') assert.equal(outcome.reason.error, 'invalid_client');
      }
    });

    test('what is found is what was saved, with the id that the table does not hold', async (t) => {
      const fixture = await startFixture(storage);
      t.after(() => fixture.close());
      const adapter = recordAdapter({ db: fixture.db, line: 'cco', clock: Date.now })('Interaction');
      const payload = {
        kind: 'Interaction',
        jti: 'the-secret-uid',
        returnTo: 'https://portal.example/connect/authorize/the-secret-uid',
        session: { accountId: 'a', uid: 'u', cookie: 'the-secret-cookie' },
        params: { state: 'the state' },
      };
      await adapter.upsert('the-secret-uid', payload, 60);
      assert.deepEqual(await adapter.find('the-secret-uid'), {
        ...payload,
        session: { accountId: 'a', uid: 'u' },
      });
      const rows = await fixture.db.as<OAuthTables>().selectFrom('oauth_record').selectAll().execute();
      assert.doesNotMatch(JSON.stringify(rows), /the-secret/);
      const elsewhere = recordAdapter({ db: fixture.db, line: 'advantage', clock: Date.now })('Interaction');
      assert.equal(await elsewhere.find('the-secret-uid'), undefined);
      await elsewhere.destroy('the-secret-uid');
      assert.ok(await adapter.find('the-secret-uid'));
      await adapter.destroy('the-secret-uid');
      assert.equal(await adapter.find('the-secret-uid'), undefined);
    });

    test('a consumed record is still found, as consumed', async (t) => {
      const fixture = await startFixture(storage);
      t.after(() => fixture.close());
      const adapter = recordAdapter({ db: fixture.db, line: 'cco', clock: Date.now })('RefreshToken');
      await adapter.upsert('token', { kind: 'RefreshToken' }, 60);
      assert.equal((await adapter.find('token'))?.consumed, undefined);
      await adapter.consume('token');
      assert.ok((await adapter.find('token'))?.consumed);
      const later = recordAdapter({ db: fixture.db, line: 'cco', clock: () => Date.now() + 80_000 })(
        'RefreshToken',
      );
      assert.equal(await later.find('token'), undefined);
    });
  });
}
