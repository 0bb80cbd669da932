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
import { loadDefinitions } from '../definitions/definitions.ts';
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
const compartmentOf = compartmentRule(definitions);
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
  const all = ([...generateLine('cco', { today: '2026-11-01' })] as unknown as FhirResource[]).map(
    withIdentifiers,
  );
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
      // Also by what stands beside the value: `code:text`.
      const row = pick(from.rows.filter(({ param: name }) => name.split(':')[0] === param.code));
      const pair = row === undefined ? undefined : pairOf(row.param, row.row, random.next());
      if (pair !== undefined) pairs.push(pair);
    }
    if (random.next() < 0.25 && ofType.length > 0) {
      const { rows } = pick(ofType);
      const terms = [1, 2, 3, 4].flatMap(() => termOf(pick(rows), random.next()) ?? []);
      if (terms.length > 0) pairs.push(['_filter', filterOf(terms, () => random.next())]);
    }
    // The formulary's own rule.
    if (pairs.some((pair) => /Drug(Tier|Name)/.test(pair.join()))) continue;
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

/** Every third reference to a subject names it by an Identifier too. */
function withIdentifiers(resource: FhirResource, position: number): FhirResource {
  const subject = resource['subject'];
  if (position % 3 !== 0 || typeof subject !== 'object') return resource;
  const identifier = { system: 'urn:test', value: `member ${position % 4}` };
  return { ...resource, subject: { ...subject, identifier } };
}

function accessWith(scope: string): MemberAccess {
  return {
    kind: 'member',
    line: 'cco',
    clientId: 'app',
    grantId: 'grant',
    patients: [member],
    sensitive: [],
    fhirUser: undefined,
    permissions: permissionsOf(scope),
  };
}

/** A parameter as a request would say it, made from a row that some resource has; the chance decides on its form. */
function pairOf(name: string, row: IndexRow, chance: number): [string, string] | undefined {
  const [code = '', beside] = name.split(':');
  if (chance < 0.08) return [`${code}:missing`, chance < 0.04 ? 'true' : 'false'];
  const escaped = (text: string) => text.replace(/[\\|$,]/g, '\\$&');
  switch (row.table) {
    case 'idx_token': {
      if (beside === 'of-type') return [name, `${escaped(row.system)}|${escapedTyped(row.code)}`];
      const value = chance < 0.5 ? escaped(row.code) : `${escaped(row.system)}|${escaped(row.code)}`;
      if (value === '' || value === '|') return undefined;
      if (beside !== undefined) return [name, value];
      if (chance > 0.92) return [`${code}:not`, value];
      if (chance > 0.88) {
        const valueSet = chance > 0.9 ? 'observation-status' : 'condition-category';
        return [`${code}:${chance > 0.895 ? 'in' : 'not-in'}`, `http://hl7.org/fhir/ValueSet/${valueSet}`];
      }
      if (chance > 0.4 && definitions.terminology.lineage(row.system, row.code, 'above') !== undefined)
        return [`${code}:${chance > 0.6 ? 'above' : 'below'}`, `${escaped(row.system)}|${escaped(row.code)}`];
      return [code, chance > 0.8 ? `${value},no-such-code` : value];
    }
    case 'idx_string':
      if (row.norm === '') return undefined;
      if (beside !== undefined) return [name, row.norm.slice(0, 6).trim()];
      if (chance < 0.2) return [`${code}:exact`, escaped(row.value)];
      if (chance < 0.4) return [`${code}:contains`, row.norm.slice(1, 5).trim() || row.norm];
      return [code, row.norm.slice(0, 4).trim()];
    case 'idx_date': {
      const day = new Date(Math.max(row.lo, -62_000_000_000_000))
        .toISOString()
        .slice(0, chance < 0.5 ? 10 : 7);
      return [code, ['', 'ge', 'le', 'gt', 'lt', 'ne', 'sa', 'eb'][Math.floor(chance * 1000) % 8] + day];
    }
    case 'idx_quantity':
      return [code, `${chance < 0.5 ? 'ge' : ''}${row.lo}|${escaped(row.system)}|${escaped(row.code)}`];
    case 'idx_uri':
      return [code, escaped(row.value)];
    case 'idx_reference':
      return row.target_type === '' ? undefined : [code, `${row.target_type}/${row.target_id}`];
    case 'idx_position': {
      const [latitude, longitude] = [Math.asin(row.z), Math.atan2(row.y, row.x)].map(
        (angle) => (angle * 180) / Math.PI,
      );
      const distance = ['', '1', '2000', '100000'][Math.floor(chance * 1000) % 4];
      return [
        code,
        `${latitude!.toFixed(6)}|${longitude!.toFixed(6)}|${distance}|${chance < 0.5 ? 'mi' : ''}`,
      ];
    }
  }
}

