// The people who can sign in at a line's portal, and whose records they may share. Passwords are checked here in
// the sandbox and for plans without an identity provider of their own.
// Must never tell an unknown user name from a wrong password, in words or in time.
import { randomUUID } from 'node:crypto';
import type { Database } from '../db/database.ts';
import { connectionsOf, revokeGrant } from './connections.ts';
import { hashPassword, verifyAbsent, verifyPassword } from './password-hash.ts';
import type { AccountTable, OAuthTables } from './schema.ts';
import { createSignInThrottle } from './sign-in-throttle.ts';

export interface Account {
  readonly line: string;
  /** Random; the `sub` of ID Tokens. Never the member's id. */
  readonly id: string;
  readonly username: string;
  readonly name: string;
  /** Their own Patient id, when they are a member themselves. */
  readonly patient: string | undefined;
  /** Patient ids of the people they act for. */
  readonly actsFor: readonly string[];
}

export interface NewAccount {
  readonly line: string;
  readonly username: string;
  readonly password: string;
  readonly patient: string | null;
  readonly name: string;
  readonly actsFor: readonly string[];
}

export type SignIn =
  | { readonly kind: 'accepted'; readonly account: Account }
  | { readonly kind: 'refused' }
  /** Too many failures; nothing was checked. */
  | { readonly kind: 'blocked'; readonly retryAfterSeconds: number };

export interface Accounts {
  /** Makes the account or brings it up to date; the password is hashed only when it is new. */
  create(account: NewAccount): Promise<Account>;
  find(line: string, id: string): Promise<Account | undefined>;
  findByUsername(line: string, username: string): Promise<Account | undefined>;
  /** By user name. */
  list(line: string): Promise<Account[]>;
  /** Ends whatever the account granted, and the account. */
  remove(account: Account): Promise<void>;
  verify(line: string, username: string, password: string, address?: string): Promise<SignIn>;
}

/** A FHIR id: https://hl7.org/fhir/R4/datatypes.html#id */
const patientId = /^[A-Za-z0-9\-.]{1,64}$/;

export function createAccounts(db: Database, clock: () => number): Accounts {
  const kysely = db.as<OAuthTables>();
  const throttle = createSignInThrottle(db, clock);

  const byUsername = async (line: string, username: string) =>
    // No name has it, and PostgreSQL refuses it.
    username.includes('\0')
      ? undefined
      : kysely
          .selectFrom('oauth_account')
          .selectAll()
          .where('line', '=', line)
          .where('username_key', '=', usernameKey(username))
          .executeTakeFirst();

  return {
    async create({ line, username, password, patient, name, actsFor }) {
      for (const id of [...(patient === null ? [] : [patient]), ...actsFor]) {
        if (!patientId.test(id))
          throw new RangeError(`account ${username}: ${JSON.stringify(id)} is not a FHIR id`);
      }
      const known = await byUsername(line, username);
      const unchanged =
        known !== undefined &&
        known.password_hash !== '' &&
        (await verifyPassword(known.password_hash, password));
      const row: AccountTable = {
        line,
        id: known?.id ?? randomUUID(),
        username,
        username_key: usernameKey(username),
        password_hash: unchanged ? known.password_hash : await hashPassword(password),
        name,
        patient,
        acts_for: actsFor.join(' '),
        created_at: known?.created_at ?? clock(),
      };
      await kysely
        .insertInto('oauth_account')
        .values(row)
        .onConflict((conflict) =>
          conflict.columns(['line', 'username_key']).doUpdateSet({
            username: row.username,
            password_hash: row.password_hash,
            name: row.name,
            patient: row.patient,
            acts_for: row.acts_for,
          }),
        )
        .execute();
      const stored = await byUsername(line, username);
      return toAccount(stored ?? row);
    },

    async find(line, id) {
      const row = await kysely
        .selectFrom('oauth_account')
        .selectAll()
        .where('line', '=', line)
        .where('id', '=', id)
        .executeTakeFirst();
      return row === undefined ? undefined : toAccount(row);
    },

    async findByUsername(line, username) {
      const row = await byUsername(line, username);
      return row === undefined ? undefined : toAccount(row);
    },

    async list(line) {
      const rows = await kysely
        .selectFrom('oauth_account')
        .selectAll()
        .where('line', '=', line)
        .orderBy('username_key')
        .execute();
      return rows.map(toAccount);
    },

    async remove({ line, id }) {
      for (const connection of await connectionsOf(kysely, line, id)) {
        await revokeGrant(kysely, { line, grantId: connection.grantId, now: clock() });
      }
      await kysely
        .deleteFrom('oauth_identity')
        .where('line', '=', line)
        .where('account_id', '=', id)
        .execute();
      await kysely.deleteFrom('oauth_account').where('line', '=', line).where('id', '=', id).execute();
    },

    async verify(line, username, password, address = '') {
      const source = { line, usernameKey: usernameKey(username), address };
      const wait = await throttle.attempt(source);
      if (wait > 0) return { kind: 'blocked', retryAfterSeconds: wait };
      const row = await byUsername(line, username);
      const right =
        row === undefined || row.password_hash === ''
          ? await verifyAbsent(password)
          : await verifyPassword(row.password_hash, password);
      if (!right || row === undefined) return { kind: 'refused' };
      await throttle.succeeded(source);
      return { kind: 'accepted', account: toAccount(row) };
    },
  };
}

/** The patients somebody may share, themselves first. */
export function sharablePatients(account: Account): string[] {
  return [...new Set([...(account.patient === undefined ? [] : [account.patient]), ...account.actsFor])];
}

function usernameKey(username: string): string {
  return username.trim().normalize('NFKC').toLowerCase();
}

function toAccount(row: AccountTable): Account {
  return {
    line: row.line,
    id: row.id,
    username: row.username,
    name: row.name,
    patient: row.patient ?? undefined,
    actsFor: row.acts_for === '' ? [] : row.acts_for.split(' '),
  };
}
