// Scopes: which exist, and what a set of granted ones may reach. No wildcards exist.
// https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
import { categoryRule, categoryScopeOf, categoryScopes } from './category-scopes.ts';
import { dataClasses, memberTypes, referenceTypes, referredTypes, type TypeFilter } from './data-classes.ts';

export const protocolScopes: readonly string[] = [
  'openid',
  'profile',
  'fhirUser',
  'offline_access',
  'online_access',
  'launch/patient',
];

const resourceSuffixes = ['read', 'rs', 'r', 's'];
const resourceTypes = [...new Set([...memberTypes, ...referenceTypes, ...referredTypes])];

/** `patientapi.claims.read` and its like, one for each data class. */
export const classScopes: readonly string[] = dataClasses.map(
  (dataClass) => `patientapi.${dataClass.code}.read`,
);

export const resourceScopes: readonly string[] = ['patient', 'user'].flatMap((context) =>
  resourceTypes.flatMap((type) => resourceSuffixes.map((suffix) => `${context}/${type}.${suffix}`)),
);

/** `patient/Observation.rs?category=…|laboratory` and its like. */
export const granularScopes: readonly string[] = ['patient', 'user'].flatMap((context) =>
  categoryScopes.flatMap(({ type, category }) =>
    ['rs', 'r', 's'].map((suffix) => `${context}/${type}.${suffix}?category=${category}`),
  ),
);

/** Every scope an authorization server of ours knows: `scopes_supported`. */
export const supportedScopes: readonly string[] = [
  ...protocolScopes,
  ...classScopes,
  ...resourceScopes,
  ...granularScopes,
];

/** Search parameters that scopes narrow by. */
export const narrowingParams: ReadonlySet<string> = new Set(
  [...dataClasses.flatMap(({ rules }) => rules), ...categoryScopes.map(categoryRule)].flatMap(({ filters }) =>
    filters.map(({ param }) => param),
  ),
);

/** Whether a scope gives data of a record, as opposed to identity, launch context or refresh. */
export function isDataScope(scope: string): boolean {
  return scope.startsWith('patientapi.') || scope.startsWith('patient/') || scope.startsWith('user/');
}

/** Any of these alternatives suffices; inside one, all filters must hold. `[[]]`: all of the type; `[]`: none. */
export type Narrowing = readonly (readonly TypeFilter[])[];

/** Kept apart by interaction, so that a broad grant to read never widens a narrow grant to search. */
export interface Permission {
  readonly read: Narrowing;
  readonly search: Narrowing;
}

/** Resource type → what may be done with it. A type that is absent may not be touched. */
export type Permissions = ReadonlyMap<string, Permission>;

/**
 * What a granted scope string allows, by resource type. Unknown scopes allow nothing.
 * Reference types come with any data scope: a record is unreadable without its practitioners and organizations.
 */
export function permissionsOf(scope: string): Permissions {
  const permissions = new Map<string, { read: TypeFilter[][]; search: TypeFilter[][] }>();
  const allow = (type: string, filters: readonly TypeFilter[], read: boolean, search: boolean) => {
    const permission = permissions.get(type) ?? { read: [], search: [] };
    permissions.set(type, permission);
    if (read) permission.read.push([...filters]);
    if (search) permission.search.push([...filters]);
  };
  let anyData = false;
  for (const item of new Set(scope.split(' '))) {
    if (!supportedSet.has(item) || !isDataScope(item)) continue;
    anyData = true;
    const byClass = /^patientapi\.([a-z]+)\.read$/.exec(item);
    if (byClass !== null) {
      const dataClass = dataClasses.find((candidate) => candidate.code === byClass[1]);
      for (const rule of dataClass?.rules ?? []) allow(rule.type, rule.filters, true, true);
      continue;
    }
    const [, type, suffix] = /^(?:patient|user)\/([A-Za-z]+)\.(read|rs|r|s)(?:\?|$)/.exec(item) ?? [];
    const category = categoryScopeOf(item);
    const filters = category === undefined ? [] : categoryRule(category).filters;
    if (type !== undefined) allow(type, filters, suffix !== 's', suffix !== 'r');
  }
  if (anyData) {
    for (const type of supportingTypes) permissions.set(type, { read: [[]], search: [[]] });
  }
  for (const permission of permissions.values()) {
    permission.read = withoutNarrowed(permission.read);
    permission.search = withoutNarrowed(permission.search);
  }
  return permissions;
}

/** Without any token: the provider directory (42 CFR 431.70, 438.242(b)(6)) and the formulary. */
export const publicPermissions: Permissions = new Map(
  referenceTypes.map((type) => [type, { read: [[]], search: [[]] }]),
);

/** Alternatives that together leave nothing out are the whole type. */
function withoutNarrowed(alternatives: TypeFilter[][]): TypeFilter[][] {
  const single = alternatives.flatMap((filters) => (filters.length === 1 ? filters : []));
  const isLetIn = (param: string, code: string) =>
    single.some((filter) => filter.exclude !== true && filter.param === param && filter.codes.includes(code));
  const isWhole =
    alternatives.some((filters) => filters.length === 0) ||
    single.some(
      ({ exclude, param, codes }) => exclude === true && codes.every((code) => isLetIn(param, code)),
    );
  return isWhole ? [[]] : withLetInTogether(alternatives);
}

/** What is let in by one parameter is one alternative, however many scopes let it in. */
function withLetInTogether(alternatives: TypeFilter[][]): TypeFilter[][] {
  const letIn = new Map<string, Set<string>>();
  const others: TypeFilter[][] = [];
  for (const filters of alternatives) {
    const [only] = filters;
    if (filters.length !== 1 || only === undefined || only.exclude === true) others.push(filters);
    else letIn.set(only.param, new Set([...(letIn.get(only.param) ?? []), ...only.codes]));
  }
  return [...[...letIn].map(([param, codes]): TypeFilter[] => [{ param, codes: [...codes] }]), ...others];
}

/** What any data scope brings along. A Binary is a member's document, so it comes with that class only. */
const supportingTypes = [...referenceTypes, ...referredTypes].filter((type) => !memberTypes.includes(type));

const supportedSet: ReadonlySet<string> = new Set(supportedScopes);
