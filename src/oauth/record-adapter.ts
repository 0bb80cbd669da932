// Where the OAuth library keeps its state: one SQL row for each model instance, keyed by line and model.
// Spending a code, a refresh token or an assertion is one conditional write, so it succeeds once whatever runs
// at the same time: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2, https://www.rfc-editor.org/rfc/rfc9700#section-2.2.2
// Must never store an id in the clear: for most models it is the bearer value.
import type { Kysely } from 'kysely';
import type { Adapter, AdapterPayload } from 'oidc-provider';
import Provider, { errors } from 'oidc-provider';
import type { Database } from '../db/database.ts';
import { findClientMetadata } from './client-metadata.ts';
import { endedKind, revokeGrant } from './connections.ts';
import type { EndReason } from './end-reasons.ts';
import type { OAuthTables } from './schema.ts';
import { tokenDigest } from './token-digest.ts';

/** The library accepts tokens this long after their end, for clocks that differ. */
const clockToleranceMs = 15_000;

/** Models of which a second use ends the grant. */
const spentOnce = new Set(['AuthorizationCode', 'RefreshToken']);

export interface AdapterContext {
  readonly db: Database;
  readonly line: string;
  readonly clock: () => number;
}

export function recordAdapter(context: AdapterContext): (kind: string) => Adapter {
  return (kind) => (kind === 'Client' ? new ClientAdapter(context) : new RecordAdapter(kind, context));
}

class RecordAdapter implements Adapter {
  readonly #kind: string;
  readonly #line: string;
  readonly #db: Kysely<OAuthTables>;
  readonly #clock: () => number;

  constructor(kind: string, { db, line, clock }: AdapterContext) {
    this.#kind = kind;
    this.#line = line;
    this.#db = db.as<OAuthTables>();
    this.#clock = clock;
  }

