// The tables of the authorization server. Everything but the client registry is kept per line of business:
// the line is the first column of every key, so a token, grant or session of one line does not exist in another.
// No column ever holds a value that a bearer could use: tokens, codes and session ids are stored as SHA-256.
import { sql } from 'kysely';
import type { SchemaChange } from '../db/migrate.ts';

/** State of the OAuth library: one row for each token, code, session, interaction, grant. */
export interface RecordTable {
  line: string;
  /** The library's model name: `AccessToken`, `Session`, … */
  kind: string;
  /** SHA-256 of the id, base64url. For opaque models the id is the bearer value. */
  id_hash: string;
  grant_id: string | null;
  uid_hash: string | null;
  client_id: string | null;
  scope: string | null;
  /** JSON without the id. */
  payload: string;
  /** Epoch milliseconds, as every time below. */
  expires_at: number;
  consumed_at: number | null;
}

/** What one person allowed one app: a row for each consent. Outlives its tokens, for the member to see. */
export interface ConnectionTable {
  grant_id: string;
  line: string;
  account_id: string;
  client_id: string;
  /** Patient ids, space-separated; the first is the `patient` of token answers. */
  patients: string;
  /** Relative reference of the person who signed in, when the app may know it. */
  fhir_user: string | null;
  scope: string;
  created_at: number;
  expires_at: number;
  revoked_at: number | null;
  /** Why it was ended, as `end-reasons` names it. */
  end_reason: string | null;
  /** Codes of the sensitive classes that were ticked, space-separated. */
  sensitive: string;
  /** JSON: what the person was shown and what they chose. */
  receipt: string | null;
}

/** Whom each connection is for, to be found by the person: a death or a disenrolment ends all of theirs. */
export interface ConnectionPatientTable {
  line: string;
  patient: string;
  grant_id: string;
}

export interface ClientTable {
  client_id: string;
  name: string;
  /** 1: no secret (RFC 6749 section 2.1). */
  is_public: number;
  /** JSON arrays. */
  redirect_uris: string;
  lines: string;
  /** Allow-list, space-separated; null: every supported scope. */
  scope: string | null;
  legacy_token: number;
  pkce_optional: number;
  /** JSON Web Key Set of a client that signs assertions (RFC 7523). */
  jwks: string | null;
  /** Where that set is read instead, so that the client can change its keys by itself. */
  jwks_uri: string | null;
  developer_id: string | null;
  /** Name of the authority that vouched for it when it registered itself. */
  verified_by: string | null;
  /** When its developer attested how it treats what it reads. */
  attested_at: number | null;
  created_at: number;
  disabled_at: number | null;
}

/** With which an operator lets apps register themselves. */
export interface InitialTokenTable {
  digest: string;
  note: string;
  uses_left: number;
  created_at: number;
  expires_at: number;
}

/** The token of an app for its own registration. */
export interface RegistrationTable {
  client_id: string;
  digest: string;
}

export interface ClientSecretTable {
  id: string;
  client_id: string;
  /** HMAC-SHA-256 under a key of the installation. */
  digest: string;
  created_at: number;
  expires_at: number | null;
}

export interface AccountTable {
  line: string;
  id: string;
  username: string;
  /** As compared: NFKC, lower case. */
  username_key: string;
  /** Empty for who signs in elsewhere. */
  password_hash: string;
  name: string;
  patient: string | null;
  created_at: number;
}

/** Whom the plan's identity provider vouches for, and the account that is theirs. */
export interface IdentityTable {
  line: string;
  issuer: string;
  subject: string;
  account_id: string;
  created_at: number;
}

/** What a person proves beside their password. */
export interface FactorTable {
  line: string;
  account_id: string;
  /** Of a passkey its credential id. */
  id: string;
  /** `totp` or `passkey`. */
  kind: string;
  name: string;
  /** Secret or public key, AES-256-GCM. */
  secret: string;
  /** The last step of a TOTP, or what the passkey counts: neither goes back. */
  counter: number;
  /** Of a passkey, space-separated. */
  transports: string;
  created_at: number;
  used_at: number | null;
}

export interface RecoveryCodeTable {
  line: string;
  account_id: string;
  /** HMAC-SHA-256 under a key of the installation. */
  digest: string;
}

