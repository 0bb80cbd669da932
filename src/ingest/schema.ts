// The journal of imports: how far each file got, written in the same transaction as the resources, so that a killed
// import goes on where it was.
import { sql } from 'kysely';
import type { SchemaChange } from '../db/migrate.ts';

export interface ImportFileTable {
  line: string;
  path: string;
  /** Size and time of the file's last change. */
  identity: string;
  /** Resources and deletions that are in the database, from the start of the file. */
  items_done: number;
}

/** Who has died or left and is still to be told of. */
export interface MemberLeftTable {
  line: string;
  patient: string;
  reason: 'deceased' | 'disenrolled';
}

export interface IngestTables {
  import_file: ImportFileTable;
  member_left: MemberLeftTable;
}

export const ingestSchema: readonly SchemaChange[] = [
  {
    name: '0050-import-journal',
    async up(db, dialect) {
      const text = dialect === 'sqlite' ? 'text' : 'text collate "C"';
      await sql
        .raw(`create table import_file (line ${text} not null, path ${text} not null, identity ${text} not null,
          items_done bigint not null, primary key (line, path))`)
        .execute(db);
    },
  },
  {
    name: '0500-member-left',
    async up(db, dialect) {
      const text = dialect === 'sqlite' ? 'text' : 'text collate "C"';
      await sql
        .raw(`create table member_left (line ${text} not null, patient ${text} not null, reason ${text} not null,
          primary key (line, patient))`)
        .execute(db);
    },
  },
];
