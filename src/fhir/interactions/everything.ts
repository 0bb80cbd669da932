// Patient/[id]/$everything: the member's whole record, as far as the token sees it, page by page
// (https://hl7.org/fhir/R4/patient-operation-everything.html). Type after type, each searched as any search is; with each
// page come the practitioners, organizations and medications that its resources refer to. `start` and `end`: search/care-date.ts.
import type { RequestAccess } from '../../smart/access.ts';
import { memberTypes, referenceTypes, referredTypes } from '../../smart/data-classes.ts';
import { bundleText, searchEntry } from '../bundle.ts';
import type { FhirService } from '../fhir-service.ts';
import { FhirError } from '../operation-outcome.ts';
import type { BearerInteraction } from '../pipeline.ts';
import { careDateAsk } from '../search/care-date.ts';
import { compileSearch } from '../search/compile-search.ts';
import { includeResources } from '../search/include-resources.ts';
import { readDate } from '../search/param-types/date.ts';
import { clip } from '../search/parse-ask.ts';
import type { Include } from '../search/parse-include.ts';
import { parseSearch } from '../search/search-request.ts';
import { compileRead } from '../store/compile-read.ts';
import type { PageRow } from '../store/resource-store.ts';
import { maySearch } from '../store/visible.ts';
import { operationParams } from './operation-params.ts';
import { answerResource } from './read.ts';
import { suppressedResults } from './suppressed-results.ts';

interface Found extends PageRow {
  readonly type: string;
}

export const everything: BearerInteraction = async (service, request, access) => {
  const id = request.params['id']!;
  const params = operationParams(request, ['start', 'end', '_type', '_since', '_count', '_page']);
  const bound = `${access.grantId} ${access.line} Patient/${id}/$everything`;
  const cursor = params.get('_page');
  const page = cursor === null ? undefined : service.cursors.open(cursor, bound);
  const asked = page === undefined ? params : new URLSearchParams(page.query);
  const { store } = service;
  // Of this patient only, and only who may read them at all.
  const own =
    access.kind === 'member' ? { ...access, patients: access.patients.filter((one) => one === id) } : access;
  const person = await store.one(await compileRead(store.search, 'Patient', id, own));
  if (person === undefined || person.deleted !== 0) answerResource(request, 'Patient', id, person);

  const types = typesOf(service, own, asked.get('_type'));
  const begin = page === undefined ? 0 : types.indexOf(asked.get('_at') ?? '');
  // A refresh may have narrowed the scopes since the page before.
  if (begin < 0)
    throw new FhirError('invalid-cursor', '_page: the granted scopes no longer cover what comes next.');
  const count = countOf(service, asked);
  const since = sinceOf(asked);
  const searchOf = (type: string) => {
    const parsed = parseSearch(service.definitions, type, since, false);
    const careDate = careDateAsk(service.definitions, type, asked.get('start'), asked.get('end'));
    return careDate === undefined ? parsed : { ...parsed, asks: [...parsed.asks, careDate] };
  };
  const found: Found[] = [];
  let next: { type: string; after: number } | undefined;
  for (let at = begin; at < types.length && next === undefined; at++) {
    const type = types[at]!;
    const room = count - found.length;
    const search = { ...searchOf(type), count: room };
    const after = at === begin && page !== undefined ? { key: page.after } : undefined;
    const { page: query } = await compileSearch(store.search, search, own, after);
    const rows = await store.page(query);
    found.push(...rows.slice(0, room).map((row) => ({ ...row, type })));
    if (rows.length > room)
      next = { type, after: found.findLast((row) => row.type === type)?.key ?? after?.key ?? 0 };
  }
  const base = request.line.fhirUrl;
  const here = `${base}/Patient/${id}/$everything`;
  const links = [{ relation: 'self', url: `${here}${request.query === '' ? '' : `?${request.query}`}` }];
  if (next !== undefined) {
    asked.set('_at', next.type);
    const sealed = service.cursors.seal({ query: asked.toString(), after: next.after }, bound);
    links.push({ relation: 'next', url: `${here}?_page=${sealed}` });
  }
  const entries = found.map((row) => searchEntry(base, row.type, row, 'match'));
  for (const row of await referredTo(service, own, found))
    entries.push(searchEntry(base, row.type, row, 'include'));
  if (page === undefined) {
    const withStatus = types.filter((type) => service.definitions.statusElements[type] !== undefined);
    entries.push(...(await suppressedResults(service, own, withStatus.map(searchOf))));
  }
  return { status: 200, body: bundleText({ type: 'searchset', links, entries }) };
};

/** The Patient first. @throws {FhirError} for a type that no record has */
function typesOf(service: FhirService, access: RequestAccess, asked: string | null): string[] {
  const served = memberTypes.filter((type) => service.definitions.servedTypes.has(type));
  const wanted = asked?.split(',') ?? served;
  for (const type of wanted) {
    if (!served.includes(type))
      throw new FhirError(
        'invalid-parameter',
        `_type: '${clip(type)}' is no type of a member's record here.`,
      );
  }
  return served.filter((type) => wanted.includes(type) && maySearch(access, type));
}

function countOf(service: FhirService, asked: URLSearchParams): number {
  const given = asked.get('_count');
  const pairs: [string, string][] = given === null ? [] : [['_count', given]];
  const { count } = parseSearch(service.definitions, 'Patient', pairs, false);
  if (count === 0) throw new FhirError('invalid-parameter', '_count: a page has at least one resource.');
  return count;
}

/** `_since` in the words of a search. @throws {FhirError} */
function sinceOf(asked: URLSearchParams): [string, string][] {
  const since = asked.get('_since');
  if (since === null) return [];
  const problem = readDate(since);
  if (typeof problem === 'string')
    throw new FhirError('invalid-parameter', `_since: '${clip(since)}' is not an instant: ${problem}`);
  return [['_lastUpdated', `ge${since}`]];
}

/** The practitioners, organizations, medications … of a page. */
function referredTo(service: FhirService, access: RequestAccess, found: readonly Found[]) {
  const shared = [...referenceTypes, ...referredTypes];
  const includes = [...new Set(found.map((row) => row.type))].map((source): Include => {
    const references = service.definitions
      .searchParams(source)
      .filter((param) => param.type === 'reference')
      .map((param) => ({ ...param, targets: param.targets.filter((target) => shared.includes(target)) }));
    return { reverse: false, iterate: false, source, params: references, target: undefined };
  });
  return includeResources(service.store, access, includes, found);
}
