// Codes of value sets and hierarchies of code systems, as far as the committed definitions can list them
// (https://hl7.org/fhir/R4/valueset.html#expansion). Read when it is asked for first.
import { readFileSync } from 'node:fs';
import type { IncludeFacts } from './guide-facts.ts';
import { loadProfiles, ownProfiles, type ProfileLibrary } from './load-profiles.ts';

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

/** Code system → code → codes right below it; all codes of the system, those at the top under ''. */
type Hierarchies = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

const deepest = 20;

export function loadTerminology(): Terminology {
  return createTerminology(
    once(() => loadProfiles([ownProfiles])),
    once(readHierarchies),
  );
}

export function createTerminology(
  library: () => Pick<ProfileLibrary, 'valueSet' | 'codeSystem'>,
  hierarchies: () => Hierarchies,
): Terminology {
  const expansions = new Map<string, readonly ValueSetCode[] | undefined>();

  function expand(url: string, depth: number): readonly ValueSetCode[] | undefined {
    const known = expansions.get(url);
    if (known !== undefined || depth > deepest) return known;
    const facts = library().valueSet(url);
    // Nothing is kept of what is not known: anyone may ask for anything.
    if (facts === undefined) return undefined;
    const { include, exclude = [] } = facts;
    const parts = [...include, ...exclude].map((part) => codesOfInclude(part, depth));
    if (!parts.every((part) => part !== undefined)) return undefined;
    const codes = new Map(
      parts
        .slice(0, include.length)
        .flat()
        .map((one) => [`${one.system}|${one.code}`, one]),
    );
    for (const { system, code } of parts.slice(include.length).flat()) codes.delete(`${system}|${code}`);
    expansions.set(url, [...codes.values()]);
    return expansions.get(url);
  }

  function codesOfInclude(
    { system, codes, valueSets = [], some }: IncludeFacts,
    depth: number,
  ): readonly ValueSetCode[] | undefined {
    if (some === true) return undefined;
    const lists = valueSets.map((url) => expand(url, depth + 1));
    if (system !== undefined) {
      const whole = codes ?? library().codeSystem(system);
      lists.push(whole === undefined ? undefined : [...whole].map((code) => ({ system, code })));
    }
    const [first, ...others] = lists;
    if (first === undefined || !others.every((list) => list !== undefined)) return undefined;
    return first.filter((one) =>
      others.every((list) => list.some(({ system: of, code }) => of === one.system && code === one.code)),
    );
  }

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
