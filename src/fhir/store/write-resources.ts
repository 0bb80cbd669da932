// Writes a batch of resources in one transaction: new, changed, unchanged or deleted, with their versions, their
// compartments and their index rows. The only code that writes the resource and index tables.
// A resource whose source is the same keeps its version; nothing is written for it.
import { hash } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import { jsonRows, type RowValue } from '../../db/json-rows.ts';
import { referredTypes } from '../../smart/data-classes.ts';
import type { FhirResource } from '../fhir-resource.ts';
import type { IndexedRow } from '../search/index-resource.ts';
import { indexColumns, type ResourceTable, type ResourceTables } from './schema.ts';
import { referenceScope, referredScope } from './scope-registry.ts';
import type { StoreContext } from './store-context.ts';

/** A resource to store, or the deletion of one. Types and ids are checked before. */
export type Write =
  | { readonly resource: FhirResource }
  | { readonly delete: { readonly type: string; readonly id: string } };

export type WriteOutcome = 'created' | 'updated' | 'unchanged' | 'deleted';

type Stored = Pick<
  ResourceTable,
  'key' | 'type' | 'id' | 'version' | 'deleted' | 'scopes' | 'digest' | 'access_digest' | 'content'
>;

interface Change {
  readonly type: string;
  readonly id: string;
  readonly resource: FhirResource | undefined;
  readonly digest: string;
  readonly stored: Stored | undefined;
  readonly rows: readonly IndexedRow[];
  key: number;
  version: number;
  scopes: number[];
  members: readonly string[];
  waitsFor: readonly { readonly type: string; readonly id: string }[];
}

/** Outcomes in the order of `writes`, of which no two may name the same resource. */
export async function writeResources(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  line: string,
  writes: readonly Write[],
  now: number,
): Promise<WriteOutcome[]> {
  const stored = await loadStored(context, trx, line, writes);
  const outcomes: WriteOutcome[] = [];
  const changes: Change[] = [];
  for (const write of writes) {
    const change = toChange(context, write, stored);
    if (change === undefined) {
      outcomes.push('unchanged');
      continue;
    }
    changes.push(change);
    outcomes.push(
      change.resource === undefined ? 'deleted' : change.stored === undefined ? 'created' : 'updated',
    );
  }
  if (changes.length === 0) return outcomes;
  await placeInCompartments(context, trx, line, changes);
  await assignKeys(context, trx, line, changes);
  await keepOldVersions(context, trx, changes);
  await putResources(context, trx, line, changes, now);
  await replaceMemberships(context, trx, changes);
  await replaceIndexRows(context, trx, changes);
  await settleWaiting(context, trx, line, changes);
  return outcomes;
}

async function loadStored(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  line: string,
  writes: readonly Write[],
): Promise<Map<string, Stored>> {
  const wanted = writes.map((write) =>
    'delete' in write
      ? [write.delete.type, write.delete.id]
      : [write.resource.resourceType, write.resource.id],
  );
  const { rows } =
    await sql<Stored>`select r.key, r.type, r.id, r.version, r.deleted, r.scopes, r.digest, r.access_digest, r.content
    from (${jsonRows(context.dialect, { type: 'text', id: 'text' }, wanted)}) w
    cross join resource r where r.line = ${line} and r.type = w.type and r.id = w.id`.execute(trx);
  return new Map(rows.map((row) => [`${row.type}/${row.id}`, row]));
}

/** Undefined when nothing changes. */
function toChange(
  context: StoreContext,
  write: Write,
  storedByName: ReadonlyMap<string, Stored>,
): Change | undefined {
  const resource = 'delete' in write ? undefined : write.resource;
  const { type, id } =
    'delete' in write ? write.delete : { type: write.resource.resourceType, id: write.resource.id };
  const stored = storedByName.get(`${type}/${id}`);
  const digest = resource === undefined ? '' : digestOf(resource);
  if (stored === undefined ? resource === undefined : stored.digest === digest) return undefined;
  return {
    type,
    id,
    resource,
    digest,
    stored,
    rows: resource === undefined ? [] : withReferred(resource, context.index(resource)),
    key: stored?.key ?? 0,
    version: (stored?.version ?? 0) + 1,
    scopes: [],
    members: [],
    waitsFor: [],
  };
}

/** SHA-256 of the resource without what the store itself sets. */
function digestOf(resource: FhirResource): string {
  const { meta, ...elements } = resource;
  const { versionId: _versionId, lastUpdated: _lastUpdated, ...keptMeta } = meta ?? {};
  return hash('sha256', JSON.stringify([keptMeta, elements]), 'base64url');
}

