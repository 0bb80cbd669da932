// Connections: what one person allowed one app. Made together with the library's Grant, ended with it.
// Ending one takes effect at the next request of the app, in every process: `verifyToken` joins this table.
import type { Kysely } from 'kysely';
import { type EndReason, isEndReason } from './end-reasons.ts';
import type { ConnectionTable, OAuthTables } from './schema.ts';

export interface Connection {
  readonly grantId: string;
  readonly line: string;
  readonly accountId: string;
  readonly clientId: string;
  readonly patients: readonly string[];
  readonly fhirUser: string | undefined;
  readonly scope: string;
  /** Codes of the sensitive classes that were ticked. */
  readonly sensitive: readonly string[];
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | undefined;
  readonly endReason: EndReason | undefined;
  /** What the person was shown and chose: JSON as `receipt` writes it; undefined for an old one. */
  readonly receipt: string | undefined;
}

/** At least one of these beside the line. */
export interface WhichConnections {
  readonly line: string;
  readonly accountId?: string;
  readonly patient?: string;
  readonly grantId?: string;
  readonly exceptAccounts?: readonly string[];
}

export async function insertConnection(
  db: Kysely<OAuthTables>,
  connection: Omit<Connection, 'revokedAt' | 'endReason'>,
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await transaction
      .insertInto('oauth_connection')
      .values({
        grant_id: connection.grantId,
        line: connection.line,
        account_id: connection.accountId,
        client_id: connection.clientId,
        patients: connection.patients.join(' '),
        fhir_user: connection.fhirUser ?? null,
        scope: connection.scope,
        created_at: connection.createdAt,
        expires_at: connection.expiresAt,
        revoked_at: null,
        end_reason: null,
        sensitive: connection.sensitive.join(' '),
        receipt: connection.receipt ?? null,
      })
      .execute();
    await transaction
      .insertInto('oauth_connection_patient')
      .values(
        connection.patients.map((patient) => ({
          line: connection.line,
          patient,
          grant_id: connection.grantId,
        })),
      )
      .execute();
  });
}

export async function findConnection(
  db: Kysely<OAuthTables>,
  line: string,
  grantId: string,
): Promise<Connection | undefined> {
  const row = await db
    .selectFrom('oauth_connection')
    .selectAll()
    .where('line', '=', line)
    .where('grant_id', '=', grantId)
    .executeTakeFirst();
  return row === undefined ? undefined : toConnection(row);
}

export async function connectionsOf(
  db: Kysely<OAuthTables>,
  line: string,
  accountId: string,
): Promise<Connection[]> {
  const rows = await db
    .selectFrom('oauth_connection')
    .selectAll()
    .where('line', '=', line)
    .where('account_id', '=', accountId)
    .orderBy('created_at', 'desc')
    .execute();
  return rows.map(toConnection);
}

/** Ends a connection: its codes and tokens are gone, the row stays for the member to see. */
export async function revokeGrant(
  db: Kysely<OAuthTables>,
  {
    line,
    grantId,
    now,
    reason,
  }: { readonly line: string; readonly grantId: string; readonly now: number; readonly reason: EndReason },
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await transaction
      .updateTable('oauth_connection')
      .set({ revoked_at: now, end_reason: reason })
      .where('line', '=', line)
      .where('grant_id', '=', grantId)
      .where('revoked_at', 'is', null)
      .execute();
    // What can be presented again stays known under a name that nothing accepts, so that the app can be told what happened.
    await transaction
      .updateTable('oauth_record')
      .set({ kind: endedKind, payload: '{}' })
      .where('line', '=', line)
      .where('grant_id', '=', grantId)
      .where('kind', 'in', ['RefreshToken', 'AuthorizationCode'])
      .execute();
    await transaction
      .deleteFrom('oauth_record')
      .where('line', '=', line)
      .where('grant_id', '=', grantId)
      .where('kind', '<>', endedKind)
      .execute();
  });
}

/** Of `oauth_record`: a refresh token or code whose connection was ended. */
export const endedKind = 'Ended';

/** Ends all that live of those meant, and answers how many. */
export async function endConnections(
  db: Kysely<OAuthTables>,
  which: WhichConnections,
  { now, reason }: { readonly now: number; readonly reason: EndReason },
): Promise<number> {
  const grantIds = await liveConnections(db, which, now);
  for (const grantId of grantIds) await revokeGrant(db, { line: which.line, grantId, now, reason });
  return grantIds.length;
}

async function liveConnections(
  db: Kysely<OAuthTables>,
  { line, accountId, patient, grantId, exceptAccounts = [] }: WhichConnections,
  now: number,
): Promise<string[]> {
  let query = db
    .selectFrom('oauth_connection as connection')
    .select('connection.grant_id')
    .where('connection.line', '=', line)
    .where('connection.revoked_at', 'is', null)
    .where('connection.expires_at', '>', now);
  if (accountId !== undefined) query = query.where('connection.account_id', '=', accountId);
  if (exceptAccounts.length > 0) query = query.where('connection.account_id', 'not in', exceptAccounts);
  if (grantId !== undefined) query = query.where('connection.grant_id', '=', grantId);
  if (patient !== undefined)
    query = query.where('connection.grant_id', 'in', (of) =>
      of
        .selectFrom('oauth_connection_patient')
        .select('grant_id')
        .where('line', '=', line)
        .where('patient', '=', patient),
    );
  return (await query.execute()).map((row) => row.grant_id);
}

/** None of an account's connections for a patient may outlive `endsAt`. */
export async function shortenConnections(
  db: Kysely<OAuthTables>,
  {
    line,
    accountId,
    patient,
    endsAt,
  }: { readonly line: string; readonly accountId: string; readonly patient: string; readonly endsAt: number },
): Promise<void> {
  await db
    .updateTable('oauth_connection')
    .set({ expires_at: endsAt })
    .where('line', '=', line)
    .where('account_id', '=', accountId)
    .where('expires_at', '>', endsAt)
    .where('grant_id', 'in', (of) =>
      of
        .selectFrom('oauth_connection_patient')
        .select('grant_id')
        .where('line', '=', line)
        .where('patient', '=', patient),
    )
    .execute();
}

function toConnection(row: ConnectionTable): Connection {
  return {
    grantId: row.grant_id,
    line: row.line,
    accountId: row.account_id,
    clientId: row.client_id,
    patients: row.patients.split(' '),
    fhirUser: row.fhir_user ?? undefined,
    scope: row.scope,
    sensitive: row.sensitive === '' ? [] : row.sensitive.split(' '),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at ?? undefined,
    endReason: row.end_reason !== null && isEndReason(row.end_reason) ? row.end_reason : undefined,
    receipt: row.receipt ?? undefined,
  };
}
