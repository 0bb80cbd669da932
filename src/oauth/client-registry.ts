// The registry of apps (OAuth clients), one for all lines: https://www.rfc-editor.org/rfc/rfc6749#section-2
// A secret is shown once, when it is made; only its HMAC is kept, so nobody can show it again.
import {
  createHmac,
  createPublicKey,
  type JsonWebKey,
  randomBytes,
  randomUUID,
  timingSafeEqual,
} from 'node:crypto';
import type { Config } from '../config/config.ts';
import { deriveKey } from '../config/derive-key.ts';
import type { Database } from '../db/database.ts';
import { supportedScopes } from '../smart/scopes.ts';
import { checkRedirectUri } from './check-redirect-uri.ts';
import { ClientError } from './client-error.ts';
import { isClientId } from './client-metadata.ts';
import type { ClientTable, OAuthTables } from './schema.ts';

export { ClientError } from './client-error.ts';

export interface ClientRegistration {
  readonly name: string;
  readonly redirectUris: readonly string[];
  /** Cannot keep a secret: a browser or phone app (RFC 6749 section 2.1). */
  readonly public?: boolean | undefined;
  /** Line ids; all when absent. */
  readonly lines?: readonly string[] | undefined;
  /** The scopes it may ask for; all supported ones when absent. */
  readonly scopes?: readonly string[] | undefined;
  /** Accepts `/connect/token?ClientId&ClientSecret&Code&RedirectUri`. */
  readonly legacyToken?: boolean | undefined;
  /** Does not insist on PKCE (confidential clients only). */
  readonly pkceOptional?: boolean | undefined;
  /** Public keys of a confidential client that signs assertions instead of having a secret. */
  readonly jwks?: { readonly keys: readonly object[] } | undefined;
  readonly developerId?: string | undefined;
  /** Name of the authority that vouches for it. */
  readonly verifiedBy?: string | undefined;
}

export interface RegisteredClient {
  readonly client_id: string;
  readonly name: string;
  readonly public: boolean;
  readonly redirectUris: readonly string[];
  readonly lines: readonly string[];
  readonly scopes: readonly string[] | undefined;
  readonly legacyToken: boolean;
  readonly pkceOptional: boolean;
  readonly authMethod: 'none' | 'client_secret' | 'private_key_jwt';
  readonly developerId: string | undefined;
  readonly verifiedBy: string | undefined;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly disabledAt: number | undefined;
}

export interface Credentials {
  readonly client_id: string;
  readonly client_secret?: string;
}

export interface ClientRegistry {
  /** @throws {ClientError} */
  create(registration: ClientRegistration): Promise<Credentials>;
  list(filter?: { readonly developerId?: string }): Promise<RegisteredClient[]>;
  find(clientId: string): Promise<RegisteredClient | undefined>;
  /** The old secret stays valid for `overlapSeconds`, a day unless said. @throws {ClientError} */
  rotateSecret(clientId: string, options?: { readonly overlapSeconds?: number }): Promise<Credentials>;
  /** From the next request on, no token of the client is worth anything. @throws {ClientError} */
  disable(clientId: string): Promise<void>;
  enable(clientId: string): Promise<void>;
}

