// The facts of one guide that validation needs, as they stand in a file: profiles and extensions as what they demand beyond
// base R4 (https://hl7.org/fhir/R4/profiling.html), value sets as codes, invariants as expressions. No prose.

export interface GuideFacts {
  /** Of the package: `hl7.fhir.us.core`, `6.1.0`. */
  readonly name: string;
  readonly version: string;
  readonly profiles: readonly ProfileFacts[];
  readonly invariants: readonly InvariantFacts[];
  /** By `url|version`. */
  readonly valueSets: Readonly<Record<string, ValueSetFacts>>;
  /** All codes of complete code systems, by url. */
  readonly codeSystems: Readonly<Record<string, readonly string[]>>;
}

/** A profile on a resource, an extension, or a type of base R4. */
export interface ProfileFacts {
  readonly url: string;
  readonly version: string;
  readonly type: string;
  /** Canonical, with the version where it is known. */
  readonly base?: string;
  /** Where an extension may stand: `element Patient`, `fhirpath …`. */
  readonly context?: readonly string[];
  /** Of an extension that may only be a modifierExtension. */
  readonly modifier?: true;
  readonly elements: readonly ElementFacts[];
}

/** What is absent is as in base R4, for a slice as in what is sliced. */
export interface ElementFacts {
  /** Below the type: '' for the whole, `identifier:NPI.system`. */
  readonly id: string;
  readonly min?: number;
  /** Infinity is not JSON: `*`. */
  readonly max?: number | '*';
  readonly types?: readonly TypeFacts[];
  readonly slicing?: SlicingFacts;
  readonly fixed?: unknown;
  readonly pattern?: unknown;
  readonly binding?: BindingFacts;
  /** `maxValueSet` of the binding: beyond the extensible one no code may go. */
  readonly outermost?: string;
  readonly mustSupport?: true;
  /** Positions in the guide's invariants. */
  readonly invariants?: readonly number[];
}

/** A code alone, or with profiles of the type and profiles of what a reference leads to; base R4's by name alone. */
export type TypeFacts =
  | string
  | { readonly code: string; readonly profiles?: readonly string[]; readonly targets?: readonly string[] };

export interface SlicingFacts {
  readonly by: readonly (readonly [type: DiscriminatorType, path: string])[];
  /** Open where absent. */
  readonly rules?: 'closed' | 'openAtEnd';
  readonly ordered?: true;
}

export type DiscriminatorType = 'value' | 'pattern' | 'exists' | 'type' | 'profile';

export interface BindingFacts {
  /** Weaker ones demand nothing. */
  readonly strength: 'required' | 'extensible';
  /** `url|version` where the value set is in a package, else as the guide names it. */
  readonly valueSet: string;
}

export interface InvariantFacts {
  readonly key: string;
  /** An error where absent. */
  readonly severity?: 'warning';
  readonly expression: string;
}

export interface ValueSetFacts {
  readonly include: readonly IncludeFacts[];
  readonly exclude?: readonly IncludeFacts[];
}

export interface IncludeFacts {
  readonly system?: string;
  /** The whole system where absent. */
  readonly codes?: readonly string[];
  /** All of these must hold the code. */
  readonly valueSets?: readonly string[];
  /** Only some codes of the system, by a filter that the package cannot answer. */
  readonly some?: true;
}

/** The part of a canonical before its version. */
export function urlOf(canonical: string): string {
  const bar = canonical.indexOf('|');
  return bar < 0 ? canonical : canonical.slice(0, bar);
}
