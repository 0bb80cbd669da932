// Reads the definitions out of a FHIR package (https://hl7.org/fhir/packages.html): a gzipped tar with `package/` in it.
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { GuidePackage } from './extract-guide.ts';

const gunzipAsync = promisify(gunzip);
/** Unpacked; the largest guides have a tenth of it. */
const largest = 500_000_000;
const wanted =
  /^package\/(StructureDefinition|ValueSet|CodeSystem|ImplementationGuide|SearchParameter|CapabilityStatement)-[^/]+\.json$/;

interface Named {
  readonly resourceType?: string;
  readonly packageId?: string;
  readonly version?: string;
  readonly dependsOn?: readonly { readonly packageId?: string; readonly version?: string }[];
}

/** @throws when the file is no package, or holds no ImplementationGuide that says which it is */
export async function readPackage(path: string): Promise<GuidePackage> {
  const tar = await gunzipAsync(await readFile(path), { maxOutputLength: largest });
  const definitions: Named[] = [];
  for (let at = 0; at + 512 <= tar.length; ) {
    const name = tar.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
    const size = Number.parseInt(tar.toString('ascii', at + 124, at + 136), 8) || 0;
    if (wanted.test(name))
      definitions.push(JSON.parse(tar.toString('utf8', at + 512, at + 512 + size)) as Named);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  const guide = definitions.find(({ resourceType }) => resourceType === 'ImplementationGuide');
  if (guide?.packageId === undefined || guide.version === undefined)
    throw new Error(`${path}: holds no ImplementationGuide with packageId and version`);
  const dependsOn = guide.dependsOn?.map((one) => `${one.packageId} ${one.version}`) ?? [];
  return { name: guide.packageId, version: guide.version, definitions, dependsOn };
}
