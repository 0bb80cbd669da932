// R4's own search parameters, from the base specification's Bundle.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Json } from '../src/fhir/definitions/guide-demands.ts';

/** @param folder holds the Bundle as `…search-parameters….json.gz` */
export function baseSearchParameters(folder: string): Json[] {
  const file = readdirSync(folder).find(
    (name) => name.includes('search-parameters') && name.endsWith('.json.gz'),
  );
  if (file === undefined) throw new Error(`${folder} has no search parameters of the base specification`);
  const bundle = JSON.parse(gunzipSync(readFileSync(join(folder, file))).toString()) as {
    entry: { resource: Json }[];
  };
  return bundle.entry.map((entry) => entry.resource);
}
