// The guides that are served, as facts: made by scripts/build-guides.ts, read once at start.
import { readFileSync } from 'node:fs';
import type { GuideDemands } from './guide-demands.ts';

export function loadGuides(): readonly GuideDemands[] {
  return JSON.parse(readFileSync(new URL('guide-demands.json', import.meta.url), 'utf8')) as GuideDemands[];
}

/** What a guide's own canonicals begin with: `http://hl7.org/fhir/us/core`. */
export function canonicalBase(guide: GuideDemands): string {
  return guide.capabilities[0]?.replace(/\/CapabilityStatement\/.*$/, '') ?? '';
}
