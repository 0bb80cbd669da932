// The resources in a FHIR package: a gzipped tar with JSON files in `package/`
// (https://confluence.hl7.org/display/FHIR/NPM+Package+Specification).
import { gunzipSync } from 'node:zlib';
import type { Json } from './guide-demands.ts';

const definitionFile = /^package\/[A-Z][A-Za-z]+-[^/]+\.json$/;
/** Of the unpacked tar. The largest official package has 60 MB. */
const largest = 512 * 1024 * 1024;

/** @throws Error for what is no gzipped tar of JSON files */
export function* packageResources(archive: Buffer): Generator<Json> {
  const tar = gunzipSync(archive, { maxOutputLength: largest });
  for (let at = 0; at + 512 <= tar.length; ) {
    const name = tar.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
    const digits = tar
      .toString('ascii', at + 124, at + 136)
      .replace(/\0.*$/s, '')
      .trim();
    if (!/^[0-7]*$/.test(digits)) throw new Error('a file of the archive has no size');
    const size = Number.parseInt(digits, 8) || 0;
    if (definitionFile.test(name)) yield JSON.parse(tar.toString('utf8', at + 512, at + 512 + size)) as Json;
    at += 512 + Math.ceil(size / 512) * 512;
  }
}
