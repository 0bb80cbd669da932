// The tables of the portals: developers who registered, their sign-ins, and those at the members' own pages.
// Session and password are stored as digests only.
import { sql } from 'kysely';
import type { SchemaChange } from '../db/migrate.ts';

export interface DeveloperTable {
  id: string;
  email: string;
  /** As compared: lower case. */
  email_key: string;
  name: string;
  password_hash: string;
  /** Epoch milliseconds, as every time below. */
  created_at: number;
}

/** Who is signed in at a page of ours. */
export interface BrowserSessionTable {
  /** `developer`, or the members' pages of a line: `member cco`. */
  area: string;
  /** SHA-256 of the cookie's value. */
  id_hash: string;
  /** Id of the developer or account. */
  subject: string;
  expires_at: number;
}

export interface PortalTables {
  portal_developer: DeveloperTable;
  portal_browser_session: BrowserSessionTable;
}

export const portalSchema: readonly SchemaChange[] = [
  {
    name: '0200-developer-portal',
    async up(db) {
      const run = (statement: ReturnType<typeof sql>) => statement.execute(db);
      await run(sql`create table portal_developer (
        id text not null primary key, email text not null, email_key text not null unique, name text not null,
        password_hash text not null, created_at bigint not null)`);
      await run(sql`create table portal_session (
        id_hash text not null primary key,
        developer_id text not null references portal_developer (id) on delete cascade, expires_at bigint not null)`);
      await run(sql`create index portal_session_expiry on portal_session (expires_at)`);
    },
  },
  {
    // After the sandbox's: a new change must sort behind all that a database may already have.
    name: '0310-member-session',
    async up(db) {
      const run = (statement: ReturnType<typeof sql>) => statement.execute(db);
      await run(sql`create table portal_member_session (
        line text not null, id_hash text not null, account_id text not null, expires_at bigint not null,
        primary key (line, id_hash))`);
      await run(sql`create index portal_member_session_expiry on portal_member_session (expires_at)`);
    },
  },
  {
    name: '0455-browser-session',
    async up(db) {
      await sql`create table portal_browser_session (
        area text not null, id_hash text not null, subject text not null, expires_at bigint not null,
        primary key (area, id_hash))`.execute(db);
      await sql`create index portal_browser_session_expiry on portal_browser_session (expires_at)`.execute(
        db,
      );
      await sql`insert into portal_browser_session (area, id_hash, subject, expires_at)
        select 'developer', id_hash, developer_id, expires_at from portal_session`.execute(db);
      await sql`insert into portal_browser_session (area, id_hash, subject, expires_at)
        select 'member ' || line, id_hash, account_id, expires_at from portal_member_session`.execute(db);
      await sql`drop table portal_session`.execute(db);
      await sql`drop table portal_member_session`.execute(db);
    },
  },
];