/** For whom an account may act, by what right and until when. */
export interface AuthorityTable {
  line: string;
  account_id: string;
  patient: string;
  /** As `authorities` names it. */
  kind: string;
  /** What the plan relies on, for its own people: a court order's number, a form. */
  source: string;
  /** Id of the RelatedPerson that stands for the person in the patient's record. */
  related_person: string | null;
  starts_at: number;
  /** Null: until it is ended, or the patient comes of age. */
  ends_at: number | null;
  ended_at: number | null;
}

export interface SignInAttemptTable {
  line: string;
  /** `account` or `address`. */
  kind: string;
  key_hash: string;
  failures: number;
  updated_at: number;
  blocked_until: number;
}

export interface SigningKeyTable {
  line: string;
  generation: number;
  kid: string;
  /** Private JWK, AES-256-GCM. */
  sealed: string;
  created_at: number;
  /** Published before that, so that everybody has it by then. */
  signs_from: number;
  /** No longer published from then on; null: as long as an ID Token that it signed may live. */
  withdrawn_at: number | null;
}

export interface OAuthTables {
  oauth_record: RecordTable;
  oauth_connection: ConnectionTable;
  oauth_connection_patient: ConnectionPatientTable;
  oauth_client: ClientTable;
  oauth_client_secret: ClientSecretTable;
  oauth_initial_token: InitialTokenTable;
  oauth_registration: RegistrationTable;
  oauth_account: AccountTable;
  oauth_identity: IdentityTable;
  oauth_factor: FactorTable;
  oauth_recovery_code: RecoveryCodeTable;
  oauth_authority: AuthorityTable;
  oauth_sign_in_attempt: SignInAttemptTable;
  oauth_signing_key: SigningKeyTable;
}

