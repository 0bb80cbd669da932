// Facts of FHIR and of the guides, as data: made by scripts/build-definitions.ts, read once at start.
import { readFileSync } from 'node:fs';
import { type Choices, choicesOf } from '../search/expression/compile-expression.ts';
import { isSelectable } from '../search/expression/selector-of.ts';
import type { AddedGuide } from './added-guides.ts';
import type { GuideDemands, GuideParam } from './guide-demands.ts';
import { loadGuides } from './guides.ts';
import { loadProfiles, type ProfileLibrary } from './load-profiles.ts';
import { loadStructure, type Structure } from './r4-structure.ts';
import { statusElements } from './status-elements.ts';
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
  /** Resource type → the status element without which no app is shown a resource. */
  readonly statusElements: Readonly<Record<string, string>>;
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
  const structure = loadStructure();
  const choices = choicesOf(structure);
  for (const { demands } of added) addParams(params, demands, choices);
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
    structure,
    patientCompartment: read('compartment-patient.json'),
    statusElements,
  };
}

/** A name that stands in a query without meaning anything else there, and in the index beside what is made of others. */
const ownName = /^[A-Za-z][\w-]{0,63}$/;

/**
 * A parameter that is known stays as it is: other guides search by it. What cannot be searched is left out, so that no guide
 * keeps the server from its other work.
 */
function addParams(
  params: ReadonlyMap<string, Map<string, SearchParam>>,
  guide: GuideDemands,
  choices: Choices,
): void {
  for (const [name, param] of Object.entries(guide.searchParams)) {
    const [type, code] = name.split('.') as [string, string];
    const known = params.get(type);
    if (known === undefined) continue;
    const before = known.get(code);
    if (before !== undefined) {
      known.set(code, { ...before, guides: [...before.guides, guide.id] });
      continue;
    }
    const added = addedParam(type, code, param, guide.id);
    if (added !== undefined && isSearchable(added, choices)) known.set(code, added);
  }
}

/** Undefined for a type of parameter that R4 does not have. */
function addedParam(type: string, code: string, param: GuideParam, guide: string): SearchParam | undefined {
  const kinds: ReadonlySet<string> = new Set(searchParamTypes);
  const components = param.components ?? [];
  if (![param, ...components].every((one) => kinds.has(one.type))) return undefined;
  const raw = { ...param, code, type: param.type as SearchParamType, guides: [guide] };
  return {
    ...raw,
    resourceType: type,
    targets: targetsOf(raw),
    components: components.map(({ code: part, type: kind, expression }) => ({
      code: part,
      type: kind as SearchParamType,
      expression,
    })),
  };
}

function isSearchable(
  { code, type, expression, resourceType, components }: SearchParam,
  choices: Choices,
): boolean {
  // What is special has a meaning of its own, which no definition tells.
  if (!ownName.test(code) || type === 'special' || expression === '') return false;
  if (!isSelectable(choices, expression, resourceType)) return false;
  if (type !== 'composite') return true;
  return (
    components.length === 2 &&
    components.every(
      (part) =>
        part.type !== 'composite' &&
        part.type !== 'special' &&
        isSelectable(choices, part.expression, '', expression),
    )
  );
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
