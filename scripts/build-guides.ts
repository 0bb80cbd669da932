// Writes src/fhir/definitions/guide-demands.json: what each guide demands of a server, from the official packages.
// Usage: node scripts/build-guides.ts FOLDER_OF_PACKAGES (the .tgz packages and the base search parameters, .json.gz)
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { guideDemands, type Json, namesOf } from '../src/fhir/definitions/guide-demands.ts';
import { packageResources } from '../src/fhir/definitions/package-resources.ts';
import { baseSearchParameters } from './base-search-parameters.ts';
import { guidePackages } from './guide-packages.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('name the folder of packages');
const known = new Map(
  baseSearchParameters(folder).flatMap((definition) =>
    namesOf(definition).map((key) => [key, definition] as const),
  ),
);
// What a server gives to other payers and to providers is another API than what a member's app reads.
const isServer = (capability: Json): boolean =>
  !/(payer|provider)-access-server$/.test(String(capability['url']));

const rows: string[] = [];
for (const [id, packageName] of guidePackages) {
  const at = packageName.lastIndexOf('-');
  const name = { id, package: packageName.slice(0, at), version: packageName.slice(at + 1) };
  const resources = [...packageResources(readFileSync(join(folder, `${packageName}.tgz`)))];
  rows.push(JSON.stringify(guideDemands(name, resources, known, isServer)));
  for (const resource of resources)
    if (resource['resourceType'] === 'SearchParameter') known.set(String(resource['url']), resource);
}
writeFileSync(
  new URL('../src/fhir/definitions/guide-demands.json', import.meta.url),
  `[\n${rows.join(',\n')}\n]\n`,
);