export const oauthSchema: readonly SchemaChange[] = [
  {
    name: '0100-oauth',
    async up(db, dialect) {
      // SQLite keeps such a table in one tree ordered by its key: a look-up is one descent.
      const inKeyOrder = dialect === 'sqlite' ? sql`without rowid` : sql``;
      const run = (statement: ReturnType<typeof sql>) => statement.execute(db);
      await run(sql`create table oauth_record (
        line text not null, kind text not null, id_hash text not null,
        grant_id text, uid_hash text, client_id text, scope text,
        payload text not null, expires_at bigint not null, consumed_at bigint,
        primary key (line, kind, id_hash)) ${inKeyOrder}`);
      await run(sql`create index oauth_record_grant on oauth_record (grant_id) where grant_id is not null`);
      await run(
        sql`create index oauth_record_uid on oauth_record (line, kind, uid_hash) where uid_hash is not null`,
      );
      await run(sql`create index oauth_record_expiry on oauth_record (expires_at)`);
      await run(sql`create table oauth_connection (
        grant_id text not null primary key, line text not null, account_id text not null, client_id text not null,
        patients text not null, fhir_user text, scope text not null,
        created_at bigint not null, expires_at bigint not null, revoked_at bigint) ${inKeyOrder}`);
      await run(
        sql`create index oauth_connection_account on oauth_connection (line, account_id, created_at)`,
      );
      await run(sql`create index oauth_connection_client on oauth_connection (client_id, created_at)`);
      await run(sql`create table oauth_client (
        client_id text not null primary key, name text not null, is_public integer not null,
        redirect_uris text not null, lines text not null, scope text,
        legacy_token integer not null, pkce_optional integer not null, jwks text, developer_id text,
        created_at bigint not null, disabled_at bigint) ${inKeyOrder}`);
      await run(
        sql`create index oauth_client_developer on oauth_client (developer_id) where developer_id is not null`,
      );
      await run(sql`create table oauth_client_secret (
        id text not null primary key, client_id text not null references oauth_client (client_id) on delete cascade,
        digest text not null, created_at bigint not null, expires_at bigint) ${inKeyOrder}`);
      await run(sql`create index oauth_client_secret_client on oauth_client_secret (client_id)`);
      await run(sql`create table oauth_account (
        line text not null, id text not null, username text not null, username_key text not null,
        password_hash text not null, name text not null, patient text, acts_for text not null,
        created_at bigint not null, primary key (line, id), unique (line, username_key)) ${inKeyOrder}`);
      await run(sql`create table oauth_sign_in_attempt (
        line text not null, kind text not null, key_hash text not null, failures integer not null,
        updated_at bigint not null, blocked_until bigint not null,
        primary key (line, kind, key_hash)) ${inKeyOrder}`);
      await run(sql`create table oauth_signing_key (
        line text not null, generation integer not null, kid text not null, sealed text not null,
        created_at bigint not null, primary key (line, generation)) ${inKeyOrder}`);
    },
  },
  {
    name: '0440-consent',
    async up(db, dialect) {
      const inKeyOrder = dialect === 'sqlite' ? sql`without rowid` : sql``;
      await sql`alter table oauth_connection add column end_reason text`.execute(db);
      await sql`alter table oauth_connection add column sensitive text not null default ''`.execute(db);
      await sql`alter table oauth_connection add column receipt text`.execute(db);
      await sql`create table oauth_connection_patient (
        line text not null, patient text not null, grant_id text not null references oauth_connection (grant_id) on delete cascade,
        primary key (line, patient, grant_id)) ${inKeyOrder}`.execute(db);
      await sql`create index oauth_connection_patient_grant on oauth_connection_patient (grant_id)`.execute(
        db,
      );
      // Before this a connection was for one person.
      await sql`insert into oauth_connection_patient (line, patient, grant_id)
        select line, patients, grant_id from oauth_connection where patients not like '% %'`.execute(db);
    },
  },
  {
    name: '0450-authorities',
    async up(db, dialect) {
      const inKeyOrder = dialect === 'sqlite' ? sql`without rowid` : sql``;
      await sql`create table oauth_authority (
        line text not null, account_id text not null, patient text not null, kind text not null, source text not null,
        related_person text, starts_at bigint not null, ends_at bigint, ended_at bigint,
        primary key (line, account_id, patient)) ${inKeyOrder}`.execute(db);
      await sql`create index oauth_authority_patient on oauth_authority (line, patient)`.execute(db);
      const { rows } = await sql<{ line: string; id: string; acts_for: string; created_at: number }>`
        select line, id, acts_for, created_at from oauth_account where acts_for <> ''`.execute(db);
      for (const { line, id, acts_for, created_at } of rows)
        for (const patient of new Set(acts_for.split(' ')))
          await sql`insert into oauth_authority (line, account_id, patient, kind, source, starts_at)
            values (${line}, ${id}, ${patient}, 'representative', '', ${created_at})`.execute(db);
      await sql`alter table oauth_account drop column acts_for`.execute(db);
    },
  },
  {
    name: '0470-factors',
    async up(db, dialect) {
      const inKeyOrder = dialect === 'sqlite' ? sql`without rowid` : sql``;
      await sql`create table oauth_factor (
        line text not null, account_id text not null, id text not null, kind text not null, name text not null,
        secret text not null, counter bigint not null, transports text not null,
        created_at bigint not null, used_at bigint, primary key (line, account_id, id)) ${inKeyOrder}`.execute(
        db,
      );
      await sql`create table oauth_recovery_code (
        line text not null, account_id text not null, digest text not null,
        primary key (line, account_id, digest)) ${inKeyOrder}`.execute(db);
    },
  },
  {
    name: '0480-identity',
    async up(db, dialect) {
      const inKeyOrder = dialect === 'sqlite' ? sql`without rowid` : sql``;
      await sql`create table oauth_identity (
        line text not null, issuer text not null, subject text not null, account_id text not null,
        created_at bigint not null, primary key (line, issuer, subject)) ${inKeyOrder}`.execute(db);
      await sql`create index oauth_identity_account on oauth_identity (line, account_id)`.execute(db);
    },
  },
  {
    name: '0490-registration',
    async up(db, dialect) {
      const inKeyOrder = dialect === 'sqlite' ? sql`without rowid` : sql``;
      await sql`alter table oauth_client add column verified_by text`.execute(db);
      await sql`create table oauth_initial_token (
        digest text not null primary key, note text not null, uses_left integer not null,
        created_at bigint not null, expires_at bigint not null) ${inKeyOrder}`.execute(db);
      await sql`create table oauth_registration (
        client_id text not null primary key references oauth_client (client_id) on delete cascade,
        digest text not null) ${inKeyOrder}`.execute(db);
    },
  },
  {
    name: '0460-clients',
    async up(db) {
      await sql`alter table oauth_client add column jwks_uri text`.execute(db);
      await sql`alter table oauth_signing_key add column signs_from bigint not null default 0`.execute(db);
      await sql`alter table oauth_signing_key add column withdrawn_at bigint`.execute(db);
      await sql`update oauth_signing_key set signs_from = created_at`.execute(db);
    },
  },
  {
    name: '0510-attestation',
    async up(db) {
      await sql`alter table oauth_client add column attested_at bigint`.execute(db);
    },
  },
];
