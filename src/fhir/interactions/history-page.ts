// What the histories of a type and of an instance have in common: parameters and entries
// (https://hl7.org/fhir/R4/http.html#history).
import { FhirError } from '../operation-outcome.ts';
import { readDate } from '../search/param-types/date.ts';
import { clip } from '../search/parse-ask.ts';
import { defaultCount, maximumCount } from '../search/search-request.ts';
import type { ResourceRow } from '../store/resource-store.ts';

export interface HistoryAsk {
  readonly count: number;
  /** Epoch milliseconds. */
  readonly since: number;
}

/** @throws {FhirError} naming `_count` or `_since` */
export function historyAsk(params: URLSearchParams): HistoryAsk {
  return { count: countOf(params.get('_count')), since: sinceOf(params.get('_since')) };
}

function countOf(value: string | null): number {
  if (value === null) return defaultCount;
  if (!/^[1-9]\d{0,8}$/.test(value))
    throw new FhirError('invalid-parameter', `_count: '${clip(value)}' is not a whole number from 1 up.`);
  return Math.min(Number(value), maximumCount);
}

function sinceOf(value: string | null): number {
  if (value === null) return 0;
  const instant = readDate(value);
  if (typeof instant === 'string')
    throw new FhirError('invalid-parameter', `_since: '${clip(value)}' is not an instant: ${instant}`);
  return instant.lo;
}

/** The text of an entry, in pieces. A deletion has no resource. */
export function historyEntry(base: string, type: string, id: string, row: ResourceRow): string[] {
  const [method, status] =
    row.deleted !== 0
      ? ['DELETE', '204 No Content']
      : row.version === 1
        ? ['POST', '201 Created']
        : ['PUT', '200 OK'];
  const request = { method, url: method === 'POST' ? type : `${type}/${id}` };
  const response = {
    status,
    etag: `W/"${row.version}"`,
    lastModified: new Date(row.last_updated).toISOString(),
  };
  const about = `"request":${JSON.stringify(request)},"response":${JSON.stringify(response)}`;
  const fullUrl = `{"fullUrl":${JSON.stringify(`${base}/${type}/${id}`)},`;
  return row.deleted !== 0 ? [`${fullUrl}${about}}`] : [`${fullUrl}"resource":`, row.content, `,${about}}`];
}
