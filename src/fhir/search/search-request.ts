// From the parameters of a request to what is asked: every name is known, every value readable, or the request is
// refused with the name (https://hl7.org/fhir/R4/search.html). Nothing is silently ignored.
import type { Definitions } from '../definitions/definitions.ts';
import { FhirError } from '../operation-outcome.ts';
import { type Ask, clip, parseAsk } from './parse-ask.ts';
import { type Include, parseInclude } from './parse-include.ts';
import { parseSort, type SortKey } from './parse-sort.ts';
import { requireDrugPlan } from './require-drug-plan.ts';

export interface SearchRequest {
  readonly type: string;
  /** All must hold. */
  readonly asks: readonly Ask[];
  readonly includes: readonly Include[];
  /** None: in the order of keys, which is that of arrival. */
  readonly sort: readonly SortKey[];
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

export function parseSearch(
  definitions: Definitions,
  type: string,
  pairs: readonly (readonly [name: string, value: string])[],
  lenient: boolean,
): SearchRequest {
  if (pairs.length > maximumParams)
    throw new FhirError('invalid-parameter', `More than ${maximumParams} parameters in one search.`);
  const asks: Ask[] = [];
  const includes: Include[] = [];
  const used: [string, string][] = [];
  const ignored: string[] = [];
  let count: number | undefined;
  let total: 'none' | 'accurate' | undefined;
  let sort: readonly SortKey[] | undefined;
  const take = (name: string, value: string): void => {
    if (name === '_count') {
      once(count, name);
      count = parseCount(value);
    } else if (name === '_total') {
      once(total, name);
      total = parseTotal(value);
    } else if (name === '_sort') {
      once(sort, name);
      sort = parseSort(definitions, type, value);
    } else {
      const include = parseInclude(definitions, type, name, value);
      if (include === undefined) asks.push(parseAsk(definitions, type, name, value));
      else includes.push(include);
    }
  };
  for (const [name, value] of pairs) {
    // Settled by negotiation before the search.
    if (name === '_format' || name === '_pretty') continue;
    try {
      take(name, value);
      used.push([name, value]);
    } catch (error) {
      if (!lenient || !(error instanceof FhirError) || error.category !== 'unknown-parameter') throw error;
      ignored.push(name);
    }
  }
  requireDrugPlan(type, asks);
  return {
    type,
    asks,
    includes,
    sort: sort ?? [],
    count: count ?? defaultCount,
    total: total ?? 'none',
    used,
    ignored,
  };
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
