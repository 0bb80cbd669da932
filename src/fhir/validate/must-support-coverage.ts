// Which must-support elements of which profile the resources at hand have (https://hl7.org/fhir/us/core/must-support.html):
// an element, slice or extension counts once it has a value in any resource of the profile; of a choice any type does.
import type { KnownProfile } from '../definitions/load-profiles.ts';
import type { CompiledProfile, ElementCheck } from './compile-profile.ts';
import {
  isDataAbsent,
  isObject,
  type Json,
  type Occurrence,
  occurrence,
  occurrencesOf,
  ownerOf,
} from './occurrences.ts';
import { type JudgeKit, sliceContext } from './profile-judge.ts';
import { ResourceScope } from './resource-scope.ts';
import type { SliceContext } from './slices.ts';

export interface ProfileCoverage {
  /** `url|version` */
  readonly profile: string;
  /** How many resources were of it. */
  readonly resources: number;
  readonly mustSupport: number;
  /** Ids of the elements that must be supported, in the order of the profile. */
  readonly elements: readonly string[];
  /** Those of them that no resource has. */
  readonly missing: readonly string[];
}

const deepest = 40;

interface Seen {
  readonly compiled: CompiledProfile;
  readonly elements: Set<ElementCheck>;
  resources: number;
}

export class MustSupportCoverage {
  readonly #kit: JudgeKit;
  readonly #seen = new Map<string, Seen>();

  constructor(kit: JudgeKit) {
    this.#kit = kit;
  }

  /** Of a canonical without a version the newest is meant; one that is not known or is of another type counts for nothing. */
  add(resource: Json, profiles: readonly string[]): void {
    for (const canonical of profiles) {
      const compiled = this.#kit.profile(canonical);
      if (compiled === undefined || compiled.type !== resource['resourceType']) continue;
      const seen = this.#seen.get(compiled.canonical) ?? { compiled, elements: new Set(), resources: 0 };
      this.#seen.set(compiled.canonical, seen);
      seen.resources++;
      const scope = new ResourceScope(resource, resource, undefined);
      const context = sliceContext(this.#kit, scope, () => true);
      this.#mark(seen.elements, compiled.root, occurrence(resource, compiled.type, undefined), context, 0);
    }
  }

  /** Of the profiles that resources were of, and of `others` that none was of. */
  report(others: readonly string[] = []): ProfileCoverage[] {
    const found = [...this.#seen.values()].map((seen) => coverageOf(seen));
    const unseen = others
      .map((canonical) => this.#kit.profile(canonical))
      .filter((compiled) => compiled !== undefined && !this.#seen.has(compiled.canonical))
      .map((compiled) => coverageOf({ compiled: compiled!, elements: new Set(), resources: 0 }));
    return [...found, ...unseen]
      .filter(({ mustSupport }) => mustSupport > 0)
      .sort((a, b) => (a.profile < b.profile ? -1 : 1));
  }

  #mark(
    seen: Set<ElementCheck>,
    check: ElementCheck,
    found: Occurrence,
    context: SliceContext,
    depth: number,
  ): void {
    if (depth > deepest || isDataAbsent(found)) return;
    if (isOfTypes(check, found)) seen.add(check);
    const owner = ownerOf(found);
    if (owner === undefined) return;
    for (const child of check.children)
      for (const value of occurrencesOf(owner, child, found.path)) {
        this.#mark(seen, child, value, context, depth + 1);
        for (const slice of child.slices)
          if (this.#kit.matcher(child, slice)(value, context) === 'yes')
            this.#mark(seen, slice, value, context, depth + 1);
      }
  }
}

/** The newest version of each profile on a resource that a guide brings, with elements that must be supported. */
export function newestProfiles(profiles: readonly KnownProfile[]): string[] {
  const newest = new Map<string, KnownProfile>();
  // The library has the newest version of a canonical first.
  for (const known of profiles)
    if (known.facts.type !== 'Extension' && !newest.has(known.facts.url)) newest.set(known.facts.url, known);
  return [...newest.values()]
    .filter(({ facts }) => facts.elements.some(({ mustSupport }) => mustSupport === true))
    .map(({ canonical }) => canonical);
}

function coverageOf({ compiled, elements, resources }: Seen): ProfileCoverage {
  const demanded = [...compiled.elements].filter(([, check]) => check.mustSupport);
  return {
    profile: compiled.canonical,
    resources,
    mustSupport: demanded.length,
    elements: demanded.map(([id]) => id),
    missing: demanded.filter(([, check]) => !elements.has(check)).map(([id]) => id),
  };
}

/** A choice that the profile narrows is not had by having another type. */
function isOfTypes({ types, stem }: ElementCheck, { type, value }: Occurrence): boolean {
  if (types === undefined || stem === undefined || type === undefined) return value !== null;
  return types.some(({ code }) => code === type) && (isObject(value) || value !== undefined);
}
