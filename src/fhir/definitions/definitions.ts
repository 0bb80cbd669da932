// Facts of FHIR and of the guides, as data: made by scripts/build-definitions.ts, read once at start.
import { readFileSync } from 'node:fs';
import type { GuideDemands } from './guide-demands.ts';
import { loadGuides } from './guides.ts';
import { loadStructure, type Structure } from './r4-structure.ts';
import { loadTerminology, type Terminology } from './terminology.ts';

/** https://hl7.org/fhir/R4/valueset-search-param-type.html */
export type SearchParamType =
  | 'token'
  | 'reference'
  | 'date'
  | 'string'
  | 'quantity'
  | 'number'
  | 'uri'
  | 'composite'
  | 'special';

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
  readonly terminology: Terminology;
  readonly structure: Structure;
  /** Resource type → parameters that put it into a Patient's compartment. */
  readonly patientCompartment: Readonly<Record<string, readonly string[]>>;
}

type RawParam = Omit<SearchParam, 'resourceType' | 'targets' | 'components'> &
  Partial<Pick<SearchParam, 'targets' | 'components'>>;

export function loadDefinitions(): Definitions {
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
    guides: loadGuides(),
    searchParams: (type) => [...(params.get(type)?.values() ?? [])],
    searchParam: (type, code) => params.get(type)?.get(code) ?? anyCase.get(type)?.get(code.toLowerCase()),
    terminology: loadTerminology(),
    structure: loadStructure(),
    patientCompartment: read('compartment-patient.json'),
  };
}

/** An expression that ends in a type is narrower than the list of targets, which is that of the whole element. */
function targetsOf({ expression, targets = [] }: RawParam): readonly string[] {
  const narrowed = /\.where\(resolve\(\) is ([A-Z][A-Za-z]+)\)$/.exec(expression)?.[1];
  return narrowed === undefined ? targets : [narrowed];
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as T;
}
