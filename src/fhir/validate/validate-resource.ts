// Holds a resource against the profiles that it declares or that are named (https://hl7.org/fhir/R4/profiling.html). Nothing
// is fetched, work is bounded, and texts name elements only.

import { urlOf } from '../definitions/guide-facts.ts';
import { loadProfiles, type ProfileLibrary } from '../definitions/load-profiles.ts';
import { loadStructure, type Structure } from '../definitions/r4-structure.ts';
import { BaseCheck } from './check-base.ts';
import { fhirPathPlace } from './fhirpath-place.ts';
import { loadInvariants } from './invariants.ts';
import { MustSupportCoverage } from './must-support-coverage.ts';
import { isObject, type Json } from './occurrences.ts';
import { type Budget, JudgeKit, ProfileJudge } from './profile-judge.ts';
import type { ProfileProblem } from './profile-problem.ts';
import { ResourceScope } from './resource-scope.ts';

/** What one profile, or base R4, finds. */
export interface ProfileReport {
  /** `url|version` of what judged; as declared where it is not known. */
  readonly profile: string;
  readonly isBase: boolean;
  readonly problems: readonly ProfileProblem[];
}

export interface ValidateOptions {
  /** Beside those that the resource declares. */
  readonly profiles?: readonly string[];
  /** The same, where they are of the resource's type. */
  readonly profilesOfType?: readonly string[];
  /** Base R4 judges too where no profile does. */
  readonly base?: boolean;
  /** For this resource with everything in it; what takes longer is told and left. */
  readonly milliseconds?: number;
}

/** The resource is of R4's structure (check-structure.ts). Empty where nothing judges it. */
export type ValidateResource = (resource: Json, options?: ValidateOptions) => ProfileReport[];

export interface Validator {
  readonly validate: ValidateResource;
  readonly library: ProfileLibrary;
  /** A path of a problem as FHIRPath. */
  readonly fhirPath: (path: string) => string;
  /** Sees which must-support elements the resources have that it is given. */
  coverage(): MustSupportCoverage;
}

const millisecondsAtMost = 2000;
const profilesAtMost = 20;

/** Opened by the first who validates: definitions and the library for invariants take a while. */
export function validatorOnDemand(folders: readonly URL[]): () => Promise<Validator> {
  let opened: Promise<Validator> | undefined;
  return () => {
    opened ??= openValidator(loadProfiles(folders), loadStructure());
    return opened;
  };
}

export async function openValidator(
  library: ProfileLibrary,
  structure: Structure,
  now: () => number = () => performance.now(),
): Promise<Validator> {
  const kit = new JudgeKit(library, structure, await loadInvariants());
  return {
    library,
    fhirPath: fhirPathPlace(structure),
    validate: (resource, options = {}) => validate(kit, resource, options, now),
    coverage: () => new MustSupportCoverage(kit),
  };
}

function validate(
  kit: JudgeKit,
  resource: Json,
  { profiles = [], profilesOfType = [], base = false, milliseconds = millisecondsAtMost }: ValidateOptions,
  now: () => number,
): ProfileReport[] {
  const type = String(resource['resourceType']);
  const ofType = profilesOfType.filter((one) =>
    kit.library.find(one).some(({ facts }) => facts.type === type),
  );
  const wanted = [...new Set([...declaredProfiles(resource), ...profiles, ...ofType])].slice(
    0,
    profilesAtMost,
  );
  if (wanted.length === 0 && !base) return [];
  const budget: Budget = { now, until: now() + milliseconds, isOver: false, asked: 0 };
  const scope = new ResourceScope(resource, resource, undefined);
  const bound = new Set<string>();
  const reports: ProfileReport[] = [];
  for (const canonical of wanted) {
    if (urlOf(canonical) === `http://hl7.org/fhir/StructureDefinition/${type}`) continue;
    const { profile, judge } = judgedBy(kit, canonical, resource, scope, budget);
    for (const path of judge.bound) bound.add(path);
    reports.push({ profile, isBase: false, problems: judge.problems });
  }
  const judge = new ProfileJudge(kit, budget);
  new BaseCheck(kit, judge, bound).resource(resource, type, scope);
  if (budget.isOver)
    judge.add(
      'information',
      'not-finished',
      type,
      'the resource takes too long to check; the rest is not checked',
    );
  const name = kit.library.base(type)?.canonical ?? `http://hl7.org/fhir/StructureDefinition/${type}`;
  return [{ profile: name, isBase: true, problems: judge.problems }, ...reports];
}

/** What `meta.profile` names. */
export function declaredProfiles(resource: Json): string[] {
  const { meta } = resource;
  const profiles = isObject(meta) ? meta['profile'] : undefined;
  return Array.isArray(profiles) ? profiles.filter((one) => typeof one === 'string') : [];
}

/**
 * Where a canonical without a version has several, a resource is right that one of them finds right; else the one that
 * finds least wrong speaks, of equals the newest.
 */
function judgedBy(
  kit: JudgeKit,
  canonical: string,
  resource: Json,
  scope: ResourceScope,
  budget: Budget,
): { readonly profile: string; readonly judge: ProfileJudge } {
  const type = String(resource['resourceType']);
  const versions = kit.library.find(canonical);
  let best: { readonly profile: string; readonly judge: ProfileJudge } | undefined;
  for (const known of versions) {
    const judge = new ProfileJudge(kit, budget);
    const profile = kit.profile(known.canonical)!;
    if (profile.type === type) judge.resource(profile, resource, type, scope);
    else
      judge.add(
        'error',
        'profile-of-other-type',
        `${type}.meta.profile`,
        `the profile is one of ${profile.type}`,
      );
    if (best === undefined || judge.errors < best.judge.errors) best = { profile: known.canonical, judge };
    if (best.judge.errors === 0) return best;
  }
  if (best !== undefined) return best;
  const judge = new ProfileJudge(kit, budget);
  judge.add(
    'information',
    'unknown-profile',
    `${type}.meta.profile`,
    'the profile is not known here and not checked',
  );
  return { profile: printable(canonical), judge };
}

/** A canonical is a URL and no record content; what else stands there is not repeated. */
function printable(canonical: string): string {
  return /^(https?:\/\/|urn:)[\w./:%~|-]{1,200}$/.test(canonical) ? canonical : 'an unreadable canonical';
}
