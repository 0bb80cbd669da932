// Indexes anew, while the server answers, what is indexed by other rules than those of this version.
import { Worker } from 'node:worker_threads';
import type { Logger } from '../log/logger.ts';
import type { Plan } from './open-plan.ts';

export interface ReindexPlace {
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
}

/** Answers how to end it; it goes on at the next start. */
export async function reindexBeside(
  { config, store }: Pick<Plan, 'config' | 'store'>,
  logger: Logger,
): Promise<() => Promise<void>> {
  if (!(await store.outdated())) return async () => {};
  const place: ReindexPlace = { dataDir: config.dataDir, databaseUrl: config.databaseUrl };
  const started = performance.now();
  logger.info(
    store.search.placed.areAll
      ? 'indexing anew by the rules of this version; until it is done, searches may find less'
      : 'placing all records anew by the rules of this version; no type is shown to apps (503) until it is done',
  );
  const worker = new Worker(new URL('reindex-worker.ts', import.meta.url), { workerData: place });
  worker.once('message', (reindexed: unknown) =>
    logger.info({ reindexed, ms: Math.round(performance.now() - started) }, 'indexed anew'),
  );
  worker.once('error', (err) =>
    logger.error({ err }, 'indexing anew failed; `portico migrate` goes on with it'),
  );
  return async () => {
    await worker.terminate();
  };
}
