// A FHIR package by name and version: from a file, from the user's package cache, or from a FHIR package registry
// (https://confluence.hl7.org/display/FHIR/FHIR+Package+Cache).
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Json } from '../fhir/definitions/guide-demands.ts';
import { packageResources } from '../fhir/definitions/package-resources.ts';

/** What is not found, or is not what it says; its message is for whoever asked. */
export class PackageError extends Error {}

export interface PackageName {
  readonly name: string;
  readonly version: string;
}

export interface PackagePlaces {
  readonly file?: string;
  readonly registry: string;
  readonly cache?: string;
}

export const publicRegistry = 'https://packages.fhir.org';
const archiveAtMost = 128 * 1024 * 1024;
const secondsAtMost = 120;

/** @throws {PackageError} */
export function parsePackageName(text: string): PackageName {
  const [, name, version] =
    /^([a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+)[@#](\d[A-Za-z0-9.+-]{0,40})$/.exec(text) ?? [];
  if (name === undefined || version === undefined)
    throw new PackageError(`'${text}' is no package: write NAME@VERSION, such as hl7.fhir.us.mcode@3.0.0`);
  return { name, version };
}

/** @throws {PackageError} */
export async function findPackage({ name, version }: PackageName, places: PackagePlaces): Promise<Json[]> {
  if (places.file !== undefined) {
    const { file } = places;
    const archive = await readFile(file).catch(() => {
      throw new PackageError(`${file} cannot be read`);
    });
    return unpacked(archive, file);
  }
  const cached = join(places.cache ?? join(homedir(), '.fhir', 'packages'), `${name}#${version}`, 'package');
  if (existsSync(cached)) return readCached(cached);
  const url = `${places.registry.replace(/\/$/, '')}/${name}/${version}`;
  return unpacked(await download(url), url);
}

function unpacked(archive: Buffer, from: string): Json[] {
  try {
    return [...packageResources(archive)];
  } catch {
    throw new PackageError(`${from} is no FHIR package: a gzipped tar of JSON files is expected`);
  }
}

async function readCached(folder: string): Promise<Json[]> {
  const resources: Json[] = [];
  for (const name of (await readdir(folder)).sort()) {
    if (!/^[A-Z][A-Za-z]+-.+\.json$/.test(name)) continue;
    try {
      resources.push(JSON.parse(await readFile(join(folder, name), 'utf8')) as Json);
    } catch {
      throw new PackageError(`${join(folder, name)} is no JSON`);
    }
  }
  return resources;
}

async function download(url: string): Promise<Buffer> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(secondsAtMost * 1000) }).catch(() => {
    throw new PackageError(
      `${url} does not answer. --file FILE.tgz reads a package that was downloaded before`,
    );
  });
  if (answer.status === 404) throw new PackageError(`the registry has no such package: ${url}`);
  if (!answer.ok || answer.body === null) throw new PackageError(`${url} answers ${answer.status}`);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of answer.body) {
    bytes += part.length;
    if (bytes > archiveAtMost) throw new PackageError(`${url} sends more than ${archiveAtMost} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
