// Writes what each guide's own CapabilityStatements and SearchParameters declare of searches: parameters with their types,
// comparators, modifiers and chains, combinations, includes. The tests ask a server for all of it. No prose is copied.
// Usage: node scripts/build-guide-searches.ts FOLDER_OF_PACKAGES
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Json = Record<string, unknown>;
interface Declared {
  /** Name → type, comparators, modifiers and names after a dot. */
  readonly params: Record<
    string,
    { type: string; comparators?: string[]; modifiers?: string[]; chains?: string[] }
  >;
  readonly combinations: string[];
  readonly includes: string[];
  readonly revIncludes: string[];
}

const guides = [
  'hl7.fhir.us.core-3.1.1',
  'hl7.fhir.us.core-6.1.0',
  'hl7.fhir.us.carin-bb-2.0.0',
  'hl7.fhir.us.carin-bb-2.1.0',
  'hl7.fhir.us.davinci-pdex-2.0.0',
  'hl7.fhir.us.davinci-pdex-2.1.0',
  'hl7.fhir.us.davinci-pdex-plan-net-1.1.0',
  'hl7.fhir.us.davinci-pdex-plan-net-1.2.0',
  'hl7.fhir.us.davinci-drug-formulary-1.1.0',
  'hl7.fhir.us.davinci-drug-formulary-2.0.1',
];
const combination =
  'http://hl7.org/fhir/StructureDefinition/capabilitystatement-search-parameter-combination';
const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('name the folder of packages');

const lines = guides.flatMap((guide) =>
  Object.entries(declaredBy(guide)).map(
    ([type, declared]) => `${JSON.stringify(`${guide} ${type}`)}:${JSON.stringify(declared)}`,
  ),
);
writeFileSync(new URL('../test/fhir/guide-searches.json', import.meta.url), `{\n${lines.join(',\n')}\n}\n`);

function declaredBy(guide: string): Record<string, Declared> {
  const definitions = readPackage(guide);
  const params = definitions.filter((one) => one['resourceType'] === 'SearchParameter');
  const found: Record<string, Declared> = {};
  for (const resource of definitions.flatMap(serverResources)) {
    const type = String(resource['type']);
    found[type] ??= { params: {}, combinations: [], includes: [], revIncludes: [] };
    const declared = found[type];
    for (const { name, type: kind, definition } of list(resource['searchParam'])) {
      const own = params.find(
        (one) => one['url'] === definition || (one['code'] === name && strings(one['base']).includes(type)),
      );
      declared.params[String(name)] = {
        type: String(kind),
        ...some('comparators', strings(own?.['comparator'])),
        ...some('modifiers', strings(own?.['modifier'])),
        ...some('chains', strings(own?.['chain'])),
      };
    }
    for (const { url, extension } of list(resource['extension'])) {
      if (url !== combination) continue;
      const names = list(extension).flatMap((one) =>
        one['url'] === 'required' ? [String(one['valueString'])] : [],
      );
      add(declared.combinations, names.join('&'));
    }
    for (const include of strings(resource['searchInclude']))
      add(declared.includes, include.includes(':') ? include : `${type}:${include}`);
    for (const include of strings(resource['searchRevInclude'])) add(declared.revIncludes, include);
  }
  return found;
}

function serverResources(capability: Json): Json[] {
  return list(capability['rest'])
    .filter(({ mode }) => mode === 'server')
    .flatMap(({ resource }) => list(resource));
}

function readPackage(name: string): Json[] {
  const place = mkdtempSync(join(tmpdir(), 'guide-searches-'));
  try {
    execFileSync('tar', ['xzf', join(folder!, `${name}.tgz`), '-C', place]);
    return readdirSync(join(place, 'package'))
      .filter((file) => /^(CapabilityStatement|SearchParameter)-.*\.json$/.test(file))
      .sort()
      .map((file) => JSON.parse(readFileSync(join(place, 'package', file), 'utf8')) as Json);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function some(name: string, values: string[]): Record<string, string[]> {
  return values.length === 0 ? {} : { [name]: values };
}

function add(to: string[], value: string): void {
  if (!to.includes(value)) to.push(value);
}
