// Collects what comes with the matches of a page, round by round for `:iterate`. Bounded: in rounds, and in resources.
import type { Access } from '../../smart/access.ts';
import { FhirError } from '../operation-outcome.ts';
import type { IncludedRow, ResourceStore } from '../store/resource-store.ts';
import { compileIncluded, type Origin } from './compile-included.ts';
import type { Include } from './parse-include.ts';

const includedAtMost = 1000;
/** Of one round, what is found several times counted as often. */
const rowsAtMost = 5 * includedAtMost;
const roundsAtMost = 5;

/** Each resource once, the matches themselves left out. @throws {FhirError} too-costly */
export async function includeResources(
  store: ResourceStore,
  access: Access,
  asked: readonly Include[],
  matches: readonly Origin[],
): Promise<IncludedRow[]> {
  const included = new Map<number, IncludedRow>();
  const seen = new Set(matches.map(({ key }) => key));
  let origins = matches;
  let includes = asked;
  for (let round = 0; round < roundsAtMost && origins.length > 0 && includes.length > 0; round++) {
    const query = await compileIncluded(store.search, access, origins, includes, rowsAtMost);
    const found = query === undefined ? [] : await store.included(query);
    const added: IncludedRow[] = [];
    for (const row of found) {
      if (seen.has(row.key)) continue;
      seen.add(row.key);
      included.set(row.key, row);
      added.push(row);
    }
    if (included.size > includedAtMost || found.length === rowsAtMost) {
      throw new FhirError(
        'too-costly',
        `_include, _revinclude: more than ${includedAtMost} resources would come with this page; ask for fewer matches with _count.`,
      );
    }
    origins = added;
    includes = includes.filter(({ iterate }) => iterate);
  }
  return [...included.values()];
}
