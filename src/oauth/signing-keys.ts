// The RSA keys that sign ID Tokens, one set for each line, made at the first start and kept encrypted in SQL.
// https://openid.net/specs/openid-connect-core-1_0.html#Signing · processes that start together agree on one key:
// the row that got there first. The private part must never be written in the clear.
import { createHash, generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { JWK } from 'oidc-provider';
import type { Config } from '../config/config.ts';
import { deriveKey } from '../config/derive-key.ts';
import type { Database } from '../db/database.ts';
import type { OAuthTables } from './schema.ts';
import { seal, unseal } from './sealed-text.ts';

/** The line's keys, newest first: the first signs, all are published. */
export async function signingKeys(
  db: Database,
  config: Pick<Config, 'secretKey'>,
  line: string,
  now: number,
): Promise<JWK[]> {
  const key = deriveKey(config.secretKey, 'oauth signing keys');
  const kysely = db.as<OAuthTables>();
  const stored = () =>
    kysely
      .selectFrom('oauth_signing_key')
      .selectAll()
      .where('line', '=', line)
      .orderBy('generation', 'desc')
      .execute();
  let rows = await stored();
  if (rows.length === 0) {
    const jwk = await newKey();
    const kid = String(jwk.kid);
    await kysely
      .insertInto('oauth_signing_key')
      .values({
        line,
        generation: 1,
        kid,
        sealed: seal(key, `${line} ${kid}`, JSON.stringify(jwk)),
        created_at: now,
      })
      .onConflict((conflict) => conflict.columns(['line', 'generation']).doNothing())
      .execute();
    rows = await stored();
  }
  return rows.map((row) => JSON.parse(unseal(key, `${line} ${row.kid}`, row.sealed)) as JWK);
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
