import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startFixture, storages } from '../../test/oauth/oauth-fixture.ts';
import { purgeExpired } from './purge-expired.ts';
import type { OAuthTables } from './schema.ts';

for (const storage of storages) {
  describe(`what has expired, on ${storage}`, () => {
    test('is deleted in batches; what lives stays', async () => {
      const fixture = await startFixture(storage);
      const kysely = fixture.db.as<OAuthTables>();
      const now = Date.now();
      const row = (id: number, expires_at: number) => ({
        line: 'cco',
        kind: 'AccessToken',
        id_hash: String(id),
        grant_id: null,
        uid_hash: null,
        client_id: null,
        scope: null,
        payload: '{}',
        expires_at,
        consumed_at: null,
      });
      for (let batch = 0; batch < 5; batch++) {
        const rows = Array.from({ length: 500 }, (_, index) => row(batch * 500 + index, now - 3_600_000));
        await kysely.insertInto('oauth_record').values(rows).execute();
      }
      await kysely
        .insertInto('oauth_record')
        .values([row(9_001, now + 1000), row(9_002, now - 1000)])
        .execute();
      assert.equal(await purgeExpired(fixture.db, now), 2500);
      assert.equal(await purgeExpired(fixture.db, now), 0);
      const left = await kysely.selectFrom('oauth_record').select('id_hash').orderBy('id_hash').execute();
      assert.deepEqual(
        left.map((kept) => kept.id_hash),
        ['9001', '9002'],
      );
      await fixture.close();
    });
  });
}
