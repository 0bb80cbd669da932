// Evaluates a search expression with the FHIRPath library (https://hl7.org/fhirpath/N1/), for what compile-expression.ts does
// not know: the definitions that come with Portico need none of it, those of a guide that is added may. The library is loaded
// when it is needed first, for it takes a quarter of a second and 40 MB.
import { createRequire } from 'node:module';
import type * as fhirpath from 'fhirpath';
import { interruptible, mayBacktrack } from '../../interruptible.ts';
import { type Selector, type TypedNode, UnsupportedExpression } from './compile-expression.ts';

type Library = typeof fhirpath;
const require = createRequire(import.meta.url);
/** For one resource. What takes longer, or fails, finds nothing there. */
const millisecondsAtMost = 1000;
/** After so many an expression is no longer evaluated: an import must come to its end. */
const overrunsAtMost = 20;

/**
 * @param base path of what is given to the selector, where that is no resource: `Observation.component`
 * @throws {UnsupportedExpression} naming the expression
 */
export function libraryExpression(expression: string, resourceType: string, base?: string): Selector {
  const library = require('fhirpath') as Library;
  const model = require('fhirpath/fhir-context/r4') as fhirpath.Model;
  const text = withoutResolve(expression);
  let evaluate: (value: unknown) => unknown[];
  let until = Number.POSITIVE_INFINITY;
  try {
    evaluate = library.compile(base === undefined ? text : { base, expression: text }, model, {
      resolveInternalTypes: false,
      // `trace` would write what a record holds.
      traceFn: () => undefined,
      // Called after each step.
      debugger: () => {
        if (performance.now() > until) throw new Overrun();
      },
    } as never) as unknown as (value: unknown) => unknown[];
  } catch {
    throw new UnsupportedExpression(`${resourceType}: the expression '${expression}' cannot be compiled`);
  }
  // The library's clock stands still while a regular expression is matched.
  const run = mayBacktrack(expression)
    ? <T>(work: () => T): T => interruptible(millisecondsAtMost, work)
    : <T>(work: () => T): T => work();
  let overruns = 0;
  const nodesOf = (value: unknown): TypedNode[] => {
    const found = run(() => evaluate(value));
    const types = library.types(found);
    return (library.resolveInternalTypes(found) as unknown[]).map((one, position) => ({
      type: types[position]?.startsWith('FHIR.') === true ? types[position].slice('FHIR.'.length) : undefined,
      value: one,
    }));
  };
  return (value) => {
    if (overruns >= overrunsAtMost) return [];
    until = performance.now() + millisecondsAtMost;
    try {
      return nodesOf(value);
    } catch {
      // The library's message may show the data.
      if (performance.now() > until) overruns++;
      if (overruns === overrunsAtMost)
        process.emitWarning(`${resourceType}: the expression '${expression}' takes too long and is given up`);
      return [];
    }
  };
}

class Overrun extends Error {}

/** What a reference leads to is not at hand when a resource is indexed; its type is, in the reference. */
function withoutResolve(expression: string): string {
  return expression.replace(
    /resolve\(\) is ([A-Z][A-Za-z]+)/g,
    (_match, type: string) =>
      `iif(reference.exists(), reference.matches('(^|/)${type}/[^/]+(/_history/[^/]+)?$'), type = '${type}')`,
  );
}
