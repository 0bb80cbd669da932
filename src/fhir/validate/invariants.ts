// Evaluates the invariants of profiles (https://hl7.org/fhir/R4/conformance-rules.html#constraints) by the FHIRPath library,
// each parsed once. What an expression asks that is not at hand, or what throws, says nothing of the resource.
import type { InvariantFacts } from '../definitions/guide-facts.ts';
import { interruptible, mayBacktrack } from '../interruptible.ts';
import { whyWrong } from './known-guide-errors.ts';
import { isObject, type Json } from './occurrences.ts';
import { atAGlance, glanceAt } from './quick-invariants.ts';

/** What an expression may ask beyond the resource. */
export interface InvariantContext {
  readonly resource: Json;
  /** What contains the resource, or itself. */
  readonly rootResource: Json;
  resolve(reference: Json): Json | undefined;
  targetType(reference: Json): string | undefined;
  isIn(valueSet: string, value: unknown): boolean | undefined;
  /** Asked now and then while an expression is evaluated; true ends it. */
  isOver(): boolean;
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

const stepsBetween = 512;
/** Of one expression that matches by regular expressions, during which no step is made. */
const millisecondsAtMost = 1000;

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
  let steps = 0;
  const options = {
    userInvocationTable,
    resolveInternalTypes: false,
    // `trace` would write what a record holds.
    traceFn: () => undefined,
    // Called after each step. Some rules compare all elements of a claim with all.
    debugger: () => {
      steps++;
      if (steps % stepsBetween === 0 && now?.isOver() === true) throw new NotAtHand();
    },
  };
  const rules = new WeakMap<InvariantFacts, Map<string, Rule>>();
  const ruleOf = (invariant: InvariantFacts, base: string | undefined): Rule => {
    let ofBase = rules.get(invariant);
    if (ofBase === undefined) {
      ofBase = new Map();
      rules.set(invariant, ofBase);
    }
    let rule = ofBase.get(base ?? '');
    if (rule === undefined) {
      rule = prepare(invariant, base);
      ofBase.set(base ?? '', rule);
    }
    return rule;
  };
  const parse = (path: string | { readonly base: string; readonly expression: string }): Evaluate => {
    try {
      return fhirpath.compile(path, model, options as never) as unknown as Evaluate;
    } catch {
      // What is no expression is the guide's mistake.
      return () => {
        throw new NotAtHand();
      };
    }
  };
  // Several guides have the same rule, and the library takes milliseconds to parse one.
  const parsed = new Map<string, Evaluate>();
  const compiled = (expression: string, base: string | undefined): Evaluate => {
    const key = `${base ?? ''} ${expression}`;
    let evaluate = parsed.get(key);
    if (evaluate === undefined) {
      evaluate = parse(base === undefined ? expression : { base, expression });
      parsed.set(key, evaluate);
    }
    return evaluate;
  };
  const prepare = ({ key, expression }: InvariantFacts, base: string | undefined): Rule => {
    if (whyWrong(key, expression, base) !== undefined) return unknowable;
    let evaluate: Evaluate | undefined;
    const interrupted = mayBacktrack(expression);
    return {
      glance: atAGlance(expression),
      isOfNarrative: key === 'txt-1' || key === 'txt-2',
      typeIsEnough: asksOnlyForTypes(expression),
      evaluate(value, variables) {
        evaluate ??= compiled(expression, base);
        const known = evaluate;
        return interrupted
          ? interruptible(millisecondsAtMost, () => known(value, variables))
          : known(value, variables);
      },
    };
  };
  return {
    holds(invariant, base, value, context) {
      const rule = ruleOf(invariant, base);
      if (rule === unknowable) return undefined;
      const glimpsed = rule.glance === undefined ? undefined : glanceAt(rule.glance, value);
      if (glimpsed !== undefined) return glimpsed;
      now = context;
      typeIsEnough = rule.typeIsEnough;
      try {
        if (rule.isOfNarrative && typeof value === 'string') return narrativeIsRight(rule.evaluate, value);
        const { resource, rootResource } = context;
        const result = rule.evaluate(value, { resource, rootResource });
        return result.length === 1 && dataOf(result[0]) !== false;
      } catch {
        // What throws says nothing of the resource. It may have taken all of the time.
        context.isOver();
        return undefined;
      }
    },
  };
}

/** An invariant for elements of one type. */
interface Rule {
  readonly glance: ReturnType<typeof atAGlance>;
  /** txt-1 and txt-2 are one expression. */
  readonly isOfNarrative: boolean;
  /** Of what a reference leads to. */
  readonly typeIsEnough: boolean;
  readonly evaluate: Evaluate;
}

const unknowable: Rule = {
  glance: undefined,
  isOfNarrative: false,
  typeIsEnough: false,
  evaluate: () => [],
};

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