  async upsert(id: string, payload: AdapterPayload, expiresIn: number): Promise<void> {
    const row = {
      line: this.#line,
      kind: this.#kind,
      id_hash: tokenDigest(id),
      grant_id: this.#kind === 'Grant' ? id : (payload.grantId ?? null),
      uid_hash: payload.uid === undefined || this.#kind !== 'Session' ? null : tokenDigest(payload.uid),
      client_id: payload.clientId ?? null,
      scope: payload.scope ?? null,
      payload: JSON.stringify(withoutBearerValues(id, payload)),
      expires_at: this.#clock() + expiresIn * 1000,
      consumed_at: null,
    };
    const insert = this.#db.insertInto('oauth_record').values(row);
    if (this.#kind === 'ReplayDetection') {
      const { numInsertedOrUpdatedRows } = await insert
        .onConflict((conflict) => conflict.columns(['line', 'kind', 'id_hash']).doNothing())
        .executeTakeFirst();
      if (Number(numInsertedOrUpdatedRows) === 0) {
        throw new errors.InvalidClientAuth('client assertion tokens must only be used once');
      }
      return;
    }
    await insert
      .onConflict((conflict) =>
        conflict.columns(['line', 'kind', 'id_hash']).doUpdateSet({
          grant_id: row.grant_id,
          uid_hash: row.uid_hash,
          client_id: row.client_id,
          scope: row.scope,
          payload: row.payload,
          expires_at: row.expires_at,
        }),
      )
      .execute();
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const row = await this.#db
      .selectFrom('oauth_record')
      .select(['payload', 'consumed_at'])
      .where('line', '=', this.#line)
      .where('kind', '=', this.#kind)
      .where('id_hash', '=', tokenDigest(id))
      .where('expires_at', '>', this.#clock() - clockToleranceMs)
      .executeTakeFirst();
    return row === undefined ? undefined : restored(id, row);
  }

  /**
   * A session found by its uid: to be looked at, never saved, for its id is not known.
   * The library asks for it only to compare who is signed in.
   */
  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    const row = await this.#db
      .selectFrom('oauth_record')
      .select(['payload', 'consumed_at'])
      .where('line', '=', this.#line)
      .where('kind', '=', this.#kind)
      .where('uid_hash', '=', tokenDigest(uid))
      .where('expires_at', '>', this.#clock() - clockToleranceMs)
      .orderBy('expires_at', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row === undefined ? undefined : restored(undefined, row);
  }

  async findByUserCode(): Promise<undefined> {
    return undefined;
  }

  /** @throws InvalidGrant when somebody else spent it first; the grant ends then, as for any second use. */
  async consume(id: string): Promise<void> {
    const { numUpdatedRows } = await this.#db
      .updateTable('oauth_record')
      .set({ consumed_at: this.#clock() })
      .where('line', '=', this.#line)
      .where('kind', '=', this.#kind)
      .where('id_hash', '=', tokenDigest(id))
      .where('consumed_at', 'is', null)
      .executeTakeFirst();
    if (Number(numUpdatedRows) === 1) return;
    const spent = spentOnce.has(this.#kind) ? await this.find(id) : undefined;
    if (spent?.grantId !== undefined) {
      await this.#revoke(spent.grantId, 'replay');
    }
    throw new errors.InvalidGrant(`${this.#kind} already consumed`);
  }

  async destroy(id: string): Promise<void> {
    // A grant of the library is the heart of a connection: the two end together.
    if (this.#kind === 'Grant') {
      await this.#revoke(id, Provider.ctx?.oidc?.route === 'revocation' ? 'client' : 'replay');
      return;
    }
    // Whoever presents it again is told what became of it.
    if (spentOnce.has(this.#kind)) {
      await this.#db
        .updateTable('oauth_record')
        .set({ kind: endedKind, payload: '{}' })
        .where('line', '=', this.#line)
        .where('kind', '=', this.#kind)
        .where('id_hash', '=', tokenDigest(id))
        .execute();
      return;
    }
    await this.#db
      .deleteFrom('oauth_record')
      .where('line', '=', this.#line)
      .where('kind', '=', this.#kind)
      .where('id_hash', '=', tokenDigest(id))
      .execute();
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    // The library destroys the grant beside it, and that ends these.
    if (spentOnce.has(this.#kind)) return;
    await this.#db
      .deleteFrom('oauth_record')
      .where('line', '=', this.#line)
      .where('kind', '=', this.#kind)
      .where('grant_id', '=', grantId)
      .execute();
  }

  async #revoke(grantId: string, reason: EndReason): Promise<void> {
    await revokeGrant(this.#db, { line: this.#line, grantId, now: this.#clock(), reason });
  }
}

/** The registry seen from one line: a client that may not be used there, or is disabled, does not exist. */
class ClientAdapter implements Adapter {
  readonly #context: AdapterContext;

  constructor(context: AdapterContext) {
    this.#context = context;
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    return findClientMetadata(this.#context.db, {
      line: this.#context.line,
      clientId: id,
      now: this.#context.clock(),
    });
  }

  async findByUid(): Promise<undefined> {
    return undefined;
  }

  async findByUserCode(): Promise<undefined> {
    return undefined;
  }

  async upsert(): Promise<void> {
    throw new Error('clients are written by the registry only');
  }

  async consume(): Promise<void> {
    throw new Error('clients are written by the registry only');
  }

  async destroy(): Promise<void> {
    throw new Error('clients are written by the registry only');
  }

  async revokeByGrantId(): Promise<void> {
    throw new Error('clients are written by the registry only');
  }
}

/** The id stands in `jti`, at the end of an interaction's `returnTo`, and a session's in what an interaction notes of it. */
function withoutBearerValues(id: string, payload: AdapterPayload): AdapterPayload {
  const { jti: _jti, ...kept } = payload;
  if (kept.returnTo?.endsWith(id) === true) kept.returnTo = kept.returnTo.slice(0, -id.length);
  if (isRecord(kept.session)) {
    const { cookie: _cookie, ...session } = kept.session;
    return { ...kept, session } as AdapterPayload;
  }
  return kept;
}

function restored(
  id: string | undefined,
  row: { readonly payload: string; readonly consumed_at: number | null },
): AdapterPayload {
  const payload = JSON.parse(row.payload) as AdapterPayload;
  if (id !== undefined) {
    payload.jti = id;
    if (payload.returnTo !== undefined) payload.returnTo += id;
  }
  if (row.consumed_at !== null) payload.consumed = Math.floor(row.consumed_at / 1000);
  return payload;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