/** Adds a row for each reference to a type that is only seen where something refers to it. */
function withReferred(resource: FhirResource, rows: IndexedRow[]): IndexedRow[] {
  const seen = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) {
      for (const inner of value) visit(inner);
      return;
    }
    for (const [name, inner] of Object.entries(value)) {
      if ((name === 'reference' || name === 'url') && typeof inner === 'string') {
        const [type, id, more] = inner.split('/');
        if (id !== undefined && more === undefined && referredTypes.includes(type!) && !seen.has(inner)) {
          seen.add(inner);
          rows.push({
            param: '_refers',
            row: { table: 'idx_reference', target_type: type!, target_id: id, ord: 0 },
          });
        }
      } else visit(inner);
    }
  };
  visit(resource);
  return rows;
}

async function placeInCompartments(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  line: string,
  changes: readonly Change[],
): Promise<void> {
  const following: { change: Change; targets: readonly { type: string; id: string }[] }[] = [];
  const members = new Set<string>();
  for (const change of changes) {
    if (change.resource === undefined) continue;
    const compartment = context.compartmentOf(change.resource, change.rows);
    if (compartment.kind === 'follows') following.push({ change, targets: compartment.targets });
    else {
      change.members = compartment.members;
      for (const member of compartment.members) members.add(member);
    }
  }
  for (const { targets } of following)
    for (const target of targets) if (target.type === 'Patient') members.add(target.id);
  const scopes = await context.scopes.ensure(trx, line, members);
  context.newScopes.push([line, scopes]);
  for (const change of changes) {
    change.scopes =
      change.resource === undefined && change.stored
        ? parseScopes(change.stored)
        : change.members.map((member) => scopes.get(member)!);
  }
  if (following.length === 0) return;
  const scopesOf = await scopesOfTargets(
    context,
    trx,
    line,
    changes,
    following.flatMap(({ targets }) => targets),
  );
  for (const { change, targets } of following) {
    const sets = targets.map((target) =>
      target.type === 'Patient' ? [scopes.get(target.id)!] : scopesOf.get(`${target.type}/${target.id}`),
    );
    change.waitsFor = targets.filter((_, position) => sets[position] === undefined);
    change.scopes = commonScopes(sets);
  }
}

/** Scopes that see every target; none while one of them is unknown. */
function commonScopes(sets: readonly (readonly number[] | undefined)[]): number[] {
  const [first, ...others] = sets;
  if (first === undefined) return [];
  return first.filter((scope) => others.every((set) => set?.includes(scope) === true));
}

async function scopesOfTargets(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  line: string,
  changes: readonly Change[],
  targets: readonly { readonly type: string; readonly id: string }[],
): Promise<Map<string, number[]>> {
  const { rows } = await sql<{ type: string; id: string; scopes: string }>`select r.type, r.id, r.scopes
    from (${jsonRows(
      context.dialect,
      { type: 'text', id: 'text' },
      targets.map((target) => [target.type, target.id]),
    )}) w
    cross join resource r where r.line = ${line} and r.type = w.type and r.id = w.id`.execute(trx);
  const found = new Map(rows.map((row) => [`${row.type}/${row.id}`, parseScopes(row)]));
  for (const change of changes)
    if (change.type !== 'Provenance') found.set(`${change.type}/${change.id}`, change.scopes);
  return found;
}

function parseScopes(row: { readonly scopes: string }): number[] {
  return JSON.parse(row.scopes) as number[];
}

/** New resources get keys next to the rest of the record they belong to. */
async function assignKeys(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  line: string,
  changes: readonly Change[],
): Promise<void> {
  const homes = new Map<number, Change[]>();
  const shared = new Set<number>();
  const common = await context.scopes.ensure(trx, line, new Set([referenceScope, referredScope]));
  context.newScopes.push([line, common]);
  for (const scope of common.values()) shared.add(scope);
  for (const change of changes) {
    if (change.stored !== undefined) continue;
    const home = change.scopes[0] ?? common.get(referenceScope)!;
    const group = homes.get(home);
    if (group === undefined) homes.set(home, [change]);
    else group.push(change);
  }
  // In the order of the scopes, so that two writers never wait for each other in a circle.
  for (const [home, group] of [...homes].sort(([a], [b]) => a - b)) {
    let key = await context.scopes.reserveKeys(trx, home, shared.has(home), group.length);
    for (const change of group) change.key = key++;
  }
}

