// The people who can sign in at a line's portal, and whose records they may share. Passwords are checked here in
// the sandbox and for plans without an identity provider of their own.
// Must never tell an unknown user name from a wrong password, in words or in time.
import { randomUUID } from 'node:crypto';
import type { Database } from '../db/database.ts';
import {
  type Authority,
  type AuthorityKind,
  authoritiesOf,
  birthday,
  endAuthority,
  giveAuthority,
  kindsOfMinors,
  type NewAuthority,
} from './authorities.ts';
import { endConnections } from './connections.ts';
import { endSignIns } from './end-sign-ins.ts';
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
  /** False for who signs in at the plan's identity provider. */
  readonly hasPassword: boolean;
}

/** Somebody whose record a person may share. */
export interface Sharable {
  readonly patient: string;
  readonly self: boolean;
  /** By what right, for another. */
  readonly kind: AuthorityKind | undefined;
  readonly relatedPerson: string | undefined;
  /** Epoch milliseconds: the end of that right, or when the patient comes of age. */
  readonly until: number | undefined;
  /** Until then they are a child whose sensitive records those who act for it may share as well; undefined: no child. */
  readonly childUntil: number | undefined;
}

/** What is asked of the plan's records. */
export interface AccountOptions {
  /** FHIR date of a Patient of a line. */
  readonly birthDateOf?: ((line: string, patient: string) => Promise<string | undefined>) | undefined;
  /** Years. */
  readonly adultAge?: number | undefined;
  readonly adolescentAge?: number | undefined;
}

export interface NewAccount {
  readonly line: string;
  readonly username: string;
  readonly password: string;
  readonly patient: string | null;
  readonly name: string;
  /** All for whom they may act; whoever else they acted for, they no longer do. */
  readonly actsFor: readonly (string | NewAuthority)[];
}

export type SignIn =
  | { readonly kind: 'accepted'; readonly account: Account }
  | { readonly kind: 'refused' }
  /** Too many failures; nothing was checked. */
  | { readonly kind: 'blocked'; readonly retryAfterSeconds: number };

export interface Accounts {
  /**
   * Makes the account or brings it up to date; the password is hashed only when it is new. For whom they may no longer
   * act, what they granted has ended.
   */
  create(account: NewAccount): Promise<Account>;
  find(line: string, id: string): Promise<Account | undefined>;
  findByUsername(line: string, username: string): Promise<Account | undefined>;
  /** For an operator: also who signs in at the plan's identity provider, as it calls them, and by the account's id. */
  named(line: string, name: string): Promise<Account[]>;
  /** By user name. */
  list(line: string): Promise<Account[]>;
  /** For whom they may act, by rights that are in force. */
  authorities(account: Account): Promise<Authority[]>;
  /** Whose records they may share, themselves first. */
  sharable(account: Account): Promise<Sharable[]>;
  giveAuthority(account: Account, authority: NewAuthority): Promise<void>;
  /** Answers how many connections ended with it. */
  endAuthority(account: Account, patient: string): Promise<number>;
  /** Ends whatever the account granted, and the account. */
  remove(account: Account): Promise<void>;
  verify(line: string, username: string, password: string, address?: string): Promise<SignIn>;
  /** Why a password cannot be taken: it is too short, too long, or easy to guess. */
  passwordProblem(account: Account, password: string): 'short' | 'long' | 'easy' | undefined;
  /** Whoever is signed in as the account, to answer an app, has to sign in anew. */
  setPassword(account: Account, password: string): Promise<void>;
}

/** NIST SP 800-63B section 5.1.1: long rather than of many kinds of signs. */
export const shortestPassword = 12;
export const longestPassword = 1000;

/** A FHIR id: https://hl7.org/fhir/R4/datatypes.html#id */
const patientId = /^[A-Za-z0-9\-.]{1,64}$/;

