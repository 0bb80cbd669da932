// A registered client as the OAuth library wants it: https://www.rfc-editor.org/rfc/rfc7591#section-2
// Read afresh for every request, so disabling a client or retiring a secret holds at once.
import { randomBytes } from 'node:crypto';
import type { AdapterPayload } from 'oidc-provider';
import type { Database } from '../db/database.ts';
import { isNative } from './check-redirect-uri.ts';
import type { ClientTable, OAuthTables } from './schema.ts';

/** Our own metadata beside the standard ones; the library hands them through. */
export const extraClientMetadata = [
  'secret_digests',
  'legacy_token',
  'pkce_optional',
  'verified_by',
  'attested_at',
];

// The library wants a secret in the metadata; comparing is ours (`compareClientSecret`), so this one opens nothing.
const placeholderSecret = randomBytes(32).toString('base64url');

/** RFC 6749 appendix A.1. Nothing else is looked up: PostgreSQL refuses U+0000. */
export function isClientId(value: string): boolean {
  return /^[\x21-\x7e]{1,200}$/.test(value);
}

export async function findClientMetadata(
  db: Database,
  { line, clientId, now }: { readonly line: string; readonly clientId: string; readonly now: number },
): Promise<AdapterPayload | undefined> {
  if (!isClientId(clientId)) return undefined;
  const kysely = db.as<OAuthTables>();
  const client = await kysely
    .selectFrom('oauth_client')
    .selectAll()
    .where('client_id', '=', clientId)
    .where('disabled_at', 'is', null)
    .executeTakeFirst();
  if (client === undefined || !(JSON.parse(client.lines) as string[]).includes(line)) return undefined;
  const secrets =
    client.is_public === 1
      ? []
      : await kysely
          .selectFrom('oauth_client_secret')
          .select('digest')
          .where('client_id', '=', clientId)
          .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', now)]))
          .orderBy('id')
          .execute();
  return clientMetadata(
    client,
    secrets.map((secret) => secret.digest),
  );
}

function clientMetadata(client: ClientTable, digests: readonly string[]): AdapterPayload {
  const redirectUris = JSON.parse(client.redirect_uris) as string[];
  const isPublic = client.is_public === 1;
  const asymmetric = client.jwks !== null || client.jwks_uri !== null;
  const metadata = {
    client_id: client.client_id,
    client_name: client.name,
    redirect_uris: redirectUris,
    application_type: isPublic && isNative(redirectUris) ? 'native' : 'web',
    response_types: isPublic ? ['code'] : ['code', 'code id_token'],
    grant_types: ['authorization_code', 'refresh_token', ...(isPublic ? [] : ['implicit'])],
    token_endpoint_auth_method: isPublic ? 'none' : asymmetric ? 'private_key_jwt' : 'client_secret_basic',
    ...(isPublic || asymmetric ? {} : { client_secret: placeholderSecret }),
    ...(client.jwks === null ? {} : { jwks: JSON.parse(client.jwks) as { keys: [] } }),
    ...(client.jwks_uri === null ? {} : { jwks_uri: client.jwks_uri }),
    ...(client.scope === null ? {} : { scope: client.scope }),
    secret_digests: digests,
    legacy_token: client.legacy_token === 1,
    pkce_optional: client.pkce_optional === 1,
    ...(client.verified_by === null ? {} : { verified_by: client.verified_by }),
    ...(client.attested_at === null ? {} : { attested_at: client.attested_at }),
  };
  return metadata as unknown as AdapterPayload;
}
