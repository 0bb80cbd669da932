// Indexes anew what is indexed by other rules than those of the program: type after type, in batches of one transaction each
// that also notes how far it got, so that it goes on where it was killed and disturbs neither reads nor writes.
// While it is under way the index tables have an index by key, for no one can compute what older rules made of a resource.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Database } from '../../db/database.ts';
import { indexAgain } from './index-again.ts';
import { keyedTables } from './index-rows.ts';
import { type IndexRules, placementOf } from './index-rules.ts';
import { placeWhatWas } from './place-what-was.ts';
import type { ResourceTables } from './schema.ts';
import { moveAlong } from './settle-waiting.ts';
import type { StoreContext } from './store-context.ts';

export interface ReindexOptions {
  /** Also what is indexed by these rules. */
  readonly all?: boolean;
  /** Called after each batch. */
  readonly onProgress?: (type: string, resources: number) => void;
}

/** Resources of each type that were indexed anew; types without any are left out. */
export type Reindexed = Readonly<Record<string, number>>;

export type InTransaction = <T>(
  line: string,
  work: (context: StoreContext, trx: Transaction<ResourceTables>) => Promise<T>,
) => Promise<T>;

const batchSize = 200;

/** Types some of whose resources may be indexed by other rules. */
export async function outdatedTypes(db: Kysely<ResourceTables>, rules: IndexRules): Promise<Set<string>> {
  const digests = await storedDigests(db);
  return new Set([...rules].filter(([type, digest]) => digests.get(type) !== digest).map(([type]) => type));
}

/** Types some of whose resources may be where other rules have placed them: in whose sight is not known. */
export async function unplacedTypes(db: Kysely<ResourceTables>, rules: IndexRules): Promise<Set<string>> {
  const digests = await storedDigests(db);
  const isPlaced = (type: string, digest: string) =>
    placementOf(digests.get(type) ?? '') === placementOf(digest);
  return new Set([...rules].filter(([type, digest]) => !isPlaced(type, digest)).map(([type]) => type));
}

async function storedDigests(db: Kysely<ResourceTables>): Promise<ReadonlyMap<string, string>> {
  const rows = await db.selectFrom('index_rules').select(['type', 'digest']).execute();
  return new Map(rows.map(({ type, digest }) => [type, digest]));
}

/** A database without resources has none of other rules. */
export async function noteFreshIndex(db: Database, rules: IndexRules): Promise<void> {
  const tables = db.as<ResourceTables>();
  const known = await tables.selectFrom('index_rules').select('type').limit(1).execute();
  if (known.length > 0) return;
  await tables.transaction().execute(async (trx) => {
    const resources = await trx.selectFrom('resource').select('key').limit(1).execute();
    if (resources.length > 0) return;
    const rows = [...rules].map(([type, digest]) => ({ type, digest, target: digest, line: '', id: '' }));
    await trx
      .insertInto('index_rules')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  });
}

export async function reindex(
  db: Database,
  rules: IndexRules,
  inTransaction: InTransaction,
  { all = false, onProgress }: ReindexOptions,
): Promise<Reindexed> {
  const tables = db.as<ResourceTables>();
  const types = all ? new Set(rules.keys()) : await outdatedTypes(tables, rules);
  if (types.size === 0) return {};
  await begin(tables, rules, types, all);
  const scopes = tables.selectFrom('scope').select('line').distinct().where('line', '<>', '');
  const lines = await scopes.orderBy('line').execute();
  const some = await tables
    .selectFrom('resource')
    .select('key')
    .where('line', 'in', scopes)
    .where('type', 'in', [...types])
    .limit(1)
    .execute();
  if (some.length > 0) await addKeyIndexes(db);
  const done: Record<string, number> = {};
  for (const type of inOrder(types)) {
    for (;;) {
      const count = await nextBatch(
        tables,
        rules,
        inTransaction,
        type,
        lines.map(({ line }) => line),
      );
      if (count === undefined) break;
      if (count > 0) done[type] = (done[type] ?? 0) + count;
      onProgress?.(type, done[type] ?? 0);
    }
  }
  await dropKeyIndexes(db);
  return done;
}

/** Provenance last: it belongs where its targets do. */
function inOrder(types: ReadonlySet<string>): string[] {
  return [...types].sort((a, b) => (a === 'Provenance' ? 1 : b === 'Provenance' ? -1 : a < b ? -1 : 1));
}

