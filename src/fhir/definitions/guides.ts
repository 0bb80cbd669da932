// The guides that are served, as facts: made by scripts/build-guides.ts, read once at start.
import { readFileSync } from 'node:fs';
import type { GuideFacts } from './guide-facts.ts';

export function loadGuides(): readonly GuideFacts[] {
  return JSON.parse(readFileSync(new URL('guides.json', import.meta.url), 'utf8')) as GuideFacts[];
}

/** What a guide's own canonicals begin with: `http://hl7.org/fhir/us/core`. */
export function canonicalBase(guide: GuideFacts): string {
  return guide.capabilities[0]?.replace(/\/CapabilityStatement\/.*$/, '') ?? '';
}
