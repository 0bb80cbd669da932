// history-instance: the versions of one resource, newest first (https://hl7.org/fhir/R4/http.html#history).
import { bundleText } from '../bundle.ts';
import { FhirError } from '../operation-outcome.ts';
import type { BearerInteraction } from '../pipeline.ts';
import { defaultCount, maximumCount } from '../search/search-request.ts';
import { compileHistory } from '../store/compile-read.ts';
import { instanceOf } from './read.ts';
import { requireKnownParams } from './require-known-params.ts';
import { requireServedType } from './require-served-type.ts';

export const history: BearerInteraction = async (service, request, access) => {
  const { type, id } = instanceOf(request);
  requireServedType(service.definitions, type);
  const params = requireKnownParams(request.query, ['_format', '_count', '_page']);
  const bound = `${access.grantId} ${access.line} ${type}/${id}/_history`;
  const cursor = params.get('_page');
  const page = cursor === null ? undefined : service.cursors.open(cursor, bound);
  const count = parseCount(page === undefined ? params.get('_count') : page.query);
  const query = await compileHistory(service.store.search, type, id, access, {
    count,
    beforeVersion: page?.after,
  });
  const rows = await service.store.many(query);
  if (rows.length === 0 && page === undefined) {
    throw new FhirError('not-found', `The plan holds no ${type} with this id that this app may see.`);
  }
  const shown = rows.slice(0, count);
  const here = `${request.line.fhirUrl}/${type}/${id}`;
  const links = [
    { relation: 'self', url: `${here}/_history${request.query === '' ? '' : `?${request.query}`}` },
  ];
  if (rows.length > count) {
    const next = service.cursors.seal({ query: String(count), after: shown.at(-1)!.version }, bound);
    links.push({ relation: 'next', url: `${here}/_history?_page=${next}` });
  }
  const entries = shown.map((row) => {
    const method = row.deleted !== 0 ? 'DELETE' : row.version === 1 ? 'POST' : 'PUT';
    const status = row.deleted !== 0 ? '204 No Content' : row.version === 1 ? '201 Created' : '200 OK';
    const response = JSON.stringify({
      status,
      etag: `W/"${row.version}"`,
      lastModified: new Date(row.last_updated).toISOString(),
    });
    const about = `"request":${JSON.stringify({ method, url: method === 'POST' ? type : `${type}/${id}` })},"response":${response}`;
    const fullUrl = `{"fullUrl":${JSON.stringify(here)},`;
    return row.deleted !== 0 ? [`${fullUrl}${about}}`] : [`${fullUrl}"resource":`, row.content, `,${about}}`];
  });
  return { status: 200, body: bundleText({ type: 'history', links, entries }) };
};

function parseCount(value: string | null): number {
  if (value === null) return defaultCount;
  if (!/^[1-9]\d{0,8}$/.test(value))
    throw new FhirError(
      'invalid-parameter',
      `_count: '${value.slice(0, 40)}' is not a whole number from 1 up.`,
    );
  return Math.min(Number(value), maximumCount);
}
