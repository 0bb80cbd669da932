// Developers who registered at the portal. A payer counts as a developer.
// Must never store a password in the clear.
import { randomUUID } from 'node:crypto';
import type { Database } from '../db/database.ts';
import { hashPassword, verifyAbsent, verifyPassword } from '../oauth/password-hash.ts';
import { createSignInThrottle } from '../oauth/sign-in-throttle.ts';
import type { DeveloperTable, PortalTables } from './schema.ts';

export interface Developer {
  readonly id: string;
  readonly email: string;
  readonly name: string;
}

export type DeveloperSignIn =
  | { readonly kind: 'accepted'; readonly developer: Developer }
  | { readonly kind: 'refused' }
  | { readonly kind: 'blocked'; readonly retryAfterSeconds: number };

export type DeveloperSignUp =
  | { readonly kind: 'created'; readonly developer: Developer }
  /** There is an account of this e-mail address. */
  | { readonly kind: 'taken' }
  /** Too many from one address; nothing was made. */
  | { readonly kind: 'blocked'; readonly retryAfterSeconds: number };

export interface Developers {
  signUp(
    developer: { readonly email: string; readonly name: string; readonly password: string },
    address: string,
  ): Promise<DeveloperSignUp>;
  verify(email: string, password: string, address: string): Promise<DeveloperSignIn>;
  find(id: string): Promise<Developer | undefined>;
}

/** Stands for the portal where sign-in attempts are counted by line; no line can have this id. */
const portalLine = '~developer';
/** Sign-ups are counted apart, and each counts: hashing its password costs as much as a guess. */
const signUpLine = '~developer-sign-up';

export function createDevelopers(db: Database, clock: () => number): Developers {
  const kysely = db.as<PortalTables>();
  const throttle = createSignInThrottle(db, clock);

  return {
    async signUp({ email, name, password }, address) {
      const wait = await throttle.attempt({ line: signUpLine, usernameKey: emailKey(email), address });
      if (wait > 0) return { kind: 'blocked', retryAfterSeconds: wait };
      const row: DeveloperTable = {
        id: randomUUID(),
        email,
        email_key: emailKey(email),
        name,
        password_hash: await hashPassword(password),
        created_at: clock(),
      };
      const { numInsertedOrUpdatedRows } = await kysely
        .insertInto('portal_developer')
        .values(row)
        .onConflict((conflict) => conflict.column('email_key').doNothing())
        .executeTakeFirst();
      return Number(numInsertedOrUpdatedRows) === 0
        ? { kind: 'taken' }
        : { kind: 'created', developer: toDeveloper(row) };
    },

    async verify(email, password, address) {
      const source = { line: portalLine, usernameKey: emailKey(email), address };
      const wait = await throttle.attempt(source);
      if (wait > 0) return { kind: 'blocked', retryAfterSeconds: wait };
      // No address has it, and PostgreSQL refuses it.
      const row = email.includes('\0')
        ? undefined
        : await kysely
            .selectFrom('portal_developer')
            .selectAll()
            .where('email_key', '=', emailKey(email))
            .executeTakeFirst();
      const right =
        row === undefined ? await verifyAbsent(password) : await verifyPassword(row.password_hash, password);
      if (!right || row === undefined) return { kind: 'refused' };
      await throttle.succeeded(source);
      return { kind: 'accepted', developer: toDeveloper(row) };
    },

    async find(id) {
      const row = await kysely
        .selectFrom('portal_developer')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst();
      return row === undefined ? undefined : toDeveloper(row);
    },
  };
}

function emailKey(email: string): string {
  return email.trim().normalize('NFKC').toLowerCase();
}

function toDeveloper(row: DeveloperTable): Developer {
  return { id: row.id, email: row.email, name: row.name };
}
