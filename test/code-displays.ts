// What the code systems in the packages of the guides call their codes, and a walk over all objects of a value.
import { readFileSync } from 'node:fs';
import { packageResources } from '../src/fhir/definitions/package-resources.ts';

export type Json = Record<string, unknown>;

export function* objects(value: unknown, name = ''): Generator<[name: string, value: Json]> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield [name, value as Json];
  for (const [key, inner] of Object.entries(value)) yield* objects(inner, Array.isArray(value) ? name : key);
}

/** Null for a code that its system lacks, undefined where the package does not have the whole system. */
export type DisplayOf = (coding: Json) => string | null | undefined;

export function displaysIn(packageFile: string): DisplayOf {
  const systems = new Map<unknown, Map<unknown, string>>();
  for (const resource of packageResources(readFileSync(packageFile))) {
    if (resource['resourceType'] !== 'CodeSystem' || resource['content'] !== 'complete') continue;
    const codes = new Map<unknown, string>();
    for (const [name, { code, display }] of objects(resource['concept'], 'concept'))
      if (name === 'concept') codes.set(code, display as string);
    systems.set(resource['url'], codes);
  }
  return ({ system, code }) => {
    const codes = systems.get(system);
    return codes === undefined ? undefined : (codes.get(code) ?? null);
  };
}
