// From the parameters of a request to what is asked: every name is known, every value readable, or the request is
// refused with the name (https://hl7.org/fhir/R4/search.html). Nothing is silently ignored.
import type { Definitions } from '../definitions/definitions.ts';
import type { Subset } from '../format/subset-resource.ts';
import { FhirError } from '../operation-outcome.ts';
import { type Ask, clip, parseAsk } from './parse-ask.ts';
import { parseFilter } from './parse-filter.ts';
import { type Include, parseInclude } from './parse-include.ts';
import { parseSort, type SortKey } from './parse-sort.ts';
import { oneSubset, parseElements, parseSummary } from './parse-subset.ts';
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
  /** Undefined for whole resources. */
  readonly subset: Subset | undefined;
  /** What was really used, in the order of the request, for the self link. */
  readonly used: readonly (readonly [name: string, value: string])[];
  /** Names left out under `Prefer: handling=lenient`. */
  readonly ignored: readonly string[];
}

export const defaultCount = 50;
export const maximumCount = 500;
/** More than a client can mean; up to it, a page has as many as the server gives. */
const absurdCount = 100_000;
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
  let summary: { readonly subset: ReturnType<typeof parseSummary> } | undefined;
  let elements: Subset | undefined;
  const take = (name: string, value: string): void => {
    if (name === '_count') {
      once(count, name);
      count = parseCount(value);
    } else if (name === '_total') {
      once(total, name);
      total = parseTotal(value);
    } else if (name === '_summary') {
      once(summary, name);
      summary = { subset: parseSummary(value) };
    } else if (name === '_elements') {
      once(elements, name);
      elements = parseElements(definitions.structure, type, value);
    } else if (name === '_contained' || name === '_containedType') {
      // The default is all there is: resources, not what they contain.
      if (name === '_containedType' || value !== 'false')
        throw new FhirError('unknown-parameter', `${name}: contained resources are not searched here.`);
    } else if (name === '_filter') {
      asks.push(parseFilter(definitions, type, value));
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
    // PostgreSQL has no such text.
    if (name.includes('\0') || value.includes('\0'))
      throw new FhirError('invalid-parameter', `${clip(name.replaceAll('\0', ''))}: has a character U+0000.`);
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
  const onlyCount = summary?.subset === 'count';
  return {
    type,
    asks,
    includes,
    sort: sort ?? [],
    count: onlyCount ? 0 : (count ?? defaultCount),
    total: total ?? 'none',
    subset: oneSubset(summary?.subset === 'count' ? undefined : summary?.subset, elements),
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
  if (Number(value) > absurdCount)
    throw new FhirError(
      'invalid-parameter',
      `_count: '${clip(value)}' is more than ${absurdCount}; a page has at most ${maximumCount}.`,
    );
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
