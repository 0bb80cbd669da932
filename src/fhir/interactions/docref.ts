// DocumentReference/$docref of US Core (http://hl7.org/fhir/us/core/OperationDefinition/docref, 3.1.1 and 6.1.0): the documents
// of a patient's care in a time; without a time the newest, a summary of care (CCD) before others. Nothing is made on demand.
import type { RequestAccess } from '../../smart/access.ts';
import { bundleText, searchEntry } from '../bundle.ts';
import type { FhirService } from '../fhir-service.ts';
import { FhirError } from '../operation-outcome.ts';
import type { BearerInteraction } from '../pipeline.ts';
import { careDateAsk } from '../search/care-date.ts';
import { compileSearch, type PageEnd } from '../search/compile-search.ts';
import { clip } from '../search/parse-ask.ts';
import { parseSearch, type SearchRequest } from '../search/search-request.ts';
import { operationParams } from './operation-params.ts';
import { suppressedResults } from './suppressed-results.ts';

const type = 'DocumentReference';
const parameters = ['patient', 'start', 'end', 'type', 'on-demand', 'profile', '_count', '_page'];
/** LOINC's summary of episode note. */
const summaryOfCare = 'http://loinc.org|34133-9';

export const docref: BearerInteraction = async (service, request, access) => {
  const params = operationParams(request, parameters, ['type', 'profile']);
  const bound = `${access.grantId} ${access.line} ${type}/$docref`;
  const cursor = params.get('_page');
  const page = cursor === null ? undefined : service.cursors.open(cursor, bound);
  const asked = page === undefined ? params : new URLSearchParams(page.query);
  const onDemandOnly = isTrue(asked, 'on-demand');
  const pairs = searchPairs(asked);
  const [start, end] = [asked.get('start'), asked.get('end')];
  const search = searchOf(service, pairs, start, end);
  const here = `${request.line.fhirUrl}/${type}/$docref`;
  const links = [{ relation: 'self', url: `${here}${request.query === '' ? '' : `?${request.query}`}` }];
  const found =
    start === null && end === null
      ? { rows: await newest(service, access, pairs, asked.has('type')), more: false }
      : await ofTime(service, access, search, page === undefined ? undefined : { key: page.after });
  if (found.more) {
    const after = found.rows.at(-1)!.key;
    const sealed = service.cursors.seal({ query: asked.toString(), after }, bound);
    links.push({ relation: 'next', url: `${here}?_page=${sealed}` });
  }
  const rows = onDemandOnly ? [] : found.rows;
  const entries = rows.map((row) => searchEntry(request.line.fhirUrl, type, row, 'match'));
  const total = page === undefined && !found.more ? rows.length : undefined;
  if (page === undefined && !onDemandOnly)
    entries.push(...(await suppressedResults(service, access, [search])));
  return {
    status: 200,
    body: bundleText({ type: 'searchset', links: onDemandOnly ? links.slice(0, 1) : links, entries, total }),
  };
};

/** @throws {FhirError} missing-parameter, invalid-parameter */
function searchPairs(asked: URLSearchParams): [name: string, value: string][] {
  const patient = asked.get('patient');
  if (patient === null || patient === '')
    throw new FhirError('missing-parameter', 'patient: $docref needs the id of a patient.');
  const pairs: [string, string][] = [['patient', patient]];
  for (const [given, name] of [
    ['type', 'type'],
    ['profile', '_profile'],
  ] as const) {
    // Several are alternatives.
    if (asked.has(given)) pairs.push([name, asked.getAll(given).join(',')]);
  }
  const count = asked.get('_count');
  if (count === '0') throw new FhirError('invalid-parameter', '_count: a page has at least one document.');
  if (count !== null) pairs.push(['_count', count]);
  return pairs;
}

async function newest(
  service: FhirService,
  access: RequestAccess,
  pairs: readonly [string, string][],
  typeGiven: boolean,
) {
  const find = async (more: readonly [string, string][]) => {
    const search = parseSearch(service.definitions, type, [...pairs, ...more, ['_sort', '-date']], false);
    const { page } = await compileSearch(service.store.search, { ...search, count: 1 }, access, undefined);
    return (await service.store.page(page)).slice(0, 1);
  };
  if (typeGiven) return find([]);
  const summary = await find([['type', summaryOfCare]]);
  return summary.length > 0 ? summary : find([]);
}

async function ofTime(
  service: FhirService,
  access: RequestAccess,
  search: SearchRequest,
  after: PageEnd | undefined,
) {
  const { page } = await compileSearch(service.store.search, search, access, after);
  const rows = await service.store.page(page);
  return { rows: rows.slice(0, search.count), more: rows.length > search.count };
}

function searchOf(
  service: FhirService,
  pairs: readonly [string, string][],
  start: string | null,
  end: string | null,
): SearchRequest {
  const parsed = parseSearch(service.definitions, type, pairs, false);
  const careDate = careDateAsk(service.definitions, type, start, end);
  return careDate === undefined ? parsed : { ...parsed, asks: [...parsed.asks, careDate] };
}

function isTrue(asked: URLSearchParams, name: string): boolean {
  const value = asked.get(name);
  if (value === null || value === 'false') return false;
  if (value === 'true') return true;
  throw new FhirError('invalid-parameter', `${name}: '${clip(value)}' is not true or false.`);
}
