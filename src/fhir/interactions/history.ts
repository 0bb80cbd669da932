// history-instance: the versions of one resource, newest first (https://hl7.org/fhir/R4/http.html#history).
import { bundleText } from '../bundle.ts';
import { FhirError } from '../operation-outcome.ts';
import type { BearerInteraction } from '../pipeline.ts';
import { compileHistory, compileRead } from '../store/compile-read.ts';
import { historyAsk, historyEntry } from './history-page.ts';
import { instanceOf } from './read.ts';
import { requireKnownParams } from './require-known-params.ts';
import { requireServedType } from './require-served-type.ts';

export const history: BearerInteraction = async (service, request, access) => {
  const { type, id } = instanceOf(request);
  requireServedType(service.definitions, type);
  const params = requireKnownParams(request.query, ['_count', '_since', '_page']);
  const bound = `${access.grantId} ${access.line} ${type}/${id}/_history`;
  const cursor = params.get('_page');
  const page = cursor === null ? undefined : service.cursors.open(cursor, bound);
  const asked = page === undefined ? params : new URLSearchParams(page.query);
  const { count, since } = historyAsk(asked);
  const query = await compileHistory(service.store.search, type, id, access, {
    count,
    since,
    beforeVersion: page?.after,
  });
  const rows = await service.store.many(query);
  if (rows.length === 0 && page === undefined && !(since > 0 && (await isSeen()))) {
    throw new FhirError('not-found', `The plan holds no ${type} with this id that this app may see.`);
  }
  const shown = rows.slice(0, count);
  const base = request.line.fhirUrl;
  const here = `${base}/${type}/${id}/_history`;
  const links = [{ relation: 'self', url: `${here}${request.query === '' ? '' : `?${request.query}`}` }];
  if (rows.length > count) {
    const next = service.cursors.seal({ query: asked.toString(), after: shown.at(-1)!.version }, bound);
    links.push({ relation: 'next', url: `${here}?_page=${next}` });
  }
  const entries = shown.map((row) => historyEntry(base, type, id, row));
  return { status: 200, body: bundleText({ type: 'history', links, entries }) };

  /** Nothing since then is no error of what is there. */
  async function isSeen(): Promise<boolean> {
    return (await service.store.one(await compileRead(service.store.search, type, id, access))) !== undefined;
  }
};
