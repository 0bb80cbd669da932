// The two kinds of token of dynamic registration, kept as digests: initial ones, with which an operator lets apps register, and
// one for each registered app, to see and end its own registration. https://www.rfc-editor.org/rfc/rfc7591#section-1.2, RFC 7592
import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import { isClientId } from '../client-metadata.ts';
import type { OAuthTables } from '../schema.ts';
import { tokenDigest } from '../token-digest.ts';

export interface NewInitialToken {
  readonly note: string;
  /** How many apps may register with it. */
  readonly uses: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** Answers the token, which is not kept. */
export async function makeInitialToken(
  db: Kysely<OAuthTables>,
  { note, uses, expiresAt }: NewInitialToken,
  now: number,
): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await db
    .insertInto('oauth_initial_token')
    .values({ digest: tokenDigest(token), note, uses_left: uses, created_at: now, expires_at: expiresAt })
    .execute();
  return token;
}

/** Takes one use of it, in one statement: of two who come with its last use one is let in. */
export async function useInitialToken(db: Kysely<OAuthTables>, token: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('oauth_initial_token')
    .set((of) => ({ uses_left: of('uses_left', '-', 1) }))
    .where('digest', '=', tokenDigest(token))
    .where('uses_left', '>', 0)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Gives back a use that came to nothing. */
export async function returnInitialToken(db: Kysely<OAuthTables>, token: string): Promise<void> {
  await db
    .updateTable('oauth_initial_token')
    .set((of) => ({ uses_left: of('uses_left', '+', 1) }))
    .where('digest', '=', tokenDigest(token))
    .execute();
}

/** Answers the app's own token. */
export async function makeRegistrationToken(db: Kysely<OAuthTables>, clientId: string): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await db
    .insertInto('oauth_registration')
    .values({ client_id: clientId, digest: tokenDigest(token) })
    .execute();
  return token;
}

export async function ownsRegistration(
  db: Kysely<OAuthTables>,
  clientId: string,
  token: string,
): Promise<boolean> {
  if (!isClientId(clientId)) return false;
  const row = await db
    .selectFrom('oauth_registration')
    .select('client_id')
    .where('client_id', '=', clientId)
    .where('digest', '=', tokenDigest(token))
    .executeTakeFirst();
  return row !== undefined;
}

export async function endRegistration(db: Kysely<OAuthTables>, clientId: string): Promise<void> {
  await db.deleteFrom('oauth_registration').where('client_id', '=', clientId).execute();
}
