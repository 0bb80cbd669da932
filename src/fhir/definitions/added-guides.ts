// Guides that an operator added (`portico ig add`): their facts stand in the database, so that every process has the same.
import { sql } from 'kysely';
import type { Database } from '../../db/database.ts';
import type { SchemaChange } from '../../db/migrate.ts';
import type { GuideDemands } from './guide-demands.ts';
import type { GuideFacts } from './guide-facts.ts';

/** All that is known of one guide. */
export interface AddedGuide {
  /** What it asks of a server. */
  readonly demands: GuideDemands;
  /** What it asks of resources. */
  readonly facts: GuideFacts;
}

interface GuideTable {
  name: string;
  version: string;
  /** Counts up: a later guide is read after the earlier ones that it may build on. */
  position: number;
  /** AddedGuide as JSON. */
  content: string;
}

interface GuideTables {
  guide: GuideTable;
}

export const guideSchema: readonly SchemaChange[] = [
  {
    name: '0420-guides',
    async up(db, dialect) {
      const text = dialect === 'sqlite' ? 'text' : 'text collate "C"';
      await sql
        .raw(
          `create table guide (name ${text} not null, version ${text} not null, position integer not null,
            content ${text} not null, primary key (name, version))`,
        )
        .execute(db);
    },
  },
];

export async function addedGuides(db: Database): Promise<AddedGuide[]> {
  const rows = await db.as<GuideTables>().selectFrom('guide').select('content').orderBy('position').execute();
  return rows.map((row) => JSON.parse(row.content) as AddedGuide);
}

/** One of the same name and version is replaced, in its place. */
export async function keepGuide(db: Database, guide: AddedGuide): Promise<void> {
  const tables = db.as<GuideTables>();
  const { name, version } = guide.facts;
  await tables
    .insertInto('guide')
    .values({
      name,
      version,
      position: sql<number>`(select coalesce(max(position), 0) + 1 from guide)`,
      content: JSON.stringify(guide),
    })
    .onConflict((conflict) =>
      conflict.columns(['name', 'version']).doUpdateSet({ content: (row) => row.ref('excluded.content') }),
    )
    .execute();
}

/** @returns whether there was such a guide */
export async function dropGuide(db: Database, name: string, version: string): Promise<boolean> {
  const gone = await db
    .as<GuideTables>()
    .deleteFrom('guide')
    .where('name', '=', name)
    .where('version', '=', version)
    .executeTakeFirst();
  return gone.numDeletedRows > 0n;
}
