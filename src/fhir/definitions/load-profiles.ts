// The facts of the guides that validation works with: those that come with Portico and those that were added, in memory. Two versions of
// one canonical stand side by side.
import { readFacts } from './facts-file.ts';
import {
  type GuideFacts,
  type InvariantFacts,
  type ProfileFacts,
  urlOf,
  type ValueSetFacts,
} from './guide-facts.ts';
import { isBaseType } from './r4-elements.ts';

export interface KnownProfile {
  /** `url|version` */
  readonly canonical: string;
  readonly facts: ProfileFacts;
  /** Of its guide; the elements count these. */
  readonly invariants: readonly InvariantFacts[];
  /** `name-version` of the package. */
  readonly guide: string;
}

export interface ProfileLibrary {
  /** Of a canonical with a version that one, else all versions, the newest first; of an unknown canonical none. */
  find(canonical: string): readonly KnownProfile[];
  /** What R4 itself says of a type. */
  base(type: string): KnownProfile | undefined;
  /** What it was made of, base R4 first. */
  readonly guideFacts: readonly GuideFacts[];
  /** All but base R4's types. */
  readonly profiles: readonly KnownProfile[];
  valueSet(canonical: string): ValueSetFacts | undefined;
  /** Undefined where no package has all codes. */
  codeSystem(url: string): ReadonlySet<string> | undefined;
}

/** The facts that come with Portico. */
export const ownProfiles = new URL('profiles/', import.meta.url);

/** @param added what one of these has again counts instead of what comes with Portico */
export function loadProfiles(added: readonly GuideFacts[] = []): ProfileLibrary {
  return profileLibrary([...readFacts(ownProfiles), ...added]);
}

/** What a later guide has again counts instead of what an earlier one had. */
export function profileLibrary(guides: readonly GuideFacts[]): ProfileLibrary {
  const byUrl = new Map<string, KnownProfile[]>();
  const bases = new Map<string, KnownProfile>();
  const valueSets = new Map<string, ValueSetFacts>();
  const newestValueSet = new Map<string, ValueSetFacts>();
  const codeSystems = new Map<string, ReadonlySet<string>>();
  for (const { name, version, profiles, invariants, valueSets: sets, codeSystems: systems } of guides) {
    for (const facts of profiles) {
      const canonical = `${facts.url}|${facts.version}`;
      const known = { canonical, facts, invariants, guide: `${name}-${version}` };
      if (isBaseType(facts)) bases.set(facts.type, known);
      const versions = (byUrl.get(facts.url) ?? []).filter((one) => one.canonical !== canonical);
      versions.push(known);
      byUrl.set(facts.url, versions);
    }
    for (const [canonical, facts] of Object.entries(sets)) {
      valueSets.set(canonical, facts);
      newestValueSet.set(urlOf(canonical), facts);
    }
    for (const [url, codes] of Object.entries(systems)) codeSystems.set(url, new Set(codes));
  }
  for (const versions of byUrl.values())
    versions.sort((a, b) => compareVersions(b.facts.version, a.facts.version));
  return {
    find(canonical) {
      const versions = byUrl.get(urlOf(canonical)) ?? [];
      return canonical.includes('|') ? versions.filter((one) => one.canonical === canonical) : versions;
    },
    base: (type) => bases.get(type),
    guideFacts: guides,
    profiles: [...byUrl.values()].flat().filter((known) => !isBaseType(known.facts)),
    valueSet: (canonical) => valueSets.get(canonical) ?? newestValueSet.get(canonical),
    codeSystem: (url) => codeSystems.get(url),
  };
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split(/[.-]/), b.split(/[.-]/)];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = Number(left[at] ?? 0) - Number(right[at] ?? 0);
    if (Number.isNaN(difference)) return a < b ? -1 : 1;
    if (difference !== 0) return difference;
  }
  return 0;
}
