// search-type: one page of the resources of a type that match (https://hl7.org/fhir/R4/http.html#search).
import type { RequestAccess } from '../../smart/access.ts';
import { bundleText, outcomeEntry, searchEntry } from '../bundle.ts';
import type { FhirService } from '../fhir-service.ts';
import { FhirError, warning } from '../operation-outcome.ts';
import type { BearerInteraction, FhirRequest } from '../pipeline.ts';
import type { FhirAnswer } from '../respond.ts';
import { compileSearch, type PageEnd } from '../search/compile-search.ts';
import { includeResources } from '../search/include-resources.ts';
import { parseSearch, type SearchRequest } from '../search/search-request.ts';
import type { SortValue } from '../search/sort-sql.ts';
import type { PageRow } from '../store/resource-store.ts';
import { maySearch } from '../store/visible.ts';
import { isOfEveryRequest } from './require-known-params.ts';
import { requireServedType } from './require-served-type.ts';
import { suppressedResults } from './suppressed-results.ts';

/** In a page link: the values that the last row was sorted by. */
const sortedAfter = '_sortedAfter';

export const searchByGet: BearerInteraction = (service, request, access) =>
  search(service, request, access, request.query);

/** Parameters in the address and in the form count alike. */
export const searchByPost: BearerInteraction = (service, request, access) => {
  const parts = [request.query, request.form].filter((part) => part !== '');
  return search(service, request, access, parts.join('&'));
};

async function search(
  service: FhirService,
  request: FhirRequest,
  access: RequestAccess,
  query: string,
): Promise<FhirAnswer> {
  const type = request.params['type']!;
  requireServedType(service.definitions, type);
  const bound = `${access.grantId} ${access.line} ${type}`;
  const { pairs, after } = readQuery(service, query, bound);
  const asked = parseSearch(service.definitions, type, pairs, isLenient(request));
  const compiled = await compileSearch(service.store.search, asked, access, after);
  const rows = asked.count === 0 ? [] : await service.store.page(compiled.page);
  const shown = rows.slice(0, asked.count);
  const more = rows.length > asked.count;
  const base = request.line.fhirUrl;
  const links = [{ relation: 'self', url: selfUrl(base, asked) }];
  if (more) {
    const { key, sort = [] } = shown.at(-1)!;
    const rest: [string, string][] = sort.length === 0 ? [] : [[sortedAfter, JSON.stringify(sort)]];
    const next = service.cursors.seal({ query: toQuery([...asked.used, ...rest]), after: key }, bound);
    links.push({ relation: 'next', url: `${base}/${type}?_page=${next}` });
  }
  const { subset } = asked;
  const partOf = <Row extends PageRow>(row: Row): Row =>
    subset === undefined ? row : { ...row, content: service.toSubset(row.content, subset) };
  const entries = shown.map((row) => searchEntry(base, type, partOf(row), 'match'));
  if (asked.includes.length > 0) {
    const matches = shown.map(({ key, id }) => ({ type, key, id }));
    // The names of `_elements` are those of the type that is searched.
    for (const row of await includeResources(service.store, access, asked.includes, matches))
      entries.push(searchEntry(base, row.type, subset?.kind === 'elements' ? row : partOf(row), 'include'));
  }
  const leftOut = typesLeftOut(asked, access);
  if (leftOut.length > 0)
    entries.push(said(`Not included, because the granted scopes do not cover it: ${leftOut.join(', ')}.`));
  if (asked.ignored.length > 0) {
    const names = asked.ignored.map((name) => name.slice(0, 80)).join(', ');
    entries.push(said(`Not searched by, because unknown here: ${names}.`));
  }
  if (after === undefined) entries.push(...(await suppressedResults(service, access, [asked])));
  return { status: 200, body: bundleText({ type: 'searchset', links, entries, total: await totalOf() }) };

  /** Asked for, or known without asking because the first page is the only one. */
  async function totalOf(): Promise<number | undefined> {
    if (after === undefined && !more && asked.count > 0) return shown.length;
    return asked.total === 'accurate' || asked.count === 0
      ? service.store.total(compiled.total())
      : undefined;
  }
}

function readQuery(
  service: FhirService,
  query: string,
  bound: string,
): { pairs: [string, string][]; after: PageEnd | undefined } {
  const pairs = [...new URLSearchParams(query)];
  const page = pairs.find(([name]) => name === '_page');
  if (page === undefined) return { pairs, after: undefined };
  const others = pairs.filter((pair) => pair !== page && !isOfEveryRequest(pair[0]));
  if (others.length > 0) {
    throw new FhirError(
      'invalid-parameter',
      `${others[0]![0].slice(0, 80)}: a page link is used as it is, without further parameters.`,
    );
  }
  const cursor = service.cursors.open(page[1], bound);
  const pairsBefore = [...new URLSearchParams(cursor.query)];
  const sort = pairsBefore.find(([name]) => name === sortedAfter)?.[1];
  return {
    pairs: pairsBefore.filter(([name]) => name !== sortedAfter),
    after: { key: cursor.after, ...(sort === undefined ? {} : { sort: JSON.parse(sort) as SortValue[] }) },
  };
}

function isLenient(request: FhirRequest): boolean {
  return /(^|[,;\s])handling\s*=\s*"?lenient"?/i.test(String(request.headers['prefer'] ?? ''));
}

function selfUrl(base: string, asked: SearchRequest): string {
  const query = toQuery(asked.used);
  return `${base}/${asked.type}${query === '' ? '' : `?${query}`}`;
}

function toQuery(pairs: SearchRequest['used']): string {
  // `:` and `/` and `,` may stand in a query as they are (RFC 3986 section 3.4) and are easier to read so.
  return new URLSearchParams(pairs.map(([name, value]) => [name, value]))
    .toString()
    .replaceAll('%3A', ':')
    .replaceAll('%2F', '/')
    .replaceAll('%2C', ',');
}

/** Types that every `_include` or `_revinclude` of them asks for in vain. */
function typesLeftOut(asked: SearchRequest, access: RequestAccess): string[] {
  const wanted = asked.includes.flatMap(({ reverse, source, params, target }) => {
    if (reverse) return [[source]];
    return [target === undefined ? params.flatMap((param) => param.targets) : [target]];
  });
  const vain = wanted.filter((types) => !types.some((type) => maySearch(access, type)));
  return [...new Set(vain.flat())].sort();
}

function said(text: string): readonly string[] {
  return outcomeEntry(warning(text, 'not-supported'));
}
