// From the parameters of a request to what is asked: every name is known, every value readable, or the request is
// refused with the name (https://hl7.org/fhir/R4/search.html). Nothing is silently ignored.
import type { Definitions, SearchParam } from '../definitions/definitions.ts';
import { FhirError } from '../operation-outcome.ts';
import { splitSearchValues } from './param-types/param-type.ts';

/** One `name=value` of the request: values are alternatives. */
export interface Ask {
  readonly param: SearchParam;
  readonly modifier: string | undefined;
  readonly values: readonly string[];
}

export interface SearchRequest {
  readonly type: string;
  readonly asks: readonly Ask[];
  /** Each entry must hold; ids inside one are alternatives. */
  readonly ids: readonly (readonly string[])[];
  readonly lastUpdated: readonly { readonly values: readonly string[] }[];
  readonly count: number;
  readonly total: 'none' | 'accurate';
  /** What was really used, in the order of the request, for the self link. */
  readonly used: readonly (readonly [name: string, value: string])[];
  /** Names left out under `Prefer: handling=lenient`. */
  readonly ignored: readonly string[];
}

export const defaultCount = 50;
export const maximumCount = 500;
const maximumParams = 100;
const maximumAlternatives = 500;

export function parseSearch(
  definitions: Definitions,
  type: string,
  pairs: readonly (readonly [name: string, value: string])[],
  lenient: boolean,
): SearchRequest {
  if (pairs.length > maximumParams)
    throw new FhirError('invalid-parameter', `More than ${maximumParams} parameters in one search.`);
  const asks: Ask[] = [];
  const ids: string[][] = [];
  const lastUpdated: { values: string[] }[] = [];
  const used: [string, string][] = [];
  const ignored: string[] = [];
  let count: number | undefined;
  let total: 'none' | 'accurate' | undefined;
  for (const [name, value] of pairs) {
    if (name === '_format') {
      // Settled by negotiation before the search.
      continue;
    }
    const [code, modifier] = splitName(name);
    if (code === '_count') {
      once(count, name);
      count = parseCount(value);
    } else if (code === '_total') {
      once(total, name);
      total = parseTotal(value);
    } else if (code === '_id' && modifier === undefined) ids.push(valuesOf(name, value));
    else if (code === '_lastUpdated' && modifier === undefined)
      lastUpdated.push({ values: valuesOf(name, value) });
    else {
      const param = definitions.searchParam(type, code);
      if (param === undefined) {
        if (!lenient) throw unknownParameter(definitions, type, name);
        ignored.push(name);
        continue;
      }
      asks.push({ param, modifier, values: valuesOf(name, value) });
    }
    used.push([name, value]);
  }
  return {
    type,
    asks,
    ids,
    lastUpdated,
    count: count ?? defaultCount,
    total: total ?? 'none',
    used,
    ignored,
  };
}

function splitName(name: string): [code: string, modifier: string | undefined] {
  const colon = name.indexOf(':');
  return colon < 0 ? [name, undefined] : [name.slice(0, colon), name.slice(colon + 1)];
}

function once(earlier: unknown, name: string): void {
  if (earlier !== undefined) throw new FhirError('invalid-parameter', `${name} is given more than once.`);
}

function parseCount(value: string): number {
  if (!/^\d{1,9}$/.test(value))
    throw new FhirError('invalid-parameter', `_count: '${clip(value)}' is not a whole number from 0 up.`);
  return Math.min(Number(value), maximumCount);
}

function parseTotal(value: string): 'none' | 'accurate' {
  if (value === 'none') return 'none';
  if (value === 'accurate' || value === 'estimate') return 'accurate';
  throw new FhirError(
    'invalid-parameter',
    `_total: '${clip(value)}' is not one of none, estimate, accurate.`,
  );
}

function valuesOf(name: string, raw: string): string[] {
  const values = splitSearchValues(raw);
  if (values.length > maximumAlternatives) {
    throw new FhirError(
      'invalid-parameter',
      `${name}: more than ${maximumAlternatives} values in one parameter.`,
    );
  }
  if (values.every((value) => value === ''))
    throw new FhirError('invalid-parameter', `${name}: the value is empty.`);
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
