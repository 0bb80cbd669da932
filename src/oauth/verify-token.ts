// What an access token stands for, at this instant: one indexed look-up that joins the token, the member's
// connection and the client, so ending any of the three holds from the next request on, in every process.
// https://www.rfc-editor.org/rfc/rfc6750 · Must never cache an answer.
import type { Database } from '../db/database.ts';
import type { TokenGrant, VerifyToken } from '../smart/access.ts';
import type { OAuthTables } from './schema.ts';
import { tokenDigest } from './token-digest.ts';

/** In the order of the select list. */
type Row = [
  client_id: string,
  grant_id: string,
  patients: string,
  scope: string | null,
  fhir_user: string | null,
  sensitive: string,
];

/** Characters of a token of ours (RFC 6750 `b64token`); anything else is not looked up. */
const tokenShape = /^[A-Za-z0-9_-]{20,128}$/;

export function createVerifyToken(db: Database, clock: () => number): VerifyToken {
  const kysely = db.as<OAuthTables>();
  // Compiled once: building the query costs more than running it. The parameters stand in the order of the text.
  const compiled = kysely
    .selectFrom('oauth_record as token')
    .innerJoin('oauth_connection as connection', 'connection.grant_id', 'token.grant_id')
    .innerJoin('oauth_client as client', 'client.client_id', 'connection.client_id')
    .select([
      'connection.client_id',
      'connection.grant_id',
      'connection.patients',
      'token.scope',
      'connection.fhir_user',
      'connection.sensitive',
    ])
    .where('token.line', '=', 'line')
    .where('token.kind', '=', 'AccessToken')
    .where('token.id_hash', '=', 'hash')
    .where('token.expires_at', '>', 0)
    .where('connection.line', '=', 'line')
    .where('connection.revoked_at', 'is', null)
    .where('connection.expires_at', '>', 0)
    .where('client.disabled_at', 'is', null)
    .compile();

  return async (line, token) => {
    if (!tokenShape.test(token)) return undefined;
    const now = clock();
    const parameters = [line, 'AccessToken', tokenDigest(token), now, line, now];
    const [row] = await db.read<Row>({ sql: compiled.sql, parameters });
    return row === undefined ? undefined : toTokenGrant(line, row);
  };
}

function toTokenGrant(
  line: string,
  [clientId, grantId, patients, scope, fhirUser, sensitive]: Row,
): TokenGrant {
  return {
    line,
    clientId,
    grantId,
    patients: patients.split(' '),
    scope: scope ?? '',
    fhirUser: fhirUser ?? undefined,
    sensitive: sensitive === '' ? [] : sensitive.split(' '),
  };
}
