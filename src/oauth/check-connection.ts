// Whether a connection may yield a token at this instant: asked at each code exchange and at each refresh, the one place
// where a token comes from. https://www.rfc-editor.org/rfc/rfc6749#section-6
// Must never answer for a patient that the account may no longer act for.
import type { Kysely } from 'kysely';
import { errors } from 'oidc-provider';
import type { Accounts } from './accounts.ts';
import { type Connection, findConnection, revokeGrant } from './connections.ts';
import { explainEnd, unknownGrant } from './end-reasons.ts';
import type { OAuthTables } from './schema.ts';

export interface ConnectionCheck {
  readonly db: Kysely<OAuthTables>;
  readonly line: string;
  readonly accounts: Pick<Accounts, 'find' | 'sharable'>;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** @throws InvalidGrant when it was ended, has expired, or the account's right to the patient is gone; that ends it. */
export async function checkConnection(
  grantId: string,
  { db, line, accounts, now }: ConnectionCheck,
): Promise<Connection> {
  const connection = await findConnection(db, line, grantId);
  if (connection === undefined) throw invalidGrant(unknownGrant);
  if (connection.revokedAt !== undefined) throw invalidGrant(explainEnd(connection.endReason ?? 'operator'));
  if (connection.expiresAt <= now) throw invalidGrant(explainEnd('expired'));
  const account = await accounts.find(line, connection.accountId);
  const sharable = account === undefined ? [] : await accounts.sharable(account);
  if (!connection.patients.every((patient) => sharable.some((person) => person.patient === patient))) {
    const reason = account === undefined ? 'account' : 'authority';
    await revokeGrant(db, { line, grantId, now, reason });
    throw invalidGrant(explainEnd(reason));
  }
  return connection;
}

function invalidGrant(description: string): Error {
  return new errors.CustomOIDCProviderError('invalid_grant', description);
}