/** The index keeps code and value of a type with a `|` between, and one in the code escaped already. */
function escapedTyped(code: string): string {
  const bar = code.search(/(?<!\\)\|/);
  return `${code.slice(0, bar)}|${code.slice(bar + 1).replace(/[\\|$,]/g, '\\$&')}`;
}

function visible({ resource, rows }: Indexed, access: MemberAccess): boolean {
  const compartment = compartmentOf(resource, rows);
  if (compartment.kind !== 'scopes') return false;
  const owner = memberTypes.includes(resource.resourceType) ? member : '';
  if (!compartment.owners.includes(owner)) return false;
  if (!compartment.kept.every((one) => access.sensitive.includes(one))) return false;
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

/** A comparison of a filter that the row meets. */
function termOf(indexed: IndexedRow | undefined, chance: number): string | undefined {
  if (indexed === undefined || /[#:]|^_refers$/.test(indexed.param)) return undefined;
  const { param, row } = indexed;
  const term = (operator: string, value: string) =>
    `${param} ${operator} "${value.replace(/["\\]/g, '\\$&')}"`;
  if (chance < 0.1) return term('pr', chance < 0.07 ? 'true' : 'false');
  switch (row.table) {
    case 'idx_token':
      return row.code === '' ? undefined : term('eq', row.code.replace(/[\\|]/g, '\\$&'));
    case 'idx_string': {
      const operator = ['eq', 'sw', 'co', 'ew'][Math.floor(chance * 1000) % 4]!;
      const norm = {
        eq: row.norm,
        sw: row.norm.slice(0, 4),
        co: row.norm.slice(2, 6),
        ew: row.norm.slice(-3),
      };
      const value = norm[operator as 'eq'].trim();
      return value === '' ? undefined : term(operator, value);
    }
    case 'idx_date':
      return term(
        ['ge', 'lt', 'ne', 'sa'][Math.floor(chance * 1000) % 4]!,
        new Date(Math.max(row.lo, -62_000_000_000_000)).toISOString().slice(0, 10),
      );
    case 'idx_reference':
      return row.target_type === '' ? undefined : term('eq', `${row.target_type}/${row.target_id}`);
    default:
      return undefined;
  }
}

/** The comparisons joined one way or another, some in parentheses, some negated. */
function filterOf(terms: readonly string[], chance: () => number): string {
  let text = '';
  for (const term of terms) {
    const joined = text === '' ? term : `${text} ${chance() < 0.5 ? 'and' : 'or'} ${term}`;
    text = chance() < 0.3 ? `not (${joined})` : chance() < 0.3 ? `(${joined})` : joined;
  }
  return text;
}

function holds(ask: Ask, candidate: Indexed): boolean {
  if (ask.kind === 'all') return ask.asks.every((one) => holds(one, candidate));
  if (ask.kind === 'any') return ask.asks.some((one) => holds(one, candidate));
  if (ask.kind === 'not') return !holds(ask.ask, candidate);
  assert.ok(ask.kind === 'param');
  const { rows } = candidate;
  const { terminology } = definitions;
  const predicate: ParamPredicate = paramTypes[ask.param.type].predicate({
    ...ask,
    ownBases: [],
    terminology,
    now: Date.now(),
  });
  const { where, negate, table, beside } = predicate as IndexPredicate;
  const name = beside === undefined ? ask.param.code : `${ask.param.code}:${beside}`;
  const found = rows.some(
    ({ param, row }) => param === name && row.table === table && conditionHolds(where, row),
  );
  return found !== negate;
}

function conditionHolds(condition: Condition, row: IndexRow): boolean {
  if ('all' in condition) return condition.all.every((part) => conditionHolds(part, row));
  if ('any' in condition) return condition.any.some((part) => conditionHolds(part, row));
  if ('near' in condition) {
    assert.ok(row.table === 'idx_position');
    const [x, y, z, square] = condition.near as [number, number, number, number];
    return (row.x - x) ** 2 + (row.y - y) ** 2 + (row.z - z) ** 2 <= square;
  }
  const value = (row as unknown as Record<string, string | number>)[condition.column]!;
  const [wanted] = condition.values as [string | number];
  switch (condition.comparison) {
    case '=':
      return value === wanted;
    case 'in':
      return condition.values.includes(value);
    case 'like':
      return String(wanted).endsWith('%')
        ? String(value).includes(String(wanted).slice(1, -1))
        : String(value).endsWith(String(wanted).slice(1));
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
