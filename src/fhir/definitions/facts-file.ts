// Facts of guides as files: one JSON file for each package, base R4's among them, a line for each profile, value set and code
// system, so that a change can be read.
import { readdirSync, readFileSync } from 'node:fs';
import type { GuideFacts } from './guide-facts.ts';

export function factsFileName({ name, version }: GuideFacts): string {
  return `${name}-${version}.json`;
}

export function factsText({
  name,
  version,
  profiles,
  invariants,
  valueSets,
  codeSystems,
}: GuideFacts): string {
  return `{"name":${JSON.stringify(name)},"version":${JSON.stringify(version)},
"profiles":${list(profiles)},
"invariants":${list(invariants)},
"valueSets":${object(valueSets)},
"codeSystems":${object(codeSystems)}}
`;
}

/** Base R4 first, whose name comes before those of the guides. @param folder ends in `/` */
export function readFacts(folder: URL): GuideFacts[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as GuideFacts);
}

function list(values: readonly unknown[]): string {
  return `[\n${values.map((one) => JSON.stringify(one)).join(',\n')}\n]`;
}

function object(values: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(values)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  return `{\n${lines.join(',\n')}\n}`;
}
