// Indexes anew what needs it, with a word on standard error that it does.

import type { Reindexed } from '../fhir/store/reindex.ts';
import type { ResourceStore } from '../fhir/store/resource-store.ts';

const saidEach = 10_000;

export async function indexAnew(
  store: ResourceStore,
  { all, quiet }: { readonly all: boolean; readonly quiet: boolean },
): Promise<Reindexed> {
  let said = 0;
  const counts = new Map<string, number>();
  const reindexed = await store.reindex({
    all,
    onProgress: (type, resources) => {
      counts.set(type, resources);
      const total = counts.values().reduce((sum, count) => sum + count, 0);
      if (quiet || total === 0 || (said > 0 && total < said + saidEach)) return;
      said = total;
      process.stderr.write(`Indexing anew: ${type}, ${total} resources in all\n`);
    },
  });
  if (Object.keys(reindexed).length > 0) await store.writtenMuch();
  return reindexed;
}
