// Codes of value sets and hierarchies of code systems, as far as the committed definitions can list them
// (https://hl7.org/fhir/R4/valueset.html#expansion). Read when it is asked for first.
import { readdirSync, readFileSync } from 'node:fs';
import { type GuideFacts, type IncludeFacts, urlOf } from './guide-facts.ts';

export interface ValueSetCode {
  readonly system: string;
  readonly code: string;
}

export interface Terminology {
  /** @param url with or without a version; the newest where it has none. Undefined when the codes cannot be listed. */
  codesOf(url: string): readonly ValueSetCode[] | undefined;
  /** The code and all that is above or below it; undefined when the hierarchy of the system is not known. */
  lineage(system: string, code: string, direction: 'above' | 'below'): readonly string[] | undefined;
}

type ValueSets = Pick<GuideFacts, 'valueSets' | 'codeSystems'>;
/** Code system → code → codes right below it; all codes of the system, those at the top under ''. */
type Hierarchies = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

const deepest = 20;

export function loadTerminology(): Terminology {
  return createTerminology(once(readValueSets), once(readHierarchies));
}

export function createTerminology(
  valueSets: () => readonly ValueSets[],
  hierarchies: () => Hierarchies,
): Terminology {
  const expansions = new Map<string, readonly ValueSetCode[] | undefined>();
  const expand = (url: string, depth: number): readonly ValueSetCode[] | undefined => {
    if (depth > deepest) return undefined;
    if (!expansions.has(url) && isKnown(valueSets(), url))
      expansions.set(
        url,
        expandOne(valueSets(), url, (other) => expand(other, depth + 1)),
      );
    return expansions.get(url);
  };
  return {
    codesOf: (url) => expand(url, 0),
    lineage(system, code, direction) {
      const below = hierarchies().get(system);
      if (below === undefined) return undefined;
      const next = (of: string): readonly string[] =>
        direction === 'below'
          ? (below.get(of) ?? [])
          : [...below.keys()].filter((parent) => parent !== '' && below.get(parent)!.includes(of));
      const found = new Set([code]);
      for (const one of found) for (const other of next(one)) found.add(other);
      return [...found];
    },
  };
}

function isKnown(all: readonly ValueSets[], url: string): boolean {
  return all.some(({ valueSets }) => keyOf(valueSets, url) !== undefined);
}

/** Of a url without version the last one. */
function keyOf(valueSets: ValueSets['valueSets'], url: string): string | undefined {
  if (url.includes('|')) return url in valueSets ? url : undefined;
  return Object.keys(valueSets).findLast((key) => urlOf(key) === url);
}

function expandOne(
  all: readonly ValueSets[],
  url: string,
  expand: (url: string) => readonly ValueSetCode[] | undefined,
): readonly ValueSetCode[] | undefined {
  const facts = all.findLast(({ valueSets }) => keyOf(valueSets, url) !== undefined)!;
  const { include, exclude = [] } = facts.valueSets[keyOf(facts.valueSets, url)!]!;
  const parts = [...include, ...exclude].map((part) => codesOfInclude(all, part, expand));
  if (!parts.every((part) => part !== undefined)) return undefined;
  const codes = new Map(
    parts
      .slice(0, include.length)
      .flat()
      .map((one) => [`${one.system}|${one.code}`, one]),
  );
  for (const { system, code } of parts.slice(include.length).flat()) codes.delete(`${system}|${code}`);
  return [...codes.values()];
}

function codesOfInclude(
  all: readonly ValueSets[],
  { system, codes, valueSets = [], some }: IncludeFacts,
  expand: (url: string) => readonly ValueSetCode[] | undefined,
): readonly ValueSetCode[] | undefined {
  if (some === true) return undefined;
  const lists = valueSets.map(expand);
  if (system !== undefined) {
    const whole = codes ?? all.findLast(({ codeSystems }) => system in codeSystems)?.codeSystems[system];
    lists.push(whole?.map((code) => ({ system, code })));
  }
  const [first, ...others] = lists;
  if (first === undefined || !others.every((list) => list !== undefined)) return undefined;
  return first.filter((one) =>
    others.every((list) => list.some(({ system: of, code }) => of === one.system && code === one.code)),
  );
}

/** Of two guides that define one value set the later one counts: newer versions come later. */
function readValueSets(): ValueSets[] {
  return readdirSync(new URL('profiles/', import.meta.url))
    .sort()
    .map((name) => read<ValueSets>(`profiles/${name}`));
}

function readHierarchies(): Hierarchies {
  const systems = Object.entries(read<Record<string, Record<string, string[]>>>('code-hierarchies.json'));
  return new Map(systems.map(([system, below]) => [system, new Map(Object.entries(below))]));
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as T;
}
