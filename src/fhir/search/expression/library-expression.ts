// Evaluates a search expression with the FHIRPath library (https://hl7.org/fhirpath/N1/), for what compile-expression.ts does
// not know: the definitions that come with Portico need none of it, those of a guide that is added may. The library is loaded
// when it is needed first, for it takes a quarter of a second and 40 MB.
import { createRequire } from 'node:module';
import type * as fhirpath from 'fhirpath';
import { type Selector, UnsupportedExpression } from './compile-expression.ts';

type Library = typeof fhirpath;
const require = createRequire(import.meta.url);

/**
 * @param base path of what is given to the selector, where that is no resource: `Observation.component`
 * @throws {UnsupportedExpression} naming the expression
 */
export function libraryExpression(expression: string, resourceType: string, base?: string): Selector {
  const library = require('fhirpath') as Library;
  const model = require('fhirpath/fhir-context/r4') as fhirpath.Model;
  const text = withoutResolve(expression);
  let evaluate: (value: unknown) => unknown[];
  try {
    evaluate = library.compile(base === undefined ? text : { base, expression: text }, model, {
      resolveInternalTypes: false,
    }) as (value: unknown) => unknown[];
  } catch {
    throw new UnsupportedExpression(`${resourceType}: the expression '${expression}' cannot be compiled`);
  }
  return (value) => {
    const found = resultOf(() => evaluate(value));
    const types = library.types(found);
    return (library.resolveInternalTypes(found) as unknown[]).map((one, position) => ({
      type: types[position]?.startsWith('FHIR.') === true ? types[position].slice('FHIR.'.length) : undefined,
      value: one,
    }));
  };
}

/** What cannot be evaluated of a resource is not found there; the library's message may show the data. */
function resultOf(evaluate: () => unknown[]): unknown[] {
  try {
    return evaluate();
  } catch {
    return [];
  }
}

/** What a reference leads to is not at hand when a resource is indexed; its type is, in the reference. */
function withoutResolve(expression: string): string {
  return expression.replace(
    /resolve\(\) is ([A-Z][A-Za-z]+)/g,
    (_match, type: string) =>
      `iif(reference.exists(), reference.matches('(^|/)${type}/[^/]+(/_history/[^/]+)?$'), type = '${type}')`,
  );
}