/** Notes what is to be done; what another run began for the same rules stays. */
async function begin(
  db: Kysely<ResourceTables>,
  rules: IndexRules,
  types: ReadonlySet<string>,
  again: boolean,
): Promise<void> {
  const unplaced = await unplacedTypes(db, rules);
  const rows = [...types].map((type) => {
    const target = rules.get(type)!;
    return { type, digest: unplaced.has(type) ? '' : placementOf(target), target, line: '', id: '' };
  });
  const [digest, target] = [sql<string>`excluded.digest`, sql<string>`excluded.target`];
  const fresh = { digest, target, line: '', id: '' };
  await db
    .insertInto('index_rules')
    .values(rows)
    .onConflict((conflict) => {
      const update = conflict.column('type').doUpdateSet(fresh);
      return again
        ? update
        : update.where((where) =>
            where.or([
              where('index_rules.target', '<>', where.ref('excluded.target')),
              where('index_rules.digest', '=', where.ref('index_rules.target')),
            ]),
          );
    })
    .execute();
}

/** How many resources were indexed; 0 where a line ends, undefined where the type is done. */
async function nextBatch(
  db: Kysely<ResourceTables>,
  rules: IndexRules,
  inTransaction: InTransaction,
  type: string,
  lines: readonly string[],
): Promise<number | undefined> {
  const target = rules.get(type)!;
  const position = await positionOf(db, type, target);
  if (position === undefined) return undefined;
  const line = lines.find((candidate) => candidate >= position.line);
  if (line === undefined) {
    await db
      .updateTable('index_rules')
      .set({ digest: target, line: '', id: '' })
      .where('type', '=', type)
      .where('target', '=', target)
      .execute();
    return undefined;
  }
  return inTransaction(line, async (context, trx) => {
    // Another run may have gone on meanwhile.
    const now = await positionOf(trx, type, target);
    if (now === undefined || now.line !== position.line || now.id !== position.id) return 0;
    const found = await trx
      .selectFrom('resource')
      .select(['key', 'type', 'id', 'scopes', 'content', 'deleted', 'access_digest'])
      .where('line', '=', line)
      .where('type', '=', type)
      .where('id', '>', position.line === line ? position.id : '')
      .orderBy('id')
      .limit(batchSize)
      .execute();
    const present = found.filter((row) => row.deleted === 0);
    if (present.length > 0) {
      const changes = await indexAgain(context, trx, line, present);
      // Before what it is about, where that is Provenance as well.
      if (type === 'Provenance') await moveAlong(context, trx, line, changes);
    }
    if (now.digest === '') await placeWhatWas(context, trx, line, found);
    const last = found.at(-1);
    await trx
      .updateTable('index_rules')
      // A line's name is followed by the longer ones that begin with it.
      .set(last === undefined ? { line: `${line} `, id: '' } : { line, id: last.id })
      .where('type', '=', type)
      .execute();
    return found.length;
  });
}

async function positionOf(
  db: Kysely<ResourceTables>,
  type: string,
  target: string,
): Promise<{ line: string; id: string; digest: string } | undefined> {
  return db
    .selectFrom('index_rules')
    .select(['line', 'id', 'digest'])
    .where('type', '=', type)
    .where('target', '=', target)
    .where('digest', '<>', target)
    .executeTakeFirst();
}

/** An index is made in one go, which a large database takes its time for. */
async function addKeyIndexes(db: Database): Promise<void> {
  await eachTable(db, (table) => `create index if not exists ${table}_by_key on ${table} (key)`);
}

async function dropKeyIndexes(db: Database): Promise<void> {
  const unfinished = await db
    .as<ResourceTables>()
    .selectFrom('index_rules')
    .select('type')
    .whereRef('digest', '<>', 'target')
    .limit(1)
    .execute();
  if (unfinished.length === 0) await eachTable(db, (table) => `drop index if exists ${table}_by_key`);
}

async function eachTable(db: Database, statement: (table: string) => string): Promise<void> {
  for (const table of keyedTables) {
    await db
      .as<ResourceTables>()
      .transaction()
      .execute(async (trx) => {
        if (db.dialect === 'postgres') await sql`set local statement_timeout = 0`.execute(trx);
        await sql.raw(statement(table)).execute(trx);
      });
  }
}
