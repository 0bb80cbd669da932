// Facts of FHIR and of the guides, as data: made by scripts/build-definitions.ts, read once at start.
import { readFileSync } from 'node:fs';
import type { AddedGuide } from './added-guides.ts';
import type { GuideDemands } from './guide-demands.ts';
import { loadGuides } from './guides.ts';
import { loadProfiles, type ProfileLibrary } from './load-profiles.ts';
import { loadStructure, type Structure } from './r4-structure.ts';
import { loadTerminology, once, type Terminology } from './terminology.ts';

/** https://hl7.org/fhir/R4/valueset-search-param-type.html */
export type SearchParamType = (typeof searchParamTypes)[number];
const searchParamTypes = [
  ...(['token', 'reference', 'date', 'string', 'quantity', 'number'] as const),
  ...(['uri', 'composite', 'special'] as const),
];

export interface SearchParamComponent {
  readonly code: string;
  readonly type: SearchParamType;
  /** Relative to what the parameter's own expression selects. */
  readonly expression: string;
}

export interface SearchParam {
  readonly resourceType: string;
  readonly code: string;
  readonly type: SearchParamType;
  readonly expression: string;
  readonly targets: readonly string[];
  readonly components: readonly SearchParamComponent[];
  readonly url: string;
  /** The guides that declare it, e.g. `us-core-6.1.0`. */
  readonly guides: readonly string[];
}

export interface Definitions {
  /** Of Portico. */
  readonly version: string;
  /** Of the definitions, ISO. */
  readonly date: string;
  /** All of R4, sorted; a type's position is its number in the database and never changes. */
  readonly resourceTypes: readonly string[];
  readonly servedTypes: ReadonlySet<string>;
  readonly guides: readonly GuideDemands[];
  searchParams(type: string): readonly SearchParam[];
  /** A name that is declared with capitals (DrugPlan) is found in any case: the seed writes `drugplan`. */
  searchParam(type: string, code: string): SearchParam | undefined;
  /** Read when it is asked for first. */
  readonly profiles: () => ProfileLibrary;
  readonly terminology: Terminology;
  readonly structure: Structure;
  /** Resource type → parameters that put it into a Patient's compartment. */
  readonly patientCompartment: Readonly<Record<string, readonly string[]>>;
}

type RawParam = Omit<SearchParam, 'resourceType' | 'targets' | 'components'> &
  Partial<Pick<SearchParam, 'targets' | 'components'>>;

/** @param added beside the guides that come with Portico */
export function loadDefinitions(added: readonly AddedGuide[] = []): Definitions {
  const resourceTypes = read<string[]>('resource-types.json');
  const served = read<string[]>('served-types.json');
  const raw = read<Record<string, RawParam[]>>('search-parameters.json');
  const params = new Map<string, Map<string, SearchParam>>();
  for (const type of served) {
    const all = [...(raw[type] ?? []), ...(raw['*'] ?? [])];
    params.set(
      type,
      new Map(
        all.map((param) => [
          param.code,
          { ...param, resourceType: type, targets: targetsOf(param), components: param.components ?? [] },
        ]),
      ),
    );
  }
  for (const { demands } of added) addParams(params, demands);
  const profiles = once(() => loadProfiles(added.map((guide) => guide.facts)));
  const anyCase = new Map(
    [...params].map(([type, byCode]) => [
      type,
      new Map(
        [...byCode]
          .filter(([code]) => /[A-Z]/.test(code))
          .map(([code, param]) => [code.toLowerCase(), param]),
      ),
    ]),
  );
  return {
    version: '0.1.0',
    date: '2026-11-24',
    resourceTypes,
    servedTypes: new Set(served),
    guides: [...loadGuides(), ...added.map((guide) => guide.demands)],
    profiles,
    searchParams: (type) => [...(params.get(type)?.values() ?? [])],
    searchParam: (type, code) => params.get(type)?.get(code) ?? anyCase.get(type)?.get(code.toLowerCase()),
    terminology: loadTerminology(profiles),
    structure: loadStructure(),
    patientCompartment: read('compartment-patient.json'),
  };
}

/** A parameter that is known stays as it is: other guides search by it. */
function addParams(params: ReadonlyMap<string, Map<string, SearchParam>>, guide: GuideDemands): void {
  for (const [name, param] of Object.entries(guide.searchParams)) {
    const [type, code] = name.split('.') as [string, string];
    const known = params.get(type);
    // `_id` and `_lastUpdated` are no rows of an index.
    if (known === undefined || code === '_id' || code === '_lastUpdated' || param.expression === '') continue;
    // What is special has a meaning of its own, which no definition tells.
    if (param.type === 'special' || !searchParamTypes.includes(param.type as SearchParamType)) continue;
    const raw = { ...param, code, type: param.type as SearchParamType, guides: [guide.id] };
    const components = (param.components ?? []).map(({ code: part, type: kind, expression }) => ({
      code: part,
      type: kind as SearchParamType,
      expression,
    }));
    const before = known.get(code);
    known.set(
      code,
      before === undefined
        ? { ...raw, resourceType: type, targets: targetsOf(raw), components }
        : { ...before, guides: [...before.guides, guide.id] },
    );
  }
}

/** An expression that ends in a type is narrower than the list of targets, which is that of the whole element. */
function targetsOf({
  expression,
  targets = [],
}: Pick<RawParam, 'expression' | 'targets'>): readonly string[] {
  const narrowed = /\.where\(resolve\(\) is ([A-Z][A-Za-z]+)\)$/.exec(expression)?.[1];
  return narrowed === undefined ? targets : [narrowed];
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as T;
}
