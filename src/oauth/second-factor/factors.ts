// What a person proves beside their password: codes of an authenticator app, passkeys, and recovery codes for when those are
// lost. Secrets are kept sealed, recovery codes as digests. https://pages.nist.gov/800-63-4/sp800-63b.html
// Must never take one code or one recovery code twice, also when two requests come with it at once.
import { createHmac, randomInt, randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Config } from '../../config/config.ts';
import { deriveKey } from '../../config/derive-key.ts';
import type { Database } from '../../db/database.ts';
import type { FactorTable, OAuthTables } from '../schema.ts';
import { seal, unseal } from '../sealed-text.ts';
import { sealedSeconds } from '../sealed-ticket.ts';
import { tokenDigest } from '../token-digest.ts';
import { totpStep } from './totp.ts';

export interface Factor {
  readonly id: string;
  readonly kind: 'totp' | 'passkey';
  /** What the person calls it. */
  readonly name: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly usedAt: number | undefined;
}

export interface Passkey extends Factor {
  /** COSE, base64url. */
  readonly publicKey: string;
  readonly counter: number;
  readonly transports: readonly string[];
}

/** Of whom the factors are. */
export interface Owner {
  readonly line: string;
  readonly id: string;
}

export interface Factors {
  of(owner: Owner): Promise<Factor[]>;
  passkeysOf(owner: Owner): Promise<Passkey[]>;
  /** Of an authenticator app, once a code of it has shown that the app has the secret. False: the code is not of it. */
  addTotp(
    owner: Owner,
    app: { readonly name: string; readonly secret: string; readonly code: string },
  ): Promise<boolean>;
  /** False: they have it already. */
  addPasskey(owner: Owner, passkey: Omit<Passkey, 'kind' | 'createdAt' | 'usedAt'>): Promise<boolean>;
  remove(owner: Owner, id: string): Promise<void>;
  /** Whether it is a code, not used before, of one of the person's apps. */
  useTotp(owner: Owner, code: string): Promise<boolean>;
  /** A counter that did not grow is a copy of the passkey, where the passkey counts at all; a challenge is answered once. */
  usePasskey(
    owner: Owner,
    shown: { readonly id: string; readonly counter: number; readonly challenge: string },
  ): Promise<boolean>;
  /** Ten new ones, shown this once; the old ones are gone. */
  newRecoveryCodes(owner: Owner): Promise<string[]>;
  recoveryCodesLeft(owner: Owner): Promise<number>;
  useRecoveryCode(owner: Owner, code: string): Promise<boolean>;
  /** For whoever has lost all of them, after the plan has made sure who that is. */
  removeAll(owner: Owner): Promise<void>;
}

/** A person needs few; more are no use but to fill the table. */
const factorsAtMost = 20;
const recoveryCodes = 10;
/** Without letters and digits that look alike. */
const letters = 'abcdefghjkmnpqrstuvwxyz23456789';

export class TooManyFactors extends Error {
  override name = 'TooManyFactors';
}

