// The registry of apps (OAuth clients), one for all lines: https://www.rfc-editor.org/rfc/rfc6749#section-2
// A secret is shown once, when it is made; only its HMAC is kept, so nobody can show it again.
import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Config } from '../config/config.ts';
import { deriveKey } from '../config/derive-key.ts';
import type { Database } from '../db/database.ts';
import { ClientError } from './client-error.ts';
import { isClientId } from './client-metadata.ts';
import {
  type ClientChanges,
  type ClientRegistration,
  checkChanges,
  checkRegistration,
} from './client-registration.ts';
import type { ClientSecretTable, ClientTable, OAuthTables } from './schema.ts';

export { ClientError } from './client-error.ts';
export type { ClientChanges, ClientRegistration } from './client-registration.ts';

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
  /** Of a client that signs: its public keys, or where they are. */
  readonly jwks: string | undefined;
  readonly jwksUri: string | undefined;
  readonly developerId: string | undefined;
  readonly verifiedBy: string | undefined;
  /** Epoch milliseconds: when its developer attested how it treats what it reads. */
  readonly attestedAt: number | undefined;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly disabledAt: number | undefined;
}

export interface Credentials {
  readonly client_id: string;
  readonly client_secret?: string;
}

/** A secret that is still good, without itself. */
export interface ClientSecret {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Absent: until it is replaced. */
  readonly endsAt: number | undefined;
}

export interface ClientRegistry {
  /** @throws {ClientError} */
  create(registration: ClientRegistration): Promise<Credentials>;
  list(filter?: { readonly developerId?: string }): Promise<RegisteredClient[]>;
  find(clientId: string): Promise<RegisteredClient | undefined>;
  /** Holds from the next request on. @throws {ClientError} */
  update(clientId: string, changes: ClientChanges): Promise<void>;
  /** Those that are good now, the newest first: at most two. */
  secrets(clientId: string): Promise<ClientSecret[]>;
  /**
   * The newest of the old secrets stays good for `overlapSeconds`, a day unless said; one that is older ends at once.
   * @throws {ClientError}
   */
  rotateSecret(clientId: string, options?: { readonly overlapSeconds?: number }): Promise<Credentials>;
  /**
   * From now on the app sends the standard token request only. Its secret stood in addresses, so it gets a new one; the old
   * one ends as with `rotateSecret`. @throws {ClientError}
   */
  leaveLegacyToken(clientId: string, options?: { readonly overlapSeconds?: number }): Promise<Credentials>;
  /** Ends one of two secrets now. @throws {ClientError} */
  endSecret(clientId: string, secretId: string): Promise<void>;
  /** From the next request on, no token of the client is worth anything. @throws {ClientError} */
  disable(clientId: string): Promise<void>;
  enable(clientId: string): Promise<void>;
  /** Notes that the developer attested how the app treats what it reads, or no longer does: members are told. @throws {ClientError} */
  attest(clientId: string, attested: boolean): Promise<void>;
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

