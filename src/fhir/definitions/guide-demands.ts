// What a guide demands of a server, taken from its package: the CapabilityStatement's interactions, parameters, combinations,
// includes and profiles with their expectations, and the SearchParameters behind them. Facts only, no prose.
// https://hl7.org/fhir/R4/capabilitystatement.html, https://hl7.org/fhir/R4/searchparameter.html
import { expressionErrata } from './expression-errata.ts';

export type Expectation = 'SHALL' | 'SHOULD' | 'MAY' | 'SHALL-NOT' | '';

export interface GuideParam {
  /** Canonical of its SearchParameter. */
  readonly url: string;
  readonly type: string;
  /** Empty of `special` parameters. */
  readonly expression: string;
  readonly targets?: readonly string[];
  readonly comparators?: Readonly<Record<string, Expectation>>;
  readonly modifiers?: Readonly<Record<string, Expectation>>;
  /** Parameters that may follow a dot. */
  readonly chains?: readonly string[];
  readonly multipleOr?: Expectation;
  readonly multipleAnd?: Expectation;
  readonly components?: readonly GuideComponent[];
}

/** A part of a composite parameter. */
export interface GuideComponent {
  readonly definition: string;
  readonly code: string;
  readonly type: string;
  /** Relative to what the parameter's own expression selects. */
  readonly expression: string;
}

export interface GuideResource {
  readonly profiles: readonly string[];
  readonly interactions: Readonly<Record<string, Expectation>>;
  /** Name of the parameter → its expectation and canonical. */
  readonly params: Readonly<
    Record<string, { readonly expectation: Expectation; readonly definition: string }>
  >;
  readonly combinations: readonly { readonly params: readonly string[]; readonly expectation: Expectation }[];
  readonly includes: Readonly<Record<string, Expectation>>;
  readonly revIncludes: Readonly<Record<string, Expectation>>;
  readonly operations: Readonly<
    Record<string, { readonly expectation: Expectation; readonly definition: string }>
  >;
}

export interface GuideDemands {
  /** `us-core-6.1.0`. */
  readonly id: string;
  readonly package: string;
  readonly version: string;
  /** CapabilityStatements of servers: `canonical|version`. */
  readonly capabilities: readonly string[];
  /** Interactions with the whole system. */
  readonly system: Readonly<Record<string, Expectation>>;
  readonly resources: Readonly<Record<string, GuideResource>>;
  /** By `Type.code`. */
  readonly searchParams: Readonly<Record<string, GuideParam>>;
}

export type Json = Readonly<Record<string, unknown>>;

const expectationUrl = 'http://hl7.org/fhir/StructureDefinition/capabilitystatement-expectation';
const combinationUrl =
  'http://hl7.org/fhir/StructureDefinition/capabilitystatement-search-parameter-combination';

/**
 * @param known search parameters that the guide may name without repeating them: R4's own by `Type.code`, those of guides
 * that it builds on by canonical.
 * @param isServer which CapabilityStatements count.
 */
export function guideDemands(
  name: { readonly id: string; readonly package: string; readonly version: string },
  resources: readonly Json[],
  known: ReadonlyMap<string, Json>,
  isServer: (capability: Json) => boolean = () => true,
): GuideDemands {
  const own = resources.filter((resource) => resource['resourceType'] === 'SearchParameter');
  const ownByUrl = new Map(own.map((definition) => [text(definition['url']), definition]));
  const ownByName = new Map(own.flatMap((definition) => namesOf(definition).map((key) => [key, definition])));
  const capabilities = resources.filter(
    (resource) =>
      resource['resourceType'] === 'CapabilityStatement' &&
      list(resource['rest']).some((rest) => rest['mode'] === 'server') &&
      isServer(resource),
  );
  const found: Record<string, GuideResource> = {};
  const searchParams: Record<string, GuideParam> = {};
  const serverRests = capabilities.flatMap((capability) =>
    list(capability['rest']).filter((rest) => rest['mode'] === 'server'),
  );
  for (const rest of serverRests)
    for (const resource of list(rest['resource'])) {
      const type = text(resource['type']);
      found[type] = merge(found[type], resourceFacts(resource));
    }
  const add = (type: string, code: string, url: string): void => {
    const definition =
      ownByUrl.get(url) ??
      ownByName.get(`${type}.${code}`) ??
      known.get(url) ??
      known.get(`${type}.${code}`) ??
      known.get(`Resource.${code}`);
    if (definition !== undefined)
      searchParams[`${type}.${code}`] = paramFacts(
        type,
        code,
        definition,
        (url) => ownByUrl.get(url) ?? known.get(url),
      );
  };
  for (const [type, resource] of Object.entries(found))
    for (const [code, { definition }] of Object.entries(resource.params)) add(type, code, definition);
  // A guide may include by a parameter of R4 that it does not declare.
  for (const [type, resource] of Object.entries(found))
    for (const include of [...Object.keys(resource.includes), ...Object.keys(resource.revIncludes)]) {
      const [source, code] = include.includes(':') ? include.split(':') : [type, include];
      if (code !== '*' && searchParams[`${source}.${code}`] === undefined) add(source!, code!, '');
    }
  // Some guides list a parameter only by its definition.
  for (const key of ownByName.keys()) {
    const [type, code] = key.split('.') as [string, string];
    if (searchParams[key] === undefined) add(type, code, '');
  }
  return {
    ...name,
    capabilities: capabilities.map(
      (capability) => `${text(capability['url'])}|${text(capability['version'])}`,
    ),
    system: Object.assign({}, ...serverRests.map((rest) => interactionsOf(rest))) as GuideDemands['system'],
    resources: sorted(found),
    searchParams: sorted(searchParams),
  };
}

