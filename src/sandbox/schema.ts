// What the sandbox remembers: which generation of records each line holds, and the sample app's own credentials, which
// it keeps as any app keeps its own.
import { sql } from 'kysely';
import type { SchemaChange } from '../db/migrate.ts';

export interface SandboxTables {
  sandbox_generation: { line: string; generation: string };
  sandbox_app: { name: string; client_id: string; client_secret: string; redirect_uri: string };
}

export const sandboxSchema: readonly SchemaChange[] = [
  {
    name: '0300-sandbox',
    async up(db) {
      await sql`create table sandbox_generation (line text not null primary key, generation text not null)`.execute(
        db,
      );
      await sql`create table sandbox_app (name text not null primary key, client_id text not null, client_secret text not null,
        redirect_uri text not null)`.execute(db);
    },
  },
];
