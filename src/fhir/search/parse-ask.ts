// One `name=value` of a search: a parameter of the type, a chain through references, or `_has` against their direction
// (https://hl7.org/fhir/R4/search.html#chaining, #has). Every name on the way is known, or the request is refused with it.
import type { Definitions, SearchParam } from '../definitions/definitions.ts';
import { FhirError } from '../operation-outcome.ts';
import type { Interval } from './param-types/date.ts';
import { splitSearchValues } from './param-types/param-type.ts';

/** Values are alternatives. */
export type Ask =
  | { readonly kind: 'id' | 'lastUpdated'; readonly values: readonly string[] }
  | {
      readonly kind: 'param';
      readonly param: SearchParam;
      readonly modifier: string | undefined;
      readonly values: readonly string[];
      /** Of a `_filter`. */
      readonly operator?: Operator;
    }
  /** What `param` refers to is of one of the types and matches. */
  | {
      readonly kind: 'chain';
      readonly param: SearchParam;
      readonly targets: readonly { readonly type: string; readonly ask: Ask }[];
    }
  /** The first of `params` that the resource has overlaps the interval; what has none of them is let through. */
  | { readonly kind: 'careDate'; readonly params: readonly SearchParam[]; readonly interval: Interval }
  /** Something of `param.resourceType` refers here with `param` and matches. */
  | { readonly kind: 'has'; readonly param: SearchParam; readonly ask: Ask }
  /** Of a `_filter`. */
  | { readonly kind: 'all' | 'any'; readonly asks: readonly Ask[] }
  | { readonly kind: 'not'; readonly ask: Ask };

/** Of a text: the whole, or its end, without regard to case and diacritics. */
export type Operator = 'equals' | 'ends';

const deepest = 5;
const maximumAlternatives = 500;
/** References to several types branch at each step of a chain. */
const maximumWays = 100;

/** @throws {FhirError} unknown-parameter for a name, invalid-parameter for a value */
export function parseAsk(definitions: Definitions, type: string, name: string, value: string): Ask {
  return parse(definitions, type, name, { name, value, depth: 0, ways: { taken: 0 } });
}

interface Whole {
  readonly name: string;
  readonly value: string;
  readonly depth: number;
  /** Of all steps together. */
  readonly ways: { taken: number };
}

function parse(definitions: Definitions, type: string, name: string, whole: Whole): Ask {
  if (whole.depth > deepest)
    throw new FhirError('invalid-parameter', `${clip(whole.name)}: more than ${deepest} steps in one chain.`);
  const deeper = { ...whole, depth: whole.depth + 1 };
  if (name.startsWith('_has:')) return parseHas(definitions, type, name, deeper);
  const dot = name.indexOf('.');
  if (dot >= 0) return parseChain(definitions, type, name.slice(0, dot), name.slice(dot + 1), deeper);
  const [code, modifier] = splitName(name);
  const values = valuesOf(whole.name, whole.value);
  if (code === '_id' && modifier === undefined) return { kind: 'id', values };
  if (code === '_lastUpdated' && modifier === undefined) return { kind: 'lastUpdated', values };
  const param = definitions.searchParam(type, code);
  if (param === undefined) throw unknownParameter(definitions, type, name);
  // Plan-Net writes the modifier as its code in the value set search-modifier-code.
  return { kind: 'param', param, modifier: modifier === 'ofType' ? 'of-type' : modifier, values };
}

/** `_has:Observation:patient:code` */
function parseHas(definitions: Definitions, type: string, name: string, whole: Whole): Ask {
  const [, source, code, ...rest] = name.split(':');
  if (source === undefined || code === undefined || rest.length === 0) {
    throw new FhirError(
      'invalid-parameter',
      `${clip(whole.name)}: '${clip(name)}' is not of the form _has:Type:reference:parameter.`,
    );
  }
  const param = referenceParam(definitions, source, code, whole.name);
  if (!param.targets.includes(type))
    throw new FhirError(
      'unknown-parameter',
      `${clip(whole.name)}: ${source}.${code} never refers to ${type}.`,
    );
  return { kind: 'has', param, ask: parse(definitions, source, rest.join(':'), whole) };
}

/** `organization.name`, `subject:Patient.name` */
function parseChain(definitions: Definitions, type: string, head: string, rest: string, whole: Whole): Ask {
  const [code, only] = splitName(head);
  const param = referenceParam(definitions, type, code, whole.name);
  const targets = param.targets.filter(
    (target) => definitions.servedTypes.has(target) && (only === undefined || target === only),
  );
  if (targets.length === 0)
    throw new FhirError(
      'unknown-parameter',
      `${clip(whole.name)}: ${type}.${code} refers to no ${clip(only ?? 'type')} that is served here.`,
    );
  const known: { type: string; ask: Ask }[] = [];
  let unknown: unknown;
  for (const target of targets) {
    whole.ways.taken++;
    if (whole.ways.taken > maximumWays)
      throw new FhirError(
        'too-costly',
        `${clip(whole.name)}: leads along more than ${maximumWays} ways; name the types, as in subject:Patient.name.`,
      );
    try {
      known.push({ type: target, ask: parse(definitions, target, rest, whole) });
    } catch (error) {
      // Of several types that may be meant, those that have the parameter are.
      if (!(error instanceof FhirError) || error.category !== 'unknown-parameter') throw error;
      unknown = error;
    }
  }
  if (known.length === 0) throw unknown;
  return { kind: 'chain', param, targets: known };
}

/** @throws {FhirError} unknown-parameter */
export function referenceParam(
  definitions: Definitions,
  type: string,
  code: string,
  whole: string,
): SearchParam {
  if (!definitions.servedTypes.has(type))
    throw new FhirError('unknown-parameter', `${clip(whole)}: '${clip(type)}' is not served here.`);
  const param = definitions.searchParam(type, code);
  if (param === undefined) throw unknownParameter(definitions, type, code);
  if (param.type !== 'reference')
    throw new FhirError(
      'unknown-parameter',
      `${clip(whole)}: ${type}.${code} is a ${param.type}, not a reference.`,
    );
  return param;
}

export function splitName(name: string): [code: string, modifier: string | undefined] {
  const colon = name.indexOf(':');
  return colon < 0 ? [name, undefined] : [name.slice(0, colon), name.slice(colon + 1)];
}

function valuesOf(name: string, raw: string): string[] {
  const values = splitSearchValues(raw);
  if (values.length > maximumAlternatives) {
    throw new FhirError(
      'invalid-parameter',
      `${clip(name)}: more than ${maximumAlternatives} values in one parameter.`,
    );
  }
  if (values.every((value) => value === ''))
    throw new FhirError('invalid-parameter', `${clip(name)}: the value is empty.`);
  return values;
}

function unknownParameter(definitions: Definitions, type: string, name: string): FhirError {
  const known = definitions.searchParams(type).map((param) => param.code);
  return new FhirError(
    'unknown-parameter',
    `${type} has no search parameter '${clip(name)}' here. It has: ${['_id', '_lastUpdated', ...known].sort().join(', ')}.`,
  );
}

/** Enough of a value to recognise it, never a page of it. */
export function clip(value: string): string {
  return value.length > 80 ? `${value.slice(0, 80)}…` : value;
}
