// What an authenticated client is told of a code or refresh token that is `invalid_grant`: what happened to its connection
// and what to do. https://www.rfc-editor.org/rfc/rfc6749#section-5.2
// Must never say anything of another client's token.
import type { Kysely } from 'kysely';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { endedKind, findConnection } from './connections.ts';
import { explainEnd, unknownGrant } from './end-reasons.ts';
import type { OAuthTables } from './schema.ts';
import { tokenDigest } from './token-digest.ts';

export async function whatBecameOf(
  ctx: KoaContextWithOIDC,
  { db, line, now }: { readonly db: Kysely<OAuthTables>; readonly line: string; readonly now: number },
): Promise<string> {
  const presented = ctx.oidc.params?.refresh_token ?? ctx.oidc.params?.code;
  if (typeof presented !== 'string' || ctx.oidc.client === undefined) return unknownGrant;
  const record = await db
    .selectFrom('oauth_record')
    .select('grant_id')
    .where('line', '=', line)
    .where('kind', 'in', [endedKind, 'RefreshToken', 'AuthorizationCode'])
    .where('id_hash', '=', tokenDigest(presented))
    .where('client_id', '=', ctx.oidc.client.clientId)
    .executeTakeFirst();
  if (record?.grant_id == null) return unknownGrant;
  const connection = await findConnection(db, line, record.grant_id);
  if (connection === undefined) return unknownGrant;
  if (connection.revokedAt !== undefined) return explainEnd(connection.endReason ?? 'operator');
  return connection.expiresAt <= now ? explainEnd('expired') : unknownGrant;
}
