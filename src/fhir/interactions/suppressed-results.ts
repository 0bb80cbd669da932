// The warning that a search found more than can be shown
// (https://hl7.org/fhir/us/core/STU3.1.1/general-guidance.html#missing-data). It says that there is something and nothing of it.
import type { RequestAccess } from '../../smart/access.ts';
import { outcomeEntry } from '../bundle.ts';
import type { FhirService } from '../fhir-service.ts';
import { warning } from '../operation-outcome.ts';
import { compileWithheld } from '../search/compile-search.ts';
import type { SearchRequest } from '../search/search-request.ts';

/** The entry to add to the first page of the searches; none where nothing is suppressed. */
export async function suppressedResults(
  service: FhirService,
  access: RequestAccess,
  searches: readonly Pick<SearchRequest, 'type' | 'asks'>[],
): Promise<(readonly string[])[]> {
  const { definitions, store } = service;
  const types: string[] = [];
  for (const search of searches) {
    if (definitions.statusElements[search.type] === undefined) continue;
    const query = await compileWithheld(store.search, search, access);
    if (query !== undefined && (await store.total(query)) > 0) types.push(search.type);
  }
  if (types.length === 0) return [];
  const elements = types.sort().map((type) => `${type}.${definitions.statusElements[type]}`);
  const text = `More results were found and left out, because they lack a status without which they cannot be sent as US Core demands: ${elements.join(', ')}.`;
  return [outcomeEntry(warning(text, 'suppressed'))];
}