async function keepOldVersions(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  changes: readonly Change[],
): Promise<void> {
  const superseded = changes.filter((change) => change.stored !== undefined).map((change) => [change.key]);
  if (superseded.length === 0) return;
  await sql`insert into resource_version (key, version, last_updated, deleted, hidden, content)
    select r.key, r.version, r.last_updated, r.deleted, 0, r.content
    from (${jsonRows(context.dialect, { key: 'bigint' }, superseded)}) w cross join resource r where r.key = w.key on conflict do nothing`.execute(
    trx,
  );
  const changedAccess = changes
    .filter(
      (change) =>
        change.resource !== undefined &&
        change.stored !== undefined &&
        change.stored.access_digest !== accessDigest(context, change),
    )
    .map((change) => [change.key]);
  if (changedAccess.length === 0) return;
  await sql`update resource_version set hidden = 1
    where key in (select key from (${jsonRows(context.dialect, { key: 'bigint' }, changedAccess)}) w)`.execute(
    trx,
  );
}

/** Of the scopes and of what scopes of OAuth narrow by: an older version of another value may be another's. */
function accessDigest(context: StoreContext, change: Change): string {
  if (change.resource === undefined) return change.stored?.access_digest ?? '';
  const narrowing = change.rows
    .filter(({ param }) => context.narrowingParams.has(param))
    .map(({ param, row }) => JSON.stringify([param, row]))
    .sort();
  return hash('sha256', JSON.stringify([[...change.scopes].sort(), narrowing]), 'base64url');
}

async function putResources(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  line: string,
  changes: readonly Change[],
  now: number,
): Promise<void> {
  const lastUpdated = new Date(now).toISOString();
  const rows = changes.map((change): RowValue[] => [
    change.key,
    change.type,
    change.id,
    change.version,
    change.resource === undefined ? 1 : 0,
    JSON.stringify(change.scopes),
    change.digest,
    accessDigest(context, change),
    change.resource === undefined ? '' : contentOf(change.resource, change.version, lastUpdated),
  ]);
  const columns = {
    key: 'bigint',
    type: 'text',
    id: 'text',
    version: 'integer',
    deleted: 'integer',
    scopes: 'text',
    digest: 'text',
    access_digest: 'text',
    content: 'text',
  } as const;
  await sql`insert into resource (key, type, id, version, deleted, scopes, digest, access_digest, content, line, last_updated)
    select w.key, w.type, w.id, w.version, w.deleted, w.scopes, w.digest, w.access_digest, w.content, cast(${line} as text), cast(${now} as bigint)
    from (${jsonRows(context.dialect, columns, rows)}) w where true
    on conflict (key) do update set version = excluded.version, last_updated = excluded.last_updated,
      deleted = excluded.deleted, scopes = excluded.scopes, digest = excluded.digest,
      access_digest = excluded.access_digest, content = excluded.content`.execute(trx);
}

function contentOf(resource: FhirResource, version: number, lastUpdated: string): string {
  const { resourceType, id, meta, ...elements } = resource;
  return JSON.stringify({
    resourceType,
    id,
    meta: { ...meta, versionId: String(version), lastUpdated },
    ...elements,
  });
}

async function replaceMemberships(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  changes: readonly Change[],
): Promise<void> {
  const gone: RowValue[][] = [];
  const come: RowValue[][] = [];
  for (const change of changes) {
    const type = context.typeNumber(change.type);
    const before = change.stored === undefined ? [] : parseScopes(change.stored);
    for (const scope of before) if (!change.scopes.includes(scope)) gone.push([scope, type, change.key]);
    for (const scope of change.scopes) if (!before.includes(scope)) come.push([scope, type, change.key]);
  }
  const columns = { scope: 'bigint', type: 'integer', key: 'bigint' } as const;
  await deleteRows(context, trx, 'membership', columns, gone);
  await insertRows(context, trx, 'membership', columns, come);
}

async function replaceIndexRows(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  changes: readonly Change[],
): Promise<void> {
  const gone = new Map<string, RowValue[][]>();
  const come = new Map<string, RowValue[][]>();
  for (const change of changes) {
    if (change.stored !== undefined && change.stored.deleted === 0) {
      const before = JSON.parse(change.stored.content) as FhirResource;
      const rows = withReferred(before, context.index(before));
      collectIndexRows(context, gone, change.type, change.key, parseScopes(change.stored), rows);
    }
    collectIndexRows(context, come, change.type, change.key, change.scopes, change.rows);
  }
  for (const [table, rows] of gone) await deleteRows(context, trx, table, allIndexColumns(table), rows);
  for (const [table, rows] of come) await insertRows(context, trx, table, allIndexColumns(table), rows);
}