export function createAccounts(
  db: Database,
  clock: () => number,
  { birthDateOf = async () => undefined, adultAge = 18, adolescentAge = 14 }: AccountOptions = {},
): Accounts {
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

  const ofAnother = async (line: string, authority: Authority): Promise<Sharable> => {
    const birthDate = await birthDateOf(line, authority.patient);
    const ofAge = birthDate === undefined ? undefined : birthday(birthDate, adultAge);
    const isOfMinor = kindsOfMinors.includes(authority.kind);
    // Of whose age nothing is known a parent or guardian shares what they may of an adolescent.
    const adolescence =
      birthDate !== undefined && ofAge !== undefined ? birthday(birthDate, adolescentAge) : 0;
    const isMinor = ofAge === undefined ? isOfMinor : ofAge > clock();
    return {
      patient: authority.patient,
      self: false,
      kind: authority.kind,
      relatedPerson: authority.relatedPerson,
      until: earliest(authority.endsAt, isOfMinor ? ofAge : undefined),
      childUntil: isMinor ? adolescence : undefined,
    };
  };

  return {
    async create({ line, username, password, patient, name, actsFor }) {
      const authorities = actsFor.map((one) => (typeof one === 'string' ? { patient: one } : one));
      for (const id of [...(patient === null ? [] : [patient]), ...authorities.map((one) => one.patient)]) {
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
          }),
        )
        .execute();
      const stored = (await byUsername(line, username)) ?? row;
      const whose = { line, accountId: stored.id, now: clock() };
      for (const { patient: former } of await authoritiesOf(kysely, whose))
        if (!authorities.some((one) => one.patient === former))
          await endAuthority(kysely, { ...whose, patient: former });
      for (const authority of authorities) await giveAuthority(kysely, whose, authority);
      const former = known?.patient ?? undefined;
      if (former !== undefined && former !== patient && !authorities.some((one) => one.patient === former))
        await endConnections(kysely, { ...whose, patient: former }, { now: whose.now, reason: 'authority' });
      return toAccount(stored);
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

    async named(line, name) {
      const rows = await kysely
        .selectFrom('oauth_account')
        .selectAll()
        .where('line', '=', line)
        .where((where) =>
          where.or([
            where('username_key', '=', usernameKey(name)),
            where('username', '=', name),
            where('id', '=', name),
          ]),
        )
        .orderBy('created_at')
        .execute();
      return rows.map(toAccount);
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

    authorities({ line, id }) {
      return authoritiesOf(kysely, { line, accountId: id, now: clock() });
    },

    async sharable(account) {
      const whose = { line: account.line, accountId: account.id, now: clock() };
      const others = (await authoritiesOf(kysely, whose)).filter(
        ({ patient }) => patient !== account.patient,
      );
      const found = await Promise.all(others.map((authority) => ofAnother(account.line, authority)));
      const now = clock();
      return [
        ...(account.patient === undefined ? [] : [themselves(account.patient)]),
        ...found.filter(({ until }) => until === undefined || until > now),
      ];
    },

    async giveAuthority({ line, id }, authority) {
      if (!patientId.test(authority.patient))
        throw new RangeError(`${JSON.stringify(authority.patient)} is not a FHIR id`);
      await giveAuthority(kysely, { line, accountId: id, now: clock() }, authority);
    },

    endAuthority({ line, id }, patient) {
      return endAuthority(kysely, { line, accountId: id, now: clock(), patient });
    },

    async remove({ line, id }) {
      await endConnections(kysely, { line, accountId: id }, { now: clock(), reason: 'account' });
      for (const table of [
        'oauth_authority',
        'oauth_identity',
        'oauth_factor',
        'oauth_recovery_code',
      ] as const)
        await kysely.deleteFrom(table).where('line', '=', line).where('account_id', '=', id).execute();
      await kysely.deleteFrom('oauth_account').where('line', '=', line).where('id', '=', id).execute();
    },

    passwordProblem({ username }, password) {
      if (password.length < shortestPassword) return 'short';
      if (password.length > longestPassword) return 'long';
      const plain = usernameKey(password);
      return plain.includes(usernameKey(username)) || new Set(plain).size < 5 ? 'easy' : undefined;
    },

    async setPassword({ line, id }, password) {
      await kysely
        .updateTable('oauth_account')
        .set({ password_hash: await hashPassword(password) })
        .where('line', '=', line)
        .where('id', '=', id)
        .where('password_hash', '<>', '')
        .execute();
      await endSignIns(kysely, { line, accountId: id });
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

function toAccount(row: AccountTable): Account {
  return {
    line: row.line,
    id: row.id,
    username: row.username,
    name: row.name,
    patient: row.patient ?? undefined,
    hasPassword: row.password_hash !== '',
  };
}

function themselves(patient: string): Sharable {
  return {
    patient,
    self: true,
    kind: undefined,
    relatedPerson: undefined,
    until: undefined,
    childUntil: undefined,
  };
}

function usernameKey(username: string): string {
  return username.trim().normalize('NFKC').toLowerCase();
}

function earliest(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
