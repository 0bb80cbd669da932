// history-type: the versions of all resources of a type that are seen now, newest first, deletions too
// (https://hl7.org/fhir/R4/http.html#history). Needs what a search of the type needs, as SMART says of the `s` in a scope
// (https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html).
import { bundleText } from '../bundle.ts';
import type { BearerInteraction } from '../pipeline.ts';
import { compileHistoryType, type HistoryEnd } from '../store/compile-read.ts';
import { historyAsk, historyEntry } from './history-page.ts';
import { requireKnownParams } from './require-known-params.ts';
import { requireServedType } from './require-served-type.ts';

/** In a page link: time and version of the last entry. */
const lastEntry = '_lastEntry';

export const historyType: BearerInteraction = async (service, request, access) => {
  const type = request.params['type']!;
  requireServedType(service.definitions, type);
  const params = requireKnownParams(request.query, ['_count', '_since', '_page']);
  const bound = `${access.grantId} ${access.line} ${type}/_history`;
  const cursor = params.get('_page');
  const page = cursor === null ? undefined : service.cursors.open(cursor, bound);
  const asked = page === undefined ? params : new URLSearchParams(page.query);
  const { count, since } = historyAsk(asked);
  const after = page === undefined ? undefined : endOf(asked, page.after);
  const query = await compileHistoryType(service.store.search, type, access, { count, since, after });
  const rows = await service.store.history(query);
  const shown = rows.slice(0, count);
  const base = request.line.fhirUrl;
  const here = `${base}/${type}/_history`;
  const links = [{ relation: 'self', url: `${here}${request.query === '' ? '' : `?${request.query}`}` }];
  if (rows.length > count) {
    const { key, version, last_updated } = shown.at(-1)!;
    asked.set(lastEntry, `${last_updated} ${version}`);
    const next = service.cursors.seal({ query: asked.toString(), after: key }, bound);
    links.push({ relation: 'next', url: `${here}?_page=${next}` });
  }
  const entries = shown.map((row) => historyEntry(base, type, row.id, row));
  return { status: 200, body: bundleText({ type: 'history', links, entries }) };
};

function endOf(asked: URLSearchParams, key: number): HistoryEnd {
  const [lastUpdated, version] = asked.get(lastEntry)!.split(' ').map(Number) as [number, number];
  return { lastUpdated, key, version };
}
