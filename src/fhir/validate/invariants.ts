// Evaluates the invariants of profiles (https://hl7.org/fhir/R4/conformance-rules.html#constraints) by the FHIRPath library,
// each parsed once. What an expression asks that is not at hand, or what throws, says nothing of the resource.
import type { InvariantFacts } from '../definitions/guide-facts.ts';
import { whyWrong } from './known-guide-errors.ts';
import { isObject, type Json } from './occurrences.ts';

/** What an expression may ask beyond the resource. */
export interface InvariantContext {
  readonly resource: Json;
  /** What contains the resource, or itself. */
  readonly rootResource: Json;
  resolve(reference: Json): Json | undefined;
  targetType(reference: Json): string | undefined;
  isIn(valueSet: string, value: unknown): boolean | undefined;
}

export interface Invariants {
  /** @param base type or path of the element, undefined of a resource. Undefined when the expression cannot be judged. */
  holds(
    invariant: InvariantFacts,
    base: string | undefined,
    value: unknown,
    context: InvariantContext,
  ): boolean | undefined;
}

type Evaluate = (data: unknown, variables: Record<string, unknown>) => unknown[];

class NotAtHand extends Error {}

/** Nodes of the library's own. */
interface LibraryNode {
  readonly data: unknown;
  readonly constructor: {
    makeResNode?: (context: unknown, data: unknown, ...more: null[]) => unknown;
  };
}

/** The library is large: it is loaded by the first who validates. */
export async function loadInvariants(): Promise<Invariants> {
  const [{ default: fhirpath }, { default: model }] = await Promise.all([
    import('fhirpath'),
    import('fhirpath/fhir-context/r4'),
  ]);
  let now: InvariantContext | undefined;
  let typeIsEnough = false;
  const userInvocationTable = {
    resolve: {
      internalStructures: true,
      arity: { 0: [] },
      fn(this: unknown, nodes: LibraryNode[]) {
        return nodes.flatMap((node) => {
          const target = targetOf(node.data, now!, typeIsEnough);
          return target === undefined
            ? []
            : [node.constructor.makeResNode!(this, target, null, null, null, null)];
        });
      },
    },
    memberOf: {
      arity: { 1: ['String'] },
      fn(values: unknown[], valueSet: string) {
        if (values.length !== 1) return [];
        const answer = now!.isIn(valueSet, values[0]);
        if (answer === undefined) throw new NotAtHand();
        return [answer];
      },
    },
  };
  // `trace` would write what a record holds.
  const options = { userInvocationTable, resolveInternalTypes: false, traceFn: () => undefined };
  const compiled = new Map<string, Evaluate | undefined>();
  const compile = (expression: string, base: string | undefined): Evaluate | undefined => {
    const key = `${base ?? ''} ${expression}`;
    if (compiled.has(key)) return compiled.get(key);
    let evaluate: Evaluate | undefined;
    try {
      evaluate = fhirpath.compile(
        base === undefined ? expression : { base, expression },
        model,
        options as never,
      ) as unknown as Evaluate;
    } catch {
      // An expression that is none is the guide's mistake.
    }
    compiled.set(key, evaluate);
    return evaluate;
  };
  return {
    holds({ key, expression }, base, value, context) {
      if (whyWrong(key, expression, base) !== undefined) return undefined;
      // It is about references into the resource only; of none at all its expression says nothing.
      if (key === 'ref-1' && !String(isObject(value) ? value['reference'] : '').startsWith('#')) return true;
      const evaluate = compile(expression, base);
      if (evaluate === undefined) return undefined;
      if (isNarrativeRule(key) && typeof value === 'string') return narrativeIsRight(evaluate, value);
      now = context;
      typeIsEnough = asksOnlyForTypes(expression);
      try {
        const { resource, rootResource } = context;
        const result = evaluate(value, { resource, rootResource });
        return result.length === 1 && dataOf(result[0]) !== false;
      } catch {
        return undefined;
      }
    },
  };
}

/** Both rules are one expression. */
function isNarrativeRule(key: string): boolean {
  return key === 'txt-1' || key === 'txt-2';
}

/** `xml:lang` is of XHTML, and the library does not know it. */
function narrativeIsRight(evaluate: Evaluate, div: string): boolean {
  const plain = div.includes('xml:lang') ? div.replaceAll(/\sxml:lang="[\w-]*"/g, '') : div;
  return dataOf(evaluate(plain, {})[0]) !== false;
}

function dataOf(node: unknown): unknown {
  return typeof node === 'object' && node !== null && 'data' in node ? node.data : node;
}

/** Of each `resolve()` only the type of what it leads to. */
function asksOnlyForTypes(expression: string): boolean {
  return [...expression.matchAll(/resolve\(\)(.{0,8})/gs)].every(([, after]) =>
    /^\)*(\s+is\s|\.is\(|\.ofType\(|\.iif\()/.test(after!),
  );
}

function targetOf(reference: unknown, context: InvariantContext, typeIsEnough: boolean): Json | undefined {
  if (!isObject(reference)) return undefined;
  const target = context.resolve(reference);
  if (target !== undefined) return target;
  const type = typeIsEnough ? context.targetType(reference) : undefined;
  if (type === undefined) throw new NotAtHand();
  return { resourceType: type };
}