export function createClientRegistry(db: Database, config: Config, clock: () => number): ClientRegistry {
  const kysely = db.as<OAuthTables>();
  const digest = secretDigest(config);

  const find = async (clientId: string) =>
    isClientId(clientId)
      ? kysely.selectFrom('oauth_client').selectAll().where('client_id', '=', clientId).executeTakeFirst()
      : undefined;

  const existing = async (clientId: string): Promise<ClientTable> => {
    const client = await find(clientId);
    if (client === undefined)
      throw new ClientError('client_id', `There is no app ${JSON.stringify(clientId)}.`);
    return client;
  };

  const setDisabled = async (clientId: string, disabledAt: number | null) => {
    await existing(clientId);
    await kysely
      .updateTable('oauth_client')
      .set({ disabled_at: disabledAt })
      .where('client_id', '=', clientId)
      .execute();
  };

  return {
    async create(registration) {
      const client = checkRegistration(registration, config);
      const clientId = randomUUID();
      const secret = client.is_public === 1 || client.jwks !== null ? undefined : newSecret();
      await kysely.transaction().execute(async (transaction) => {
        await transaction
          .insertInto('oauth_client')
          .values({ ...client, client_id: clientId, created_at: clock(), disabled_at: null })
          .execute();
        if (secret !== undefined) {
          await transaction
            .insertInto('oauth_client_secret')
            .values({
              id: randomUUID(),
              client_id: clientId,
              digest: digest(secret),
              created_at: clock(),
              expires_at: null,
            })
            .execute();
        }
      });
      return { client_id: clientId, ...(secret === undefined ? {} : { client_secret: secret }) };
    },

    async list(filter = {}) {
      let query = kysely.selectFrom('oauth_client').selectAll().orderBy('created_at').orderBy('client_id');
      if (filter.developerId !== undefined) query = query.where('developer_id', '=', filter.developerId);
      return (await query.execute()).map(toRegisteredClient);
    },

    async find(clientId) {
      const row = await find(clientId);
      return row === undefined ? undefined : toRegisteredClient(row);
    },

    async rotateSecret(clientId, { overlapSeconds = 86_400 } = {}) {
      if (!Number.isSafeInteger(overlapSeconds) || overlapSeconds < 0 || overlapSeconds > 90 * 86_400) {
        throw new ClientError(
          'overlapSeconds',
          `The overlap ${overlapSeconds} is not between 0 and 7776000 seconds.`,
        );
      }
      const client = await existing(clientId);
      if (client.is_public === 1 || client.jwks !== null) {
        throw new ClientError(
          'client_id',
          `The app ${JSON.stringify(client.name)} has no secret to replace.`,
        );
      }
      const secret = newSecret();
      const now = clock();
      await kysely.transaction().execute(async (transaction) => {
        const retired = now + overlapSeconds * 1000;
        await transaction
          .updateTable('oauth_client_secret')
          .set({ expires_at: retired })
          .where('client_id', '=', clientId)
          .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', retired)]))
          .execute();
        await transaction
          .insertInto('oauth_client_secret')
          .values({
            id: randomUUID(),
            client_id: clientId,
            digest: digest(secret),
            created_at: now,
            expires_at: null,
          })
          .execute();
      });
      return { client_id: clientId, client_secret: secret };
    },

    disable: (clientId) => setDisabled(clientId, clock()),
    enable: (clientId) => setDisabled(clientId, null),
  };
}

/** HMAC of a secret. The secret is random, so a slow hash would only be a lever to exhaust the server. */
export function secretDigest(config: Pick<Config, 'secretKey'>): (secret: string) => string {
  const key = deriveKey(config.secretKey, 'oauth client secrets');
  return (secret) => createHmac('sha256', key).update(secret).digest('base64url');
}

/** Compares with every live digest, taking the same time wherever they differ. */
export function matchesSecret(digests: readonly string[], presented: string): boolean {
  let matches = false;
  for (const digest of digests) {
    const known = Buffer.from(digest);
    const actual = Buffer.from(presented);
    if (known.length === actual.length && timingSafeEqual(known, actual)) matches = true;
  }
  return matches;
}

/** 256 bits. */
function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

