// Whatever index a search starts from, it finds what a plain reading of the same rows finds, and nothing else.
import assert from 'node:assert/strict';
import { testOnEachDatabase } from '../../../test/databases.ts';
import { openDatabase } from '../../db/database.ts';
import { migrate } from '../../db/migrate.ts';
import { seededRandom } from '../../sandbox/generate/seeded-random.ts';
import { generateLine } from '../../sandbox/generate.ts';
import type { MemberAccess } from '../../smart/access.ts';
import { memberTypes, referenceTypes, type TypeFilter } from '../../smart/data-classes.ts';
import { classScopes, permissionsOf, resourceScopes } from '../../smart/scopes.ts';
import { loadDefinitions, type SearchParam } from '../definitions/definitions.ts';
import type { FhirResource } from '../fhir-resource.ts';
import { compartmentRule } from '../store/compartment.ts';
import { openResourceStore } from '../store/resource-store.ts';
import { resourceSchema } from '../store/schema.ts';
import { compileSearch } from './compile-search.ts';
import type { Condition } from './condition.ts';
import { buildIndexer, type IndexedRow } from './index-resource.ts';
import type { IndexPredicate, IndexRow, ParamPredicate } from './param-types/param-type.ts';
import { paramTypes } from './param-types/param-types.ts';
import type { Ask } from './parse-ask.ts';
import { parseSearch } from './search-request.ts';

const definitions = loadDefinitions();
const index = buildIndexer(definitions);
const compartmentOf = compartmentRule(definitions.patientCompartment);
const member = 'cco-100008';
const searches = 1500;

interface Indexed {
  readonly resource: FhirResource;
  readonly rows: readonly IndexedRow[];
}

testOnEachDatabase('a search finds what reading all rows finds', async (place, context) => {
  const db = await openDatabase(place);
  context.after(() => db.close());
  await migrate(db, resourceSchema);
  const store = await openResourceStore(db, definitions, { ownBases: () => [] });
  const all = [...generateLine('cco', { today: '2026-11-01' })] as unknown as FhirResource[];
  await store.writing('cco', (writer) => writer.write(all.map((resource) => ({ resource }))));
  const indexed = all.map((resource) => ({ resource, rows: index(resource) }));
  const seed = 'searches 1';
  const random = seededRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)]!;
  const grants = [
    resourceScopes.filter((scope) => scope.endsWith('.rs')).join(' '),
    classScopes.join(' '),
    'patientapi.labs.read patientapi.claims.read patientapi.vitals.read',
  ].map(accessWith);
  let foundSome = 0;
  for (let n = 0; n < searches; n++) {
    const access = pick(grants);
    const types = [...access.permissions.keys()].filter(
      (type) =>
        definitions.servedTypes.has(type) && (memberTypes.includes(type) || referenceTypes.includes(type)),
    );
    const type = pick(types.filter((name) => name !== 'Binary' && name !== 'Provenance'));
    const ofType = indexed.filter(({ resource }) => resource.resourceType === type);
    const params = definitions.searchParams(type).filter((param) => param.type !== 'composite');
    const pairs: [string, string][] = [];
    if (memberTypes.includes(type) && random.next() < 0.5 && params.some(({ code }) => code === 'patient'))
      pairs.push(['patient', random.next() < 0.9 ? member : 'cco-100004']);
    for (let asks = Math.floor(random.next() * 3); asks >= 0; asks--) {
      const param = pick(params);
      if (param === undefined) continue;
      const from = pick(ofType.length > 0 ? ofType : indexed);
      const row = from.rows.find((candidate) => candidate.param === param.code)?.row;
      const pair = row === undefined ? undefined : pairOf(param, row, random.next());
      if (pair !== undefined) pairs.push(pair);
    }
    // The formulary's own rule.
    if (pairs.some(([code]) => /^Drug(Tier|Name)/.test(code))) continue;
    const query = new URLSearchParams(pairs).toString();
    const request = parseSearch(definitions, type, [...pairs, ['_count', pick(['20', '100', '500'])]], false);
    const expected = ofType
      .filter((candidate) => visible(candidate, access) && request.asks.every((ask) => holds(ask, candidate)))
      .map(({ resource }) => resource.id)
      .sort();
    const found: string[] = [];
    let after: { key: number } | undefined;
    do {
      const { page } = await compileSearch(store.search, request, access, after);
      const rows = await store.page(page);
      after = rows.length > request.count ? { key: rows[request.count - 1]!.key } : undefined;
      found.push(...rows.slice(0, request.count).map((row) => row.id));
    } while (after !== undefined);
    assert.deepEqual(found.sort(), expected, `${seed}, search ${n}: ${type}?${query}`);
    const { total } = await compileSearch(store.search, request, access, undefined);
    assert.equal(await store.total(total()), expected.length, `total of ${type}?${query}`);
    if (expected.length > 0) foundSome++;
  }
  assert.ok(foundSome > searches / 4, `only ${foundSome} searches found anything`);
});

