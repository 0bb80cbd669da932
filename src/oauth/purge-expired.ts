// Deletes what has expired; the OAuth library never does. Small batches, so that no write waits long for it.
import { sql } from 'kysely';
import type { Database } from '../db/database.ts';
import type { OAuthTables } from './schema.ts';
import { forgottenAfterMs } from './sign-in-throttle.ts';

const batch = 1000;
/** Expired rows are kept this long: clocks differ, and a spent code must still be known as spent. */
const keptMs = 10 * 60_000;
/** Anybody can begin a sign-in, and one that was not finished is of no use to anybody. */
const interactionKeptMs = 60_000;

/** Answers how many rows it deleted. */
export async function purgeExpired(db: Database, now: number): Promise<number> {
  const kysely = db.as<OAuthTables>();
  let purged = 0;
  for (;;) {
    // No LIMIT in a DELETE on either database; the key is spelled out because SQLite's table has no rowid.
    const { numAffectedRows } = await sql`delete from oauth_record where (line, kind, id_hash) in (
      select line, kind, id_hash from oauth_record where expires_at < ${now - interactionKeptMs}
        and (kind = 'Interaction' or expires_at < ${now - keptMs}) limit ${sql.lit(batch)})`.execute(kysely);
    purged += Number(numAffectedRows ?? 0);
    if (Number(numAffectedRows ?? 0) < batch) break;
  }
  const forgotten = await kysely
    .deleteFrom('oauth_sign_in_attempt')
    .where('updated_at', '<', now - forgottenAfterMs)
    .where('blocked_until', '<', now)
    .executeTakeFirst();
  const secrets = await kysely
    .deleteFrom('oauth_client_secret')
    .where('expires_at', '<', now)
    .executeTakeFirst();
  return purged + Number(forgotten.numDeletedRows) + Number(secrets.numDeletedRows);
}