function resourceFacts(resource: Json): GuideResource {
  const combinations = list(resource['extension'])
    .filter((extension) => extension['url'] === combinationUrl)
    .map((extension) => {
      const parts = list(extension['extension']);
      return {
        params: parts.filter((part) => part['url'] === 'required').map((part) => text(part['valueString'])),
        expectation: expectationOf({ extension: parts }),
      };
    });
  const named = (key: string, nameKey: string) =>
    Object.fromEntries(
      list(resource[key]).map((entry) => [
        text(entry[nameKey]),
        { expectation: expectationOf(entry), definition: text(entry['definition']) },
      ]),
    );
  return {
    profiles: strings(resource['supportedProfile']),
    interactions: interactionsOf(resource),
    params: named('searchParam', 'name'),
    combinations,
    includes: expectations(resource, 'searchInclude'),
    revIncludes: expectations(resource, 'searchRevInclude'),
    operations: named('operation', 'name'),
  };
}

function interactionsOf(owner: Json): Record<string, Expectation> {
  return Object.fromEntries(
    list(owner['interaction']).map((entry) => [text(entry['code']), expectationOf(entry)]),
  );
}

/** Two CapabilityStatements of one guide ask for the union. */
function merge(known: GuideResource | undefined, more: GuideResource): GuideResource {
  if (known === undefined) return more;
  const combinations = new Map(
    [...known.combinations, ...more.combinations].map((entry) => [entry.params.join(), entry]),
  );
  return {
    profiles: [...new Set([...known.profiles, ...more.profiles])],
    interactions: { ...known.interactions, ...more.interactions },
    params: { ...known.params, ...more.params },
    combinations: [...combinations.values()],
    includes: { ...known.includes, ...more.includes },
    revIncludes: { ...known.revIncludes, ...more.revIncludes },
    operations: { ...known.operations, ...more.operations },
  };
}

function paramFacts(
  type: string,
  code: string,
  definition: Json,
  named: (url: string) => Json | undefined,
): GuideParam {
  const targets = strings(definition['target']);
  const chains = strings(definition['chain']);
  const components = list(definition['component']).flatMap((component): GuideComponent[] => {
    const url = text(component['definition']);
    const part = named(url);
    if (part === undefined) return [];
    const expression = text(component['expression']);
    return [{ definition: url, code: text(part['code']), type: text(part['type']), expression }];
  });
  const flag = (key: string): { [name: string]: Expectation } =>
    definition[key] === true
      ? { [key]: expectationOf((definition[`_${key}`] as Json | undefined) ?? {}) }
      : {};
  const listed = (name: string, key: string): { [name: string]: Readonly<Record<string, Expectation>> } => {
    const values = expectations(definition, key);
    return Object.keys(values).length === 0 ? {} : { [name]: values };
  };
  return {
    url: text(definition['url']),
    type: text(definition['type']),
    expression: expressionErrata[`${type}.${code}`] ?? expressionFor(type, text(definition['expression'])),
    ...(targets.length === 0 ? {} : { targets }),
    ...listed('comparators', 'comparator'),
    ...listed('modifiers', 'modifier'),
    ...(chains.length === 0 ? {} : { chains }),
    ...flag('multipleOr'),
    ...flag('multipleAnd'),
    ...(components.length === 0 ? {} : { components }),
  };
}

/** Of a union over several types only the parts of this one. */
export function expressionFor(type: string, expression: string): string {
  const parts = expression
    .split('|')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const own = parts.filter((part) => new RegExp(`^\\(*${type === '*' ? 'Resource' : type}\\b`).test(part));
  return (own.length > 0 ? own : parts).join(' | ');
}

/** R4's own search parameters as `guideDemands` looks for them: by canonical and by `Type.code`. */
export function knownParameters(base: readonly Json[]): Map<string, Json> {
  return new Map(
    base.flatMap((definition) =>
      [text(definition['url']), ...namesOf(definition)].map((key) => [key, definition] as const),
    ),
  );
}

/** `Type.code` of each type that a SearchParameter is for. */
export function namesOf(definition: Json): string[] {
  return strings(definition['base']).map((type) => `${type}.${text(definition['code'])}`);
}

/** A list of primitives with the expectations in its `_` sibling. */
function expectations(owner: Json, key: string): Record<string, Expectation> {
  const beside = (owner[`_${key}`] as readonly (Json | null)[] | undefined) ?? [];
  return Object.fromEntries(
    strings(owner[key]).map((value, index) => [value, expectationOf(beside[index] ?? {})]),
  );
}

function expectationOf(element: Json): Expectation {
  const found = list(element['extension']).find((extension) => extension['url'] === expectationUrl);
  return text(found?.['valueCode']) as Expectation;
}

function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function sorted<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