function checkRegistration(
  registration: ClientRegistration,
  config: Config,
): Omit<ClientTable, 'client_id' | 'created_at' | 'disabled_at'> {
  const isPublic = registration.public ?? false;
  const name = registration.name.trim();
  if (name === '') throw new ClientError('name', 'The app needs a name: members see it when they are asked.');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (name.length > 100 || /[\u0000-\u001f\u007f\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(name)) {
    throw new ClientError(
      'name',
      `The name ${JSON.stringify(name)} is longer than 100 characters or has control characters.`,
    );
  }
  const redirectUris = [
    ...new Set(registration.redirectUris.map((uri) => uri.trim()).filter((uri) => uri !== '')),
  ];
  if (redirectUris.length === 0)
    throw new ClientError('redirectUris', 'The app needs at least one redirect URI.');
  if (redirectUris.length > 20) throw new ClientError('redirectUris', 'An app has at most 20 redirect URIs.');
  for (const uri of redirectUris) {
    checkRedirectUri(uri, { allowLoopback: config.mode === 'sandbox', isPublic });
  }
  const known = config.lines.map((line) => line.id);
  const lines = [...new Set(registration.lines ?? known)];
  if (lines.length === 0) throw new ClientError('lines', 'The app needs at least one line of business.');
  for (const line of lines) {
    if (!known.includes(line)) {
      throw new ClientError(
        'lines',
        `There is no line ${JSON.stringify(line)}; there are: ${known.join(', ')}.`,
      );
    }
  }
  const scopes = registration.scopes === undefined ? undefined : [...new Set(registration.scopes)];
  if (scopes?.length === 0) throw new ClientError('scopes', 'The app needs at least one scope.');
  for (const scope of scopes ?? []) {
    if (!supportedScopes.includes(scope)) {
      throw new ClientError(
        'scopes',
        `There is no scope ${JSON.stringify(scope)}; scopes_supported lists those there are.`,
      );
    }
  }
  if (isPublic && (registration.legacyToken === true || registration.pkceOptional === true)) {
    const which = registration.legacyToken === true ? 'the legacy token request' : 'leaving out PKCE';
    throw new ClientError('public', `A public app has no secret, so ${which} is not for it.`);
  }
  if (isPublic && registration.jwks !== undefined) {
    throw new ClientError('jwks', 'A public app has no keys of its own.');
  }
  return {
    name,
    is_public: isPublic ? 1 : 0,
    redirect_uris: JSON.stringify(redirectUris),
    lines: JSON.stringify(lines),
    scope: scopes?.join(' ') ?? null,
    legacy_token: registration.legacyToken === true ? 1 : 0,
    pkce_optional: registration.pkceOptional === true ? 1 : 0,
    jwks: registration.jwks === undefined ? null : checkJwks(registration.jwks),
    developer_id: registration.developerId ?? null,
    verified_by: registration.verifiedBy ?? null,
  };
}

function checkJwks(jwks: { readonly keys: readonly object[] }): string {
  if (!Array.isArray(jwks.keys) || jwks.keys.length === 0) {
    throw new ClientError('jwks', 'The JSON Web Key Set has no "keys".');
  }
  for (const key of jwks.keys as readonly Record<string, unknown>[]) {
    if (typeof key !== 'object' || key === null)
      throw new ClientError('jwks', 'Each of "keys" is an object.');
    if (key.kty !== 'RSA' && key.kty !== 'EC') {
      throw new ClientError(
        'jwks',
        `A key of type ${JSON.stringify(key.kty)} cannot be used: RSA and EC can.`,
      );
    }
    if ('d' in key)
      throw new ClientError('jwks', 'The JSON Web Key Set has a private key: give the public part only.');
  }
  for (const key of jwks.keys) {
    try {
      createPublicKey({ key: key as JsonWebKey, format: 'jwk' });
    } catch {
      // A damaged key would otherwise fail at the app's first request.
      throw new ClientError('jwks', 'A key of the JSON Web Key Set is damaged or incomplete.');
    }
  }
  return JSON.stringify({ keys: jwks.keys });
}

function toRegisteredClient(row: ClientTable): RegisteredClient {
  return {
    client_id: row.client_id,
    name: row.name,
    public: row.is_public === 1,
    redirectUris: JSON.parse(row.redirect_uris) as string[],
    lines: JSON.parse(row.lines) as string[],
    scopes: row.scope?.split(' '),
    legacyToken: row.legacy_token === 1,
    pkceOptional: row.pkce_optional === 1,
    authMethod: row.is_public === 1 ? 'none' : row.jwks === null ? 'client_secret' : 'private_key_jwt',
    developerId: row.developer_id ?? undefined,
    verifiedBy: row.verified_by ?? undefined,
    createdAt: row.created_at,
    disabledAt: row.disabled_at ?? undefined,
  };
}
