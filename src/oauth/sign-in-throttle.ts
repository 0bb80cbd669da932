// Slows down guessing of passwords, per account and per address: https://pages.nist.gov/800-63-3/sp800-63b.html#throttle
// An attempt is counted before its password is looked at, in one statement, so a burst of parallel guesses is
// counted like a slow one. Names that do not exist are counted like those that do.
import { sql } from 'kysely';
import type { Database } from '../db/database.ts';
import { sourceOfAddress } from '../http/request-counter.ts';
import type { OAuthTables } from './schema.ts';
import { tokenDigest } from './token-digest.ts';

/** After so many failures in a row each further one blocks for twice as long. */
const allowedFailures = { account: 5, address: 50 } as const;
const firstBlockMs = 30_000;
const longestBlockMs = 15 * 60_000;
/** Failures this long ago are forgotten. */
export const forgottenAfterMs = 24 * 3_600_000;

export interface SignInSource {
  readonly line: string;
  /** As compared: NFKC, lower case. */
  readonly usernameKey: string;
  readonly address: string;
}

export interface SignInThrottle {
  /** Seconds until the next attempt is looked at; 0: this one is, and counts as failed until `succeeded`. */
  attempt(source: SignInSource): Promise<number>;
  succeeded(source: SignInSource): Promise<void>;
}

export function createSignInThrottle(db: Database, clock: () => number): SignInThrottle {
  const kysely = db.as<OAuthTables>();

  const count = async (line: string, kind: keyof typeof allowedFailures, key: string): Promise<number> => {
    const now = clock();
    const failures = sql<number>`case when oauth_sign_in_attempt.updated_at < ${now - forgottenAfterMs} then 1 else oauth_sign_in_attempt.failures + 1 end`;
    // From the last allowed failure on: 30 s, 60 s, … ; a shift beyond 5 would pass the longest block anyway.
    const over = sql<number>`oauth_sign_in_attempt.failures + 1 - ${sql.lit(allowedFailures[kind])}`;
    const block = sql<number>`case
      when oauth_sign_in_attempt.updated_at < ${now - forgottenAfterMs} or ${over} < 0 then 0
      when ${over} > 4 then cast(${now + longestBlockMs} as bigint)
      else cast(${now} as bigint) + ${sql.lit(firstBlockMs)} * (1 << (${over})) end`;
    const counted = await kysely
      .insertInto('oauth_sign_in_attempt')
      .values({ line, kind, key_hash: key, failures: 1, updated_at: now, blocked_until: 0 })
      .onConflict((conflict) =>
        conflict
          .columns(['line', 'kind', 'key_hash'])
          .doUpdateSet({ failures, updated_at: now, blocked_until: block })
          .where('oauth_sign_in_attempt.blocked_until', '<=', now),
      )
      .returning('failures')
      .execute();
    if (counted.length > 0) return 0;
    const row = await kysely
      .selectFrom('oauth_sign_in_attempt')
      .select('blocked_until')
      .where('line', '=', line)
      .where('kind', '=', kind)
      .where('key_hash', '=', key)
      .executeTakeFirst();
    return Math.max(1, Math.ceil(((row?.blocked_until ?? now) - now) / 1000));
  };

  return {
    async attempt({ line, usernameKey, address }) {
      const wait = await count(line, 'address', tokenDigest(sourceOfAddress(address)));
      return wait > 0 ? wait : count(line, 'account', tokenDigest(usernameKey));
    },

    async succeeded({ line, usernameKey, address }) {
      await kysely
        .deleteFrom('oauth_sign_in_attempt')
        .where('line', '=', line)
        .where('kind', '=', 'account')
        .where('key_hash', '=', tokenDigest(usernameKey))
        .execute();
      // Only this attempt is taken back: one good account must not wash away guesses at others.
      await kysely
        .updateTable('oauth_sign_in_attempt')
        .set((set) => ({ failures: set('failures', '-', 1), blocked_until: 0 }))
        .where('line', '=', line)
        .where('kind', '=', 'address')
        .where('key_hash', '=', tokenDigest(sourceOfAddress(address)))
        .where('failures', '>', 0)
        .execute();
    },
  };
}
