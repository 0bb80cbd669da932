// Writes a batch of resources in one transaction: new, changed, unchanged or deleted, with their versions, their
// compartments and their index rows. The only code that writes the resource and index tables.
// A resource whose source is the same keeps its version; nothing is written for it.
import { hash } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import { jsonRows, type RowValue } from '../../db/json-rows.ts';
import { stringifyExact } from '../exact-json.ts';
import type { FhirResource } from '../fhir-resource.ts';
import { accessDigest } from './access-digest.ts';
import type { Change, Stored } from './change.ts';
import {
  hideOldVersions,
  onlyPatient,
  replaceIndexRows,
  replaceMemberships,
  withReferred,
} from './index-rows.ts';
import { placeInCompartments } from './place-in-compartments.ts';
import type { ResourceTables } from './schema.ts';
import { referenceScope, referredScope } from './scope-name.ts';
import { settleWaiting } from './settle-waiting.ts';
import type { StoreContext } from './store-context.ts';

/** A resource to store, or the deletion of one. Types and ids are checked before. */
export type Write =
  | { readonly resource: FhirResource }
  | { readonly delete: { readonly type: string; readonly id: string } };

export type WriteOutcome = 'created' | 'updated' | 'unchanged' | 'deleted';

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
  await replaceIndexRows(context, trx, line, changes);
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
    home: undefined,
    waitsFor: [],
  };
}

/** SHA-256 of the resource without what the store itself sets. */
function digestOf(resource: FhirResource): string {
  const { meta, ...elements } = resource;
  const { versionId: _versionId, lastUpdated: _lastUpdated, ...keptMeta } = meta ?? {};
  return hash('sha256', JSON.stringify(keptMeta) + stringifyExact(elements), 'base64url');
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
    const home = change.home ?? common.get(referenceScope)!;
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
    .map(({ key }): [number] => [key]);
  await hideOldVersions(context, trx, changedAccess);
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
    onlyPatient(change.rows),
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
    patient: 'text',
    content: 'text',
  } as const;
  await sql`insert into resource (key, type, id, version, deleted, scopes, digest, access_digest, patient, content, line, last_updated)
    select w.key, w.type, w.id, w.version, w.deleted, w.scopes, w.digest, w.access_digest, w.patient, w.content, cast(${line} as text), cast(${now} as bigint)
    from (${jsonRows(context.dialect, columns, rows)}) w where true
    on conflict (key) do update set version = excluded.version, last_updated = excluded.last_updated,
      deleted = excluded.deleted, scopes = excluded.scopes, digest = excluded.digest,
      access_digest = excluded.access_digest, patient = excluded.patient, content = excluded.content`.execute(
    trx,
  );
}

function contentOf(resource: FhirResource, version: number, lastUpdated: string): string {
  const { resourceType, id, meta, ...elements } = resource;
  return stringifyExact({
    resourceType,
    id,
    meta: { ...meta, versionId: String(version), lastUpdated },
    ...elements,
  });
}
