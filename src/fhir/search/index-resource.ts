// The index rows of a resource: every search parameter of its type, compiled once, or evaluated by the FHIRPath library.
import type { Definitions, SearchParam } from '../definitions/definitions.ts';
import type { FhirResource } from '../fhir-resource.ts';
import { type Choices, choicesOf, type TypedNode } from './expression/compile-expression.ts';
import { selectorOf } from './expression/selector-of.ts';
import type { IndexRow } from './param-types/param-type.ts';
import { paramTypes } from './param-types/param-types.ts';

export interface IndexedRow {
  /** The parameter's code; `code#n` for the n-th component of a composite, `code:modifier` for what is beside the value. */
  readonly param: string;
  readonly row: IndexRow;
}

type Indexer = (resource: FhirResource, rows: IndexedRow[]) => void;

/** @throws {UnsupportedExpression} when a definition has an expression that cannot be compiled */
export function buildIndexer(definitions: Definitions): (resource: FhirResource) => IndexedRow[] {
  const byType = new Map<string, readonly Indexer[]>();
  const choices = choicesOf(definitions.structure);
  for (const type of definitions.servedTypes)
    byType.set(
      type,
      definitions.searchParams(type).map((param) => indexerOf(param, choices)),
    );
  return (resource) => {
    const rows: IndexedRow[] = [];
    for (const index of byType.get(resource.resourceType) ?? []) index(resource, rows);
    return rows;
  };
}

function indexerOf(param: SearchParam, choices: Choices): Indexer {
  const select = selectorOf(choices, param.expression, param.resourceType);
  if (param.type !== 'composite') {
    const type = paramTypes[param.type];
    const beside = Object.entries(type.beside ?? {}).map(
      ([modifier, index]) => [`${param.code}:${modifier}`, index] as const,
    );
    return (resource, rows) => {
      const nodes = select(resource);
      if (nodes.length === 0) return;
      for (const row of type.index(nodes, 0)) rows.push({ param: param.code, row });
      for (const [name, index] of beside) for (const row of index(nodes)) rows.push({ param: name, row });
    };
  }
  const components = param.components.map((component, position) => ({
    name: `${param.code}#${position}`,
    type: paramTypes[component.type],
    select: selectorOf(choices, component.expression, '', param.expression),
  }));
  return (resource, rows) => {
    for (const [ord, element] of select(resource).entries()) {
      for (const { name, type, select: part } of components) {
        const nodes: TypedNode[] = part(element.value);
        for (const row of type.index(nodes, ord)) rows.push({ param: name, row });
      }
    }
  };
}
