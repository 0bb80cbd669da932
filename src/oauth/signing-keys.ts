// The RSA keys that sign ID Tokens, one set for each line, made at the first start and kept encrypted in SQL.
// https://openid.net/specs/openid-connect-core-1_0.html#Signing and #RotateSigKeys · A new key is published before it signs
// and an old one until the last ID Token that it signed has ended; what a key is follows from the time alone, so every
// process sees the same. The private part must never be written in the clear.
import { createHash, generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { Kysely } from 'kysely';
import type { JWK } from 'oidc-provider';
import type { Config } from '../config/config.ts';
import { deriveKey } from '../config/derive-key.ts';
import type { Database } from '../db/database.ts';
import { lifetimes } from './lifetimes.ts';
import type { OAuthTables, SigningKeyTable } from './schema.ts';
import { seal, unseal } from './sealed-text.ts';

/** `next`: published, signs later. `retired`: published for what it signed. `withdrawn`: for nobody any more. */
export type SigningKeyState = 'next' | 'signing' | 'retired' | 'withdrawn';

export interface SigningKey {
  readonly kid: string;
  readonly state: SigningKeyState;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly signsFrom: number;
  /** Of an old key. */
  readonly publishedUntil: number | undefined;
}

/** How often a running process looks for changes. */
export const reloadMs = 30_000;
/** Every process publishes the key, and caches of a few minutes have it, before it signs. */
export const shortestNoticeMs = 10 * 60_000;
/** Beyond the life of an ID Token: a process that changes late, and a clock that is slow. */
const graceMs = 5 * 60_000;

/** The line's published keys; the first signs. */
export async function signingKeys(
  db: Database,
  config: Pick<Config, 'secretKey'>,
  line: string,
  now: number,
): Promise<JWK[]> {
  const kysely = db.as<OAuthTables>();
  const seal = sealing(config);
  let rows = await storedKeys(kysely, line);
  if (rows.length === 0) {
    // Processes that start together agree on one key: the row that got there first.
    await addKey(kysely, seal, { line, generation: 1, now, signsFrom: now });
    rows = await storedKeys(kysely, line);
  }
  return described(rows, now)
    .filter(({ key }) => key.state !== 'withdrawn')
    .sort((a, b) => Number(b.key.state === 'signing') - Number(a.key.state === 'signing'))
    .map(({ row }) => JSON.parse(seal.open(row.sealed, sealContext(line, row.kid))) as JWK);
}

/** The newest first. */
export async function listSigningKeys(db: Database, line: string, now: number): Promise<SigningKey[]> {
  return described(await storedKeys(db.as<OAuthTables>(), line), now).map(({ key }) => key);
}

/**
 * Makes a key that signs from `signsFrom` on; until then the present one does.
 * Answers undefined when one is waiting already.
 */
export async function rotateSigningKey(
  db: Database,
  config: Pick<Config, 'secretKey'>,
  line: string,
  { now, signsFrom }: { readonly now: number; readonly signsFrom: number },
): Promise<SigningKey | undefined> {
  const kysely = db.as<OAuthTables>();
  const rows = await storedKeys(kysely, line);
  if (described(rows, now).some(({ key }) => key.state === 'next')) return undefined;
  const generation = (rows[0]?.generation ?? 0) + 1;
  const kid = await addKey(kysely, sealing(config), { line, generation, now, signsFrom });
  return (await listSigningKeys(db, line, now)).find((key) => key.kid === kid);
}

/**
 * For a key that somebody else may have: no longer published once every process has looked. What it signed is not
 * believed any more. The signing key gives way to a new one, which is used at once.
 */
export async function withdrawSigningKeys(
  db: Database,
  config: Pick<Config, 'secretKey'>,
  line: string,
  now: number,
): Promise<void> {
  const kysely = db.as<OAuthTables>();
  const [newest] = await storedKeys(kysely, line);
  const generation = (newest?.generation ?? 0) + 1;
  await addKey(kysely, sealing(config), { line, generation, now, signsFrom: now });
  await kysely
    .updateTable('oauth_signing_key')
    .set({ withdrawn_at: now })
    .where('line', '=', line)
    .where('generation', '<', generation)
    .where('withdrawn_at', 'is', null)
    .execute();
}

function storedKeys(kysely: Kysely<OAuthTables>, line: string): Promise<SigningKeyTable[]> {
  return kysely
    .selectFrom('oauth_signing_key')
    .selectAll()
    .where('line', '=', line)
    .orderBy('generation', 'desc')
    .execute();
}

async function addKey(
  kysely: Kysely<OAuthTables>,
  seal: Sealing,
  {
    line,
    generation,
    now,
    signsFrom,
  }: {
    readonly line: string;
    readonly generation: number;
    readonly now: number;
    readonly signsFrom: number;
  },
): Promise<string> {
  const jwk = await newKey();
  const kid = String(jwk.kid);
  await kysely
    .insertInto('oauth_signing_key')
    .values({
      line,
      generation,
      kid,
      sealed: seal.close(JSON.stringify(jwk), sealContext(line, kid)),
      created_at: now,
      signs_from: signsFrom,
      withdrawn_at: null,
    })
    .onConflict((conflict) => conflict.columns(['line', 'generation']).doNothing())
    .execute();
  return kid;
}

function described(
  rows: readonly SigningKeyTable[],
  now: number,
): { readonly row: SigningKeyTable; readonly key: SigningKey }[] {
  const signing = rows.find((row) => row.withdrawn_at === null && row.signs_from <= now);
  return rows.map((row, index) => {
    // It signed until the next newer one began.
    const successor = rows.slice(0, index).findLast((newer) => newer.signs_from <= now);
    const until =
      row.withdrawn_at ??
      (successor === undefined ? undefined : successor.signs_from + lifetimes.idToken * 1000 + graceMs);
    const state =
      row === signing
        ? 'signing'
        : until !== undefined && until <= now
          ? 'withdrawn'
          : row.signs_from > now
            ? 'next'
            : 'retired';
    const { kid, created_at, signs_from } = row;
    return {
      row,
      key: {
        kid,
        state,
        createdAt: created_at,
        signsFrom: signs_from,
        publishedUntil: row === signing ? undefined : until,
      },
    };
  });
}

async function newKey(): Promise<JWK> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const jwk = privateKey.export({ format: 'jwk' });
  // RFC 7638.
  const thumbprint = createHash('sha256')
    .update(JSON.stringify({ e: jwk.e, kty: jwk.kty, n: jwk.n }))
    .digest('base64url');
  return { ...jwk, kid: thumbprint, use: 'sig', alg: 'RS256' } as JWK;
}

interface Sealing {
  close(text: string, context: string): string;
  open(sealed: string, context: string): string;
}

function sealContext(line: string, kid: string): string {
  return `${line} ${kid}`;
}

/** AES-256-GCM; what is sealed opens for its own line and kid only. */
function sealing(config: Pick<Config, 'secretKey'>): Sealing {
  const key = deriveKey(config.secretKey, 'oauth signing keys');
  return {
    close: (text, context) => seal(key, context, text),
    open: (sealed, context) => unseal(key, context, sealed),
  };
}