function collectIndexRows(
  context: StoreContext,
  byTable: Map<string, RowValue[][]>,
  type: string,
  key: number,
  scopes: readonly number[],
  rows: readonly IndexedRow[],
): void {
  for (const { param, row } of rows) {
    const id = context.scopes.paramId(type, param);
    const list = byTable.get(row.table) ?? [];
    byTable.set(row.table, list);
    const values = Object.keys(indexColumns[row.table]).map(
      (column) => (row as unknown as Record<string, RowValue>)[column]!,
    );
    for (const scope of scopes) list.push([scope, id, ...values, key, row.ord]);
  }
}

function allIndexColumns(table: string) {
  return {
    scope: 'bigint',
    param: 'integer',
    ...indexColumns[table as keyof typeof indexColumns],
    key: 'bigint',
    ord: 'integer',
  } as const;
}

type Columns = Parameters<typeof jsonRows>[1];

async function insertRows(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  table: string,
  columns: Columns,
  rows: RowValue[][],
): Promise<void> {
  if (rows.length === 0) return;
  const names = sql.join(Object.keys(columns).map((name) => sql.ref(name)));
  await sql`insert into ${sql.table(table)} (${names}) select ${names} from (${jsonRows(context.dialect, columns, rows)}) w
    where true on conflict do nothing`.execute(trx);
}

async function deleteRows(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  table: string,
  columns: Columns,
  rows: RowValue[][],
): Promise<void> {
  if (rows.length === 0) return;
  const names = sql.join(Object.keys(columns).map((name) => sql.ref(name)));
  await sql`delete from ${sql.table(table)} where (${names}) in (select ${names} from (${jsonRows(context.dialect, columns, rows)}) w)`.execute(
    trx,
  );
}

/** Provenance that waited for a resource now written finds its place; new waiting ones are noted. */
async function settleWaiting(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  line: string,
  changes: readonly Change[],
): Promise<void> {
  const waiting = changes.flatMap((change) =>
    change.waitsFor.map((target): RowValue[] => [line, target.type, target.id, change.key]),
  );
  const columns = { line: 'text', target_type: 'text', target_id: 'text', key: 'bigint' } as const;
  await insertRows(context, trx, 'waiting', columns, waiting);
  const written = changes
    .filter((change) => change.resource !== undefined && change.type !== 'Provenance')
    .map((change) => [change.type, change.id]);
  if (written.length === 0) return;
  const { rows } = await sql<{
    key: number;
    type: string;
    id: string;
    scopes: string;
    content: string;
  }>`select distinct r.key, r.type, r.id, r.scopes, r.content
    from (${jsonRows(context.dialect, { type: 'text', id: 'text' }, written)}) w
    cross join waiting x cross join resource r
    where x.line = ${line} and x.target_type = w.type and x.target_id = w.id and r.key = x.key and r.deleted = 0`.execute(
    trx,
  );
  if (rows.length > 0) await followAgain(context, trx, line, rows);
}

/** Computes anew where resources belong that follow others; their content and version stay. */
async function followAgain(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  line: string,
  rows: readonly { key: number; type: string; id: string; scopes: string; content: string }[],
): Promise<void> {
  const changes = rows.map((row): Change => {
    const resource = JSON.parse(row.content) as FhirResource;
    const stored = { ...row, version: 0, deleted: 0, digest: '', access_digest: '' };
    const indexRows = withReferred(resource, context.index(resource));
    return {
      type: row.type,
      id: row.id,
      resource,
      digest: '',
      stored,
      rows: indexRows,
      key: row.key,
      version: 0,
      scopes: [],
      members: [],
      waitsFor: [],
    };
  });
  await placeInCompartments(context, trx, line, changes);
  await replaceMemberships(context, trx, changes);
  await replaceIndexRows(context, trx, changes);
  const placed = changes.map((change): RowValue[] => [
    change.key,
    JSON.stringify(change.scopes),
    accessDigest(context, change),
  ]);
  await sql`update resource set scopes = w.scopes, access_digest = w.access_digest
    from (${jsonRows(context.dialect, { key: 'bigint', scopes: 'text', access_digest: 'text' }, placed)}) w
    where resource.key = w.key`.execute(trx);
  const settled = changes.filter((change) => change.waitsFor.length === 0).map((change) => [change.key]);
  if (settled.length === 0) return;
  await sql`delete from waiting where key in (select key from (${jsonRows(context.dialect, { key: 'bigint' }, settled)}) w)`.execute(
    trx,
  );
}
