// Every expression of the search parameters finds the same compiled and by the FHIRPath library (https://hl7.org/fhirpath/N1/), in
// the sandbox's resources always, and in real data and the guides' examples where they are there.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { loadDefinitions } from '../../src/fhir/definitions/definitions.ts';
import {
  choicesOf,
  compileExpression,
  type Selector,
} from '../../src/fhir/search/expression/compile-expression.ts';
import { libraryExpression } from '../../src/fhir/search/expression/library-expression.ts';
import { buildIndexer } from '../../src/fhir/search/index-resource.ts';
import { generateLine } from '../../src/sandbox/generate.ts';
import { temporaryFolder } from '../databases.ts';

type Resource = { readonly resourceType: string; readonly id?: string };

const definitions = loadDefinitions();
const choices = choicesOf(definitions.structure);
const shared = fileURLToPath(new URL('../../../shared', import.meta.url));
const skip =
  existsSync(join(shared, 'data')) && existsSync(join(shared, 'ig')) ? false : '../shared is not there';

interface Pair {
  readonly name: string;
  readonly compiled: Selector;
  readonly library: Selector;
  /** Of a composite: evaluated on each element found. */
  readonly parts: readonly Pair[];
}

const pairs = new Map(
  [...definitions.servedTypes].map((type) => [
    type,
    definitions.searchParams(type).map(
      ({ code, expression, components }): Pair => ({
        name: `${type}.${code}`,
        compiled: compileExpression(expression, type, choices),
        library: libraryExpression(expression, type),
        parts: components.map((component, position) => ({
          name: `${type}.${code}#${position}`,
          compiled: compileExpression(component.expression, '', choices),
          library: libraryExpression(component.expression, '', expression),
          parts: [],
        })),
      }),
    ),
  ]),
);

/** In which order and how often a value is found makes no difference to an index. */
function found(select: Selector, value: unknown): string[] {
  return [...new Set(select(value).map((node) => JSON.stringify(node.value)))].sort();
}

interface Tally {
  evaluated: number;
  readonly met: Set<string>;
}

function compare(resources: Iterable<Resource>, tally: Tally): void {
  for (const resource of resources) {
    for (const pair of pairs.get(resource.resourceType) ?? []) {
      const values = found(pair.compiled, resource);
      tally.evaluated++;
      if (values.length > 0) tally.met.add(pair.name);
      assert.deepEqual(values, found(pair.library, resource), `${pair.name} of ${resource.id}`);
      if (pair.parts.length === 0) continue;
      for (const { value } of pair.compiled(resource))
        for (const part of pair.parts)
          assert.deepEqual(
            found(part.compiled, value),
            found(part.library, value),
            `${part.name} of ${resource.id}`,
          );
    }
  }
}

test('both find the same in the resources of the sandbox', () => {
  const tally: Tally = { evaluated: 0, met: new Set() };
  compare(generateLine('cco', { today: '2026-11-01' }) as Iterable<Resource>, tally);
  assert.ok(tally.evaluated > 20_000 && tally.met.size > 150, `${tally.evaluated}, ${tally.met.size}`);
});

test('both find the same in real data and in the examples of the guides', { skip }, async (context) => {
  const tally: Tally = { evaluated: 0, met: new Set() };
  for (const file of globSync(join(shared, 'data/inferno/**/*.ndjson')).sort())
    compare(
      readFileSync(file, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Resource),
      tally,
    );
  for (const file of globSync(join(shared, 'data/synthea/**/*.json{,.gz}')).sort())
    compare(resourcesOf(file), tally);
  const folder = await temporaryFolder(context);
  for (const packed of globSync(join(shared, 'ig/*.tgz')).sort()) {
    const unpacked = join(folder, basename(packed, '.tgz'));
    mkdirSync(unpacked);
    execFileSync('tar', ['xzf', packed, '-C', unpacked]);
    for (const file of globSync(join(unpacked, 'package/example*/*.json')).sort())
      compare(resourcesOf(file), tally);
  }
  assert.ok(tally.evaluated > 50_000 && tally.met.size > 150, `${tally.evaluated}, ${tally.met.size}`);
});

function resourcesOf(file: string): Resource[] {
  const bytes = readFileSync(file);
  const content = JSON.parse((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()) as Resource & {
    readonly entry?: readonly { readonly resource: Resource }[];
  };
  return content.resourceType === 'Bundle'
    ? (content.entry ?? []).map(({ resource }) => resource)
    : [content];
}

test('an expression that cannot be compiled is evaluated by the library', () => {
  const expression = "Patient.name.where(use = 'official').given.combine(Patient.name.family).distinct()";
  const family = { ...definitions.searchParam('Patient', 'family')!, code: 'names', expression };
  const part = { ...definitions.searchParam('Observation', 'component-code-value-quantity')!, code: 'part' };
  const [code, value] = part.components as [(typeof part.components)[0], (typeof part.components)[0]];
  const index = buildIndexer({
    ...definitions,
    searchParams: (type) =>
      type === 'Patient'
        ? [family]
        : [{ ...part, components: [code, { ...value, expression: 'value.where($this is Quantity)' }] }],
  });
  const names = index({
    resourceType: 'Patient',
    id: 'p',
    name: [{ use: 'official', family: 'Ruiz', given: ['Ana', 'Eva'] }],
  } as never).map(({ row }) => 'value' in row && row.value);
  assert.deepEqual(names, ['Ana', 'Eva', 'Ruiz']);
  const rows = index({
    resourceType: 'Observation',
    id: 'o',
    component: [{ code: { coding: [{ code: 'c' }] }, valueQuantity: { value: 5, code: 'mg' } }],
  } as never);
  assert.deepEqual(
    rows.map(({ param, row }) => [param, row.table]),
    [
      ['part#0', 'idx_token'],
      ['part#1', 'idx_quantity'],
    ],
  );
  assert.throws(
    () => buildIndexer({ ...definitions, searchParams: () => [{ ...family, expression: 'Patient.name.(' }] }),
    /the expression 'Patient\.name\.\(' cannot be compiled/,
  );
});