  const registry: ClientRegistry = {
    async create(registration) {
      const client = checkRegistration(registration, config);
      const clientId = randomUUID();
      const secret = authMethod(client) === 'client_secret' ? newSecret() : undefined;
      await kysely.transaction().execute(async (transaction) => {
        await transaction
          .insertInto('oauth_client')
          .values({
            ...client,
            client_id: clientId,
            created_at: clock(),
            disabled_at: null,
            attested_at: null,
          })
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

    async update(clientId, changes) {
      const client = await existing(clientId);
      const columns = checkChanges(changes, client, config);
      if (Object.keys(columns).length === 0) return;
      await kysely.transaction().execute(async (transaction) => {
        await transaction
          .updateTable('oauth_client')
          // Whoever vouched for it did so for what it was.
          .set({ ...columns, verified_by: null })
          .where('client_id', '=', clientId)
          .execute();
        // A client proves itself in one way.
        if (columns.jwks !== undefined)
          await transaction.deleteFrom('oauth_client_secret').where('client_id', '=', clientId).execute();
      });
    },

    async secrets(clientId) {
      const rows = isClientId(clientId) ? await liveSecrets(kysely, clientId, clock()) : [];
      return rows.map(({ id, created_at, expires_at }) => ({
        id,
        createdAt: created_at,
        endsAt: expires_at ?? undefined,
      }));
    },

    async rotateSecret(clientId, { overlapSeconds = 86_400 } = {}) {
      if (!Number.isSafeInteger(overlapSeconds) || overlapSeconds < 0 || overlapSeconds > 90 * 86_400) {
        throw new ClientError(
          'overlapSeconds',
          `The overlap ${overlapSeconds} is not between 0 and 7776000 seconds.`,
        );
      }
      const client = await existing(clientId);
      if (authMethod(client) !== 'client_secret') {
        throw new ClientError(
          'client_id',
          `The app ${JSON.stringify(client.name)} has no secret to replace.`,
        );
      }
      const secret = newSecret();
      const now = clock();
      await kysely.transaction().execute(async (transaction) => {
        await lock(transaction, clientId);
        const [newest] = await liveSecrets(transaction, clientId, now);
        const end = (endsAt: number) =>
          transaction
            .updateTable('oauth_client_secret')
            .set({ expires_at: endsAt })
            .where('client_id', '=', clientId)
            .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', endsAt)]));
        if (newest !== undefined) {
          await end(now).where('id', '!=', newest.id).execute();
          await end(now + overlapSeconds * 1000)
            .where('id', '=', newest.id)
            .execute();
        }
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

    async endSecret(clientId, secretId) {
      const now = clock();
      await kysely.transaction().execute(async (transaction) => {
        await lock(transaction, clientId);
        const live = await liveSecrets(transaction, clientId, now);
        if (!live.some(({ id }) => id === secretId))
          throw new ClientError('secret', 'There is no such secret, or it has ended already.');
        if (live.length === 1)
          throw new ClientError('secret', 'It is the only secret of the app: make a new one instead.');
        await transaction
          .updateTable('oauth_client_secret')
          .set({ expires_at: now })
          .where('id', '=', secretId)
          .execute();
      });
    },

    async leaveLegacyToken(clientId, options) {
      const client = await existing(clientId);
      if (client.legacy_token === 0)
        throw new ClientError('client_id', `The app ${JSON.stringify(client.name)} has left it already.`);
      // The new secret first: after a failure between the two the app can still leave.
      const credentials =
        authMethod(client) === 'client_secret'
          ? await registry.rotateSecret(clientId, options)
          : { client_id: clientId };
      await kysely
        .updateTable('oauth_client')
        .set({ legacy_token: 0 })
        .where('client_id', '=', clientId)
        .execute();
      return credentials;
    },

    disable: (clientId) => setDisabled(clientId, clock()),
    enable: (clientId) => setDisabled(clientId, null),

    async attest(clientId, attested) {
      await existing(clientId);
      await kysely
        .updateTable('oauth_client')
        .set({ attested_at: attested ? clock() : null })
        .where('client_id', '=', clientId)
        .execute();
    },
  };
  return registry;
}

function authMethod(
  client: Pick<ClientTable, 'is_public' | 'jwks' | 'jwks_uri'>,
): RegisteredClient['authMethod'] {
  if (client.is_public === 1) return 'none';
  return client.jwks === null && client.jwks_uri === null ? 'client_secret' : 'private_key_jwt';
}

/** Two that change the secrets of one client go one after the other. */
async function lock(transaction: Kysely<OAuthTables>, clientId: string): Promise<void> {
  await transaction
    .updateTable('oauth_client')
    .set((set) => ({ client_id: set.ref('client_id') }))
    .where('client_id', '=', clientId)
    .execute();
}

async function liveSecrets(
  kysely: Kysely<OAuthTables>,
  clientId: string,
  now: number,
): Promise<ClientSecretTable[]> {
  const rows = await kysely
    .selectFrom('oauth_client_secret')
    .selectAll()
    .where('client_id', '=', clientId)
    .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', now)]))
    .execute();
  // The one without an end is the newest, whatever the clocks of two processes say.
  return rows.sort(
    (a, b) => (b.expires_at ?? Infinity) - (a.expires_at ?? Infinity) || b.created_at - a.created_at,
  );
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
    authMethod: authMethod(row),
    jwks: row.jwks ?? undefined,
    jwksUri: row.jwks_uri ?? undefined,
    developerId: row.developer_id ?? undefined,
    verifiedBy: row.verified_by ?? undefined,
    attestedAt: row.attested_at ?? undefined,
    createdAt: row.created_at,
    disabledAt: row.disabled_at ?? undefined,
  };
}