export function createFactors(db: Database, config: Pick<Config, 'secretKey'>, clock: () => number): Factors {
  const kysely: Kysely<OAuthTables> = db.as<OAuthTables>();
  const sealKey = deriveKey(config.secretKey, 'second factors');
  const codeKey = deriveKey(config.secretKey, 'recovery codes');

  const rowsOf = ({ line, id }: Owner): Promise<FactorTable[]> =>
    kysely
      .selectFrom('oauth_factor')
      .selectAll()
      .where('line', '=', line)
      .where('account_id', '=', id)
      .orderBy('created_at')
      .execute();

  const add = async (
    owner: Owner,
    row: Omit<FactorTable, 'line' | 'account_id' | 'created_at' | 'used_at'>,
  ) => {
    if ((await rowsOf(owner)).length >= factorsAtMost) throw new TooManyFactors();
    const { numInsertedOrUpdatedRows } = await kysely
      .insertInto('oauth_factor')
      .values({ ...row, line: owner.line, account_id: owner.id, created_at: clock(), used_at: null })
      .onConflict((conflict) => conflict.columns(['line', 'account_id', 'id']).doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows === 1n;
  };

  /** In one statement, so that of two who come with the same only one is let in. */
  const advance = async (owner: Owner, factorId: string, counter: number): Promise<boolean> => {
    const { numUpdatedRows } = await kysely
      .updateTable('oauth_factor')
      .set({ counter, used_at: clock() })
      .where('line', '=', owner.line)
      .where('account_id', '=', owner.id)
      .where('id', '=', factorId)
      .where('counter', '<', counter)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  };

  /** Most passkeys do not count, and what they answered could be sent again: https://www.w3.org/TR/webauthn-3/#sctn-cryptographic-challenges */
  const spend = async (owner: Owner, challenge: string): Promise<boolean> => {
    const { numInsertedOrUpdatedRows } = await kysely
      .insertInto('oauth_record')
      .values({
        line: owner.line,
        kind: 'PasskeyChallenge',
        id_hash: tokenDigest(challenge),
        grant_id: null,
        uid_hash: null,
        client_id: null,
        scope: null,
        payload: '{}',
        // As long as the ticket that it is of.
        expires_at: clock() + sealedSeconds * 1000,
        consumed_at: null,
      })
      .onConflict((conflict) => conflict.columns(['line', 'kind', 'id_hash']).doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows === 1n;
  };

  const digest = ({ line, id }: Owner, code: string): string =>
    createHmac('sha256', codeKey)
      .update(`${line} ${id} ${code.toLowerCase().replaceAll(/[^a-z0-9]/g, '')}`)
      .digest('base64url');

  const contextOf = (owner: Owner, id: string) => `${owner.line} ${owner.id} ${id}`;

  return {
    async of(owner) {
      return (await rowsOf(owner)).map(toFactor);
    },

    async passkeysOf(owner) {
      const rows = (await rowsOf(owner)).filter((row) => row.kind === 'passkey');
      return rows.map((row) => ({
        ...toFactor(row),
        publicKey: unseal(sealKey, contextOf(owner, row.id), row.secret),
        counter: row.counter,
        transports: row.transports === '' ? [] : row.transports.split(' '),
      }));
    },

    async addTotp(owner, { name, secret, code }) {
      const step = totpStep(secret, code, clock());
      if (step === undefined) return false;
      const id = randomUUID();
      const sealed = seal(sealKey, contextOf(owner, id), secret);
      await add(owner, { id, kind: 'totp', name, secret: sealed, counter: step, transports: '' });
      return true;
    },

    async addPasskey(owner, { id, name, publicKey, counter, transports }) {
      const secret = seal(sealKey, contextOf(owner, id), publicKey);
      return add(owner, { id, kind: 'passkey', name, secret, counter, transports: transports.join(' ') });
    },

    async remove(owner, id) {
      await kysely
        .deleteFrom('oauth_factor')
        .where('line', '=', owner.line)
        .where('account_id', '=', owner.id)
        .where('id', '=', id)
        .execute();
    },

    async useTotp(owner, code) {
      for (const row of await rowsOf(owner)) {
        if (row.kind !== 'totp') continue;
        const step = totpStep(unseal(sealKey, contextOf(owner, row.id), row.secret), code, clock());
        if (step !== undefined) return advance(owner, row.id, step);
      }
      return false;
    },

    async usePasskey(owner, { id, counter, challenge }) {
      if (!(await spend(owner, challenge))) return false;
      if (counter > 0) return advance(owner, id, counter);
      const { numUpdatedRows } = await kysely
        .updateTable('oauth_factor')
        .set({ used_at: clock() })
        .where('line', '=', owner.line)
        .where('account_id', '=', owner.id)
        .where('id', '=', id)
        .where('counter', '=', 0)
        .executeTakeFirst();
      return numUpdatedRows === 1n;
    },

    async newRecoveryCodes(owner) {
      const codes = Array.from({ length: recoveryCodes }, newRecoveryCode);
      await kysely.transaction().execute(async (transaction) => {
        await transaction
          .deleteFrom('oauth_recovery_code')
          .where('line', '=', owner.line)
          .where('account_id', '=', owner.id)
          .execute();
        await transaction
          .insertInto('oauth_recovery_code')
          .values(
            codes.map((code) => ({ line: owner.line, account_id: owner.id, digest: digest(owner, code) })),
          )
          .execute();
      });
      return codes;
    },

    async recoveryCodesLeft(owner) {
      const { left } = await kysely
        .selectFrom('oauth_recovery_code')
        .select((of) => of.fn.countAll<number>().as('left'))
        .where('line', '=', owner.line)
        .where('account_id', '=', owner.id)
        .executeTakeFirstOrThrow();
      return Number(left);
    },

    async useRecoveryCode(owner, code) {
      const { numDeletedRows } = await kysely
        .deleteFrom('oauth_recovery_code')
        .where('line', '=', owner.line)
        .where('account_id', '=', owner.id)
        .where('digest', '=', digest(owner, code))
        .executeTakeFirst();
      return numDeletedRows === 1n;
    },

    async removeAll({ line, id }) {
      for (const table of ['oauth_factor', 'oauth_recovery_code'] as const)
        await kysely.deleteFrom(table).where('line', '=', line).where('account_id', '=', id).execute();
    },
  };
}

function toFactor({ id, kind, name, created_at, used_at }: FactorTable): Factor {
  return {
    id,
    kind: kind === 'passkey' ? 'passkey' : 'totp',
    name,
    createdAt: created_at,
    usedAt: used_at ?? undefined,
  };
}

/** 49 bits, as `kx3fd-9m2pq`. */
function newRecoveryCode(): string {
  const draw = () => Array.from({ length: 5 }, () => letters[randomInt(letters.length)]).join('');
  return `${draw()}-${draw()}`;
}
