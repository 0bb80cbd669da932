// From the ValueSets and CodeSystems of a package to lists of codes (https://hl7.org/fhir/R4/valueset.html#compositions).
// A filter is answered where its code system is in the package with its hierarchy; else the value set says that it holds
// only some codes of the system.
import type { IncludeFacts, ValueSetFacts } from './guide-facts.ts';

export interface ValueSet {
  readonly resourceType: string;
  readonly url: string;
  readonly version?: string;
  readonly compose?: {
    readonly include?: readonly Include[];
    readonly exclude?: readonly Include[];
  };
}

export interface CodeSystem {
  readonly resourceType: string;
  readonly url: string;
  readonly content?: string;
  readonly concept?: readonly Concept[];
}

interface Include {
  readonly system?: string;
  readonly valueSet?: readonly string[];
  readonly concept?: readonly { readonly code: string }[];
  readonly filter?: readonly Filter[];
}

interface Filter {
  readonly property: string;
  readonly op: string;
  readonly value: string;
}

interface Concept {
  readonly code: string;
  readonly concept?: readonly Concept[];
  readonly property?: readonly { readonly code: string; readonly [value: string]: unknown }[];
}

/** All codes of a code system with what is above each; undefined when the package does not hold them all. */
export interface Hierarchy {
  readonly parents: ReadonlyMap<string, readonly string[]>;
}

export function hierarchyOf(system: CodeSystem): Hierarchy | undefined {
  if (system.content !== 'complete' || system.concept === undefined) return undefined;
  const parents = new Map<string, string[]>();
  const visit = (concepts: readonly Concept[], above: string | undefined): void => {
    for (const { code, concept = [], property = [] } of concepts) {
      const known = parents.get(code) ?? [];
      if (above !== undefined) known.push(above);
      for (const { code: name, ...value } of property)
        if (name === 'subsumedBy' || name === 'parent') known.push(...Object.values(value).map(String));
      parents.set(code, known);
      visit(concept, code);
    }
  };
  visit(system.concept, undefined);
  return { parents };
}

export function extractValueSet(
  { compose = {} }: ValueSet,
  hierarchies: (system: string) => Hierarchy | undefined,
  valueSetNamed: (canonical: string) => string,
): ValueSetFacts {
  const extract = (include: Include): IncludeFacts => {
    const { system, valueSet = [], concept, filter = [] } = include;
    const codes = concept?.map(({ code }) => code) ?? filtered(filter, hierarchies(system ?? ''));
    return {
      ...(system === undefined ? {} : { system }),
      ...(codes === undefined ? {} : { codes }),
      ...(valueSet.length === 0 ? {} : { valueSets: valueSet.map(valueSetNamed) }),
      ...(filter.length > 0 && codes === undefined ? { some: true } : {}),
    };
  };
  const { include = [], exclude = [] } = compose;
  return {
    include: include.map(extract),
    ...(exclude.length === 0 ? {} : { exclude: exclude.map(extract) }),
  };
}

/** Undefined without filters, and where they cannot be answered. */
function filtered(filters: readonly Filter[], hierarchy: Hierarchy | undefined): string[] | undefined {
  if (filters.length === 0 || hierarchy === undefined) return undefined;
  let codes = [...hierarchy.parents.keys()];
  for (const { property, op, value } of filters) {
    if (property !== 'concept' || (op !== 'is-a' && op !== 'descendent-of')) return undefined;
    if (!hierarchy.parents.has(value)) return undefined;
    codes = codes.filter((code) => (code === value ? op === 'is-a' : isBelow(hierarchy, code, value)));
  }
  return codes;
}

function isBelow({ parents }: Hierarchy, code: string, above: string, seen = new Set<string>()): boolean {
  if (seen.has(code)) return false;
  seen.add(code);
  return (parents.get(code) ?? []).some(
    (parent) => parent === above || isBelow({ parents }, parent, above, seen),
  );
}