function accessWith(scope: string): MemberAccess {
  return {
    kind: 'member',
    line: 'cco',
    clientId: 'app',
    grantId: 'grant',
    patients: [member],
    permissions: permissionsOf(scope),
  };
}

/** A parameter as a request would say it, made from a row that some resource has; the chance decides on its form. */
function pairOf(param: SearchParam, row: IndexRow, chance: number): [string, string] | undefined {
  if (chance < 0.08) return [`${param.code}:missing`, chance < 0.04 ? 'true' : 'false'];
  const escaped = (text: string) => text.replace(/[\\|$,]/g, '\\$&');
  switch (row.table) {
    case 'idx_token': {
      const value = chance < 0.5 ? escaped(row.code) : `${escaped(row.system)}|${escaped(row.code)}`;
      if (value === '' || value === '|') return undefined;
      if (chance > 0.92) return [`${param.code}:not`, value];
      return [param.code, chance > 0.8 ? `${value},no-such-code` : value];
    }
    case 'idx_string':
      if (row.norm === '') return undefined;
      if (chance < 0.2) return [`${param.code}:exact`, escaped(row.value)];
      if (chance < 0.4) return [`${param.code}:contains`, row.norm.slice(1, 5).trim() || row.norm];
      return [param.code, row.norm.slice(0, 4).trim()];
    case 'idx_date': {
      const day = new Date(Math.max(row.lo, -62_000_000_000_000))
        .toISOString()
        .slice(0, chance < 0.5 ? 10 : 7);
      return [
        param.code,
        ['', 'ge', 'le', 'gt', 'lt', 'ne', 'sa', 'eb'][Math.floor(chance * 1000) % 8] + day,
      ];
    }
    case 'idx_quantity':
      return [param.code, `${chance < 0.5 ? 'ge' : ''}${row.lo}|${escaped(row.system)}|${escaped(row.code)}`];
    case 'idx_uri':
      return [param.code, escaped(row.value)];
    case 'idx_reference':
      return row.target_type === '' ? undefined : [param.code, `${row.target_type}/${row.target_id}`];
  }
}

function visible({ resource, rows }: Indexed, access: MemberAccess): boolean {
  const compartment = compartmentOf(resource, rows);
  if (compartment.kind !== 'scopes') return false;
  const owner = memberTypes.includes(resource.resourceType) ? member : '';
  if (!compartment.members.includes(owner)) return false;
  const alternatives = access.permissions.get(resource.resourceType)?.search ?? [];
  const matches = (filter: TypeFilter) =>
    rows.some(
      ({ param, row }) =>
        param === filter.param &&
        row.table === 'idx_token' &&
        filter.codes.includes(`${row.system}|${row.code}`),
    ) !==
    (filter.exclude === true);
  return alternatives.some((filters) => filters.every(matches));
}

function holds(ask: Ask, { rows }: Indexed): boolean {
  assert.ok(ask.kind === 'param');
  const predicate: ParamPredicate = paramTypes[ask.param.type].predicate({ ...ask, ownBases: [] });
  const { where, negate, table } = predicate as IndexPredicate;
  const found = rows.some(
    ({ param, row }) => param === ask.param.code && row.table === table && conditionHolds(where, row),
  );
  return found !== negate;
}

function conditionHolds(condition: Condition, row: IndexRow): boolean {
  if ('all' in condition) return condition.all.every((part) => conditionHolds(part, row));
  if ('any' in condition) return condition.any.some((part) => conditionHolds(part, row));
  const value = (row as unknown as Record<string, string | number>)[condition.column]!;
  const [wanted] = condition.values as [string | number];
  switch (condition.comparison) {
    case '=':
      return value === wanted;
    case 'in':
      return condition.values.includes(value);
    case 'like':
      return String(value).includes(String(wanted).slice(1, -1));
    case '<':
      return bytesBefore(value, wanted) < 0;
    case '<=':
      return bytesBefore(value, wanted) <= 0;
    case '>':
      return bytesBefore(value, wanted) > 0;
    case '>=':
      return bytesBefore(value, wanted) >= 0;
  }
}

/** Texts are ordered by their UTF-8 bytes on both databases. */
function bytesBefore(a: string | number, b: string | number): number {
  return typeof a === 'number' ? a - Number(b) : Buffer.compare(Buffer.from(a), Buffer.from(String(b)));
}
