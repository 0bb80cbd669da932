// The owner of the resource and index tables: opened once, written through `write`, read only with queries that were
// compiled with an access.
import { sql, type Transaction } from 'kysely';
import type { Database } from '../../db/database.ts';
import { memberTypes } from '../../smart/data-classes.ts';
import { narrowingParams } from '../../smart/scopes.ts';
import type { Definitions } from '../definitions/definitions.ts';
import { buildIndexer } from '../search/index-resource.ts';
import { indexable } from '../search/param-types/indexable.ts';
import { paramTypes } from '../search/param-types/param-types.ts';
import { createCompiled, type QueryContext } from '../search/query-context.ts';
import type { ScopedQuery } from '../search/query-shape.ts';
import type { SortValue } from '../search/sort-sql.ts';
import { compartmentRule } from './compartment.ts';
import { indexFormat, indexRules } from './index-rules.ts';
import { PlacedTypes } from './placed-types.ts';
import { noteFreshIndex, outdatedTypes, type Reindexed, type ReindexOptions, reindex } from './reindex.ts';
import type { ResourceTables } from './schema.ts';
import { ScopeRegistry } from './scope-registry.ts';
import type { StoreContext } from './store-context.ts';
import { type Write, type WriteOutcome, writeResources } from './write-resources.ts';

export interface ResourceRow {
  readonly version: number;
  /** Epoch milliseconds. */
  readonly last_updated: number;
  readonly deleted: number;
  readonly content: string;
}

export interface PageRow {
  readonly key: number;
  readonly id: string;
  readonly content: string;
  /** What the page is sorted by. */
  readonly sort?: readonly SortValue[];
}

export interface HistoryRow extends ResourceRow {
  readonly key: number;
  readonly id: string;
}

export interface IncludedRow extends PageRow {
  readonly type: string;
}

export interface ResourceStore {
  readonly search: QueryContext;
  /** Runs `work` in one transaction: what it writes is there whole or not at all. One writer of a line at a time. */
  writing<T>(line: string, work: (writer: ResourceWriter) => Promise<T>): Promise<T>;
  /** After much was written: PostgreSQL gathers at once what it plans queries by, instead of in a minute. */
  writtenMuch(): Promise<void>;
  /** Whether some of what is stored is indexed by other rules than those of the definitions. */
  outdated(): Promise<boolean>;
  /** Indexes that anew; reads and writes go on meanwhile. */
  reindex(options?: ReindexOptions): Promise<Reindexed>;
  one(query: ScopedQuery): Promise<ResourceRow | undefined>;
  many(query: ScopedQuery): Promise<ResourceRow[]>;
  history(query: ScopedQuery): Promise<HistoryRow[]>;
  page(query: ScopedQuery): Promise<PageRow[]>;
  included(query: ScopedQuery): Promise<IncludedRow[]>;
  total(query: ScopedQuery): Promise<number>;
}

export interface ResourceWriter {
  /** For what must be there exactly when the resources are. */
  readonly trx: Transaction<ResourceTables>;
  /** Outcomes in the order of `writes`; of a resource named twice the last one counts. */
  write(writes: readonly Write[]): Promise<WriteOutcome[]>;
  /** Ids of resources of the line with this identifier, at most two. */
  findByIdentifier(type: string, system: string, value: string): Promise<string[]>;
}

