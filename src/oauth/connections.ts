// Connections: what one person allowed one app. Made together with the library's Grant, ended with it.
// Ending one takes effect at the next request of the app, in every process: `verifyToken` joins this table.
import type { Kysely } from 'kysely';
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
}

export async function insertConnection(
  db: Kysely<OAuthTables>,
  connection: Omit<Connection, 'revokedAt'>,
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
        receipt: null,
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
  { line, grantId, now }: { readonly line: string; readonly grantId: string; readonly now: number },
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await transaction
      .updateTable('oauth_connection')
      .set({ revoked_at: now })
      .where('line', '=', line)
      .where('grant_id', '=', grantId)
      .where('revoked_at', 'is', null)
      .execute();
    await transaction
      .deleteFrom('oauth_record')
      .where('line', '=', line)
      .where('grant_id', '=', grantId)
      .execute();
  });
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
  };
}
