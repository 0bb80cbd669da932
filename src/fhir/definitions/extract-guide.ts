// From the definitions of one package to the facts of its guide: a pure function, for the committed facts
// (scripts/build-profiles.ts) and for guides that are added later.

import { extractProfiles, type KnownProfile, type StructureDefinition } from './extract-profiles.ts';
import { type CodeSystem, extractValueSet, hierarchyOf, type ValueSet } from './extract-value-sets.ts';
import { type GuideFacts, type IncludeFacts, urlOf, type ValueSetFacts } from './guide-facts.ts';
import { r4Elements } from './r4-elements.ts';
import type { Structure } from './r4-structure.ts';

interface ImplementationGuide {
  readonly packageId?: string;
  readonly version?: string;
  readonly dependsOn?: readonly { readonly packageId?: string; readonly version?: string }[];
}

export interface GuidePackage {
  readonly name: string;
  readonly version: string;
  /** StructureDefinitions, ValueSets and CodeSystems; others are passed over. */
  readonly definitions: readonly object[];
  /** Packages that it builds on, as `name version`. */
  readonly dependsOn: readonly string[];
}

/** @throws when no ImplementationGuide among the resources says which package they are */
export function guidePackage(resources: Iterable<object>): GuidePackage {
  const definitions = [...resources];
  const guide = ofType<ImplementationGuide>(definitions, 'ImplementationGuide')[0];
  if (guide?.packageId === undefined || guide.version === undefined)
    throw new Error('the package holds no ImplementationGuide with packageId and version');
  const dependsOn = guide.dependsOn?.map((one) => `${one.packageId} ${one.version}`) ?? [];
  return { name: guide.packageId, version: guide.version, definitions, dependsOn };
}

/**
 * @param others facts of what the package may refer to, base R4 first (none while base R4's own are made); where a canonical
 * names no version, the one of a package that this one depends on is meant, else the last one
 */
export function extractGuide(
  { name, version, definitions, dependsOn }: GuidePackage,
  structure: Structure,
  others: readonly GuideFacts[],
): GuideFacts {
  const nearest = others.toSorted(
    (a, b) =>
      Number(dependsOn.includes(`${a.name} ${a.version}`)) -
      Number(dependsOn.includes(`${b.name} ${b.version}`)),
  );
  const structures = ofType<StructureDefinition>(definitions, 'StructureDefinition');
  const valueSets = ofType<ValueSet>(definitions, 'ValueSet');
  const codeSystems = ofType<CodeSystem>(definitions, 'CodeSystem');
  const hierarchies = new Map(codeSystems.map((system) => [system.url, hierarchyOf(system)]));
  const valueSetNamed = namer(
    valueSets.map((one) => `${one.url}|${one.version ?? version}`),
    nearest.map((guide) => Object.keys(guide.valueSets)),
  );
  const profileNamed = namer(
    structures.map((one) => `${one.url}|${one.version ?? version}`),
    nearest.map((guide) => guide.profiles.map((one) => `${one.url}|${one.version}`)),
  );
  const { profiles, invariants } = extractProfiles(structures, {
    version,
    r4: r4Elements(structure, others[0]),
    valueSetNamed,
    profileNamed,
    known: (canonical) => knownProfile(nearest, canonical),
  });
  const sets = valueSets.map((one): [string, ValueSetFacts] => [
    `${one.url}|${one.version ?? version}`,
    extractValueSet(one, (system) => hierarchies.get(system), valueSetNamed),
  ]);
  const whole = wholeSystems(sets.map(([, facts]) => facts));
  return {
    name,
    version,
    profiles,
    invariants,
    valueSets: Object.fromEntries(sets),
    codeSystems: Object.fromEntries(
      [...hierarchies]
        .filter(([url, hierarchy]) => hierarchy !== undefined && whole.has(url))
        .map(([url, hierarchy]) => [url, [...hierarchy!.parents.keys()]]),
    ),
  };
}

function ofType<Definition>(definitions: readonly object[], type: string): Definition[] {
  return definitions.filter(
    (one) => (one as { readonly resourceType?: unknown }).resourceType === type,
  ) as Definition[];
}

/** Adds the version to a canonical: the one of the package itself, else that of the last of the others. */
function namer(
  own: readonly string[],
  others: readonly (readonly string[])[],
): (canonical: string) => string {
  const exact = new Set([...others.flat(), ...own]);
  const byUrl = new Map([...others.flat(), ...own].map((canonical) => [urlOf(canonical), canonical]));
  // A version that no package holds is as good as none: the definition is judged by the nearest that is at hand.
  return (canonical) => (exact.has(canonical) ? canonical : (byUrl.get(urlOf(canonical)) ?? canonical));
}

function knownProfile(others: readonly GuideFacts[], canonical: string): KnownProfile | undefined {
  const url = urlOf(canonical);
  const found = others.flatMap((guide) =>
    guide.profiles
      .filter((profile) => profile.url === url)
      .map((profile) => ({ profile, invariants: guide.invariants })),
  );
  return found.find(({ profile }) => `${url}|${profile.version}` === canonical) ?? found.at(-1);
}

/** Systems that a value set takes whole. */
export function wholeSystems(sets: readonly ValueSetFacts[]): Set<string> {
  const parts = sets.flatMap(({ include, exclude = [] }): IncludeFacts[] => [...include, ...exclude]);
  return new Set(
    parts.filter(({ codes, some }) => codes === undefined && some !== true).map(({ system }) => system ?? ''),
  );
}
