// Brings the schema up to date: each change is one object with both dialects inside, applied once, in order,
// inside a transaction, by one process at a time.
import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import type { Database, DialectName } from './database.ts';

export interface SchemaChange {
  /** Sorts by name: `0001-resources`. Never renamed, never edited once released. */
  readonly name: string;
  up(db: Kysely<unknown>, dialect: DialectName): Promise<void>;
}

/** Applies what is missing and answers the names applied now. */
export async function migrate(database: Database, changes: readonly SchemaChange[]): Promise<string[]> {
  const migrations: Record<string, Migration> = {};
  for (const change of changes) {
    if (migrations[change.name] !== undefined) throw new Error(`two schema changes are named ${change.name}`);
    migrations[change.name] = { up: (db) => change.up(db as Kysely<unknown>, database.dialect) };
  }
  const migrator = new Migrator({
    db: database.as<Record<never, never>>(),
    provider: { getMigrations: async () => migrations },
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
  return (results ?? [])
    .filter((result) => result.status === 'Success')
    .map((result) => result.migrationName);
}