export async function openResourceStore(
  db: Database,
  definitions: Definitions,
  options: {
    readonly ownBases: (line: string) => readonly string[];
    readonly clock?: () => number;
    readonly indexFormat?: number;
  },
): Promise<ResourceStore> {
  const clock = options.clock ?? Date.now;
  const scopes = new ScopeRegistry(db, clock);
  await scopes.registerParams(numberedParams(definitions));
  const typeNumbers = new Map(definitions.resourceTypes.map((type, position) => [type, position]));
  const typeNumber = (type: string): number => {
    const number = typeNumbers.get(type);
    if (number === undefined) throw new Error(`${type} is no R4 resource type`);
    return number;
  };
  const kysely = db.as<ResourceTables>();
  const index = buildIndexer(definitions);
  const compartmentOf = compartmentRule(definitions);
  const rules = indexRules(definitions, options.indexFormat ?? indexFormat);
  await noteFreshIndex(db, rules);
  const placed = new PlacedTypes(kysely, rules, clock);
  await placed.look();

  async function inTransaction<T>(
    line: string,
    work: (context: StoreContext, trx: Transaction<ResourceTables>) => Promise<T>,
  ): Promise<T> {
    const newScopes: StoreContext['newScopes'] = [];
    const result = await kysely.transaction().execute(async (trx) => {
      if (db.dialect === 'postgres')
        await sql`select pg_advisory_xact_lock(hashtext(${`portico ${line}`}))`.execute(trx);
      const outdated = await outdatedTypes(trx, rules);
      const context: StoreContext = {
        dialect: db.dialect,
        scopes,
        index,
        compartmentOf,
        typeNumber,
        narrowingParams,
        outdated,
        newScopes,
      };
      return work(context, trx);
    });
    for (const [owner, found] of newScopes) scopes.committed(owner, found);
    return result;
  }

  return {
    search: {
      dialect: db.dialect,
      scopes,
      placed,
      typeNumber,
      terminology: definitions.terminology,
      now: clock,
      ownBases: options.ownBases,
      compiled: createCompiled((query) => query.compile(kysely)),
      counts: async (query) => (await db.read<number[]>(query))[0]!,
    },
    writing: (line, work) =>
      inTransaction(line, (context, trx) =>
        work({
          trx,
          write: async (writes) => {
            const last = lastOfEach(writes);
            const outcomes = await writeResources(context, trx, line, [...last.values()], clock());
            const outcomeOf = new Map([...last.keys()].map((name, position) => [name, outcomes[position]!]));
            return writes.map((write) => outcomeOf.get(nameOf(write))!);
          },
          findByIdentifier: (type, system, value) => findByIdentifier(trx, line, type, system, value),
        }),
      ),
    outdated: async () => (await outdatedTypes(kysely, rules)).size > 0,
    async reindex(how = {}) {
      try {
        return await reindex(db, rules, inTransaction, how);
      } finally {
        await placed.look();
      }
    },
    async writtenMuch() {
      if (db.dialect === 'postgres') await sql`analyze`.execute(kysely);
    },
    async one(query) {
      const [row] = await db.read<ResourceTuple>(query);
      return row === undefined ? undefined : resourceRow(row);
    },
    many: async (query) => (await db.read<ResourceTuple>(query)).map(resourceRow),
    history: async (query) =>
      (await db.read<[key: number, id: string, ...ResourceTuple]>(query)).map(([key, id, ...row]) => ({
        key,
        id,
        ...resourceRow(row),
      })),
    page: async (query) =>
      (await db.read<[number, string, string, ...SortValue[]]>(query)).map(([key, id, content, ...sort]) => ({
        key,
        id,
        content,
        sort,
      })),
    included: async (query) =>
      (await db.read<[number, string, string, string]>(query)).map(([key, type, id, content]) => ({
        key,
        type,
        id,
        content,
      })),
    total: async (query) => (await db.read<[number]>(query))[0]![0],
  };
}

type ResourceTuple = [version: number, last_updated: number, deleted: number, content: string];

function resourceRow([version, last_updated, deleted, content]: ResourceTuple): ResourceRow {
  return { version, last_updated, deleted, content };
}

/** Conditional references and conditional creates go by identifier (https://hl7.org/fhir/R4/http.html#trules). */
async function findByIdentifier(
  trx: Transaction<ResourceTables>,
  line: string,
  type: string,
  system: string,
  value: string,
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select r.id from identifier i cross join resource r
    where i.line = ${line} and i.type = ${type} and i.value = ${indexable(value)} and i.system = ${indexable(system)}
      and r.key = i.key and r.deleted = 0 limit 2`.execute(trx);
  return rows.map((row) => row.id);
}

function lastOfEach(writes: readonly Write[]): Map<string, Write> {
  const last = new Map<string, Write>();
  for (const write of writes) last.set(nameOf(write), write);
  return last;
}

function nameOf(write: Write): string {
  return 'delete' in write
    ? `${write.delete.type}/${write.delete.id}`
    : `${write.resource.resourceType}/${write.resource.id}`;
}

/** Every parameter that can stand in an index row. */
function numberedParams(definitions: Definitions): { type: string; code: string }[] {
  const params = definitions.resourceTypes.flatMap((type) =>
    definitions.searchParams(type).flatMap((param) =>
      param.type === 'composite'
        ? param.components.map((_, component) => ({ type, code: `${param.code}#${component}` }))
        : [
            { type, code: param.code },
            ...Object.keys(paramTypes[param.type].beside ?? {}).map((modifier) => ({
              type,
              code: `${param.code}:${modifier}`,
            })),
          ],
    ),
  );
  return [
    ...params,
    ...[...new Set([...memberTypes, ...definitions.resourceTypes])].map((type) => ({
      type,
      code: '_refers',
    })),
  ];
}
