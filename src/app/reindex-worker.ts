// A thread that indexes anew what needs it, on connections of its own: SQLite's work would hold up the server's requests.
import { parentPort, workerData } from 'node:worker_threads';
import { openDatabase } from '../db/database.ts';
import { loadDefinitions } from '../fhir/definitions/definitions.ts';
import { openResourceStore } from '../fhir/store/resource-store.ts';
import type { ReindexPlace } from './reindex-beside.ts';

const db = await openDatabase(workerData as ReindexPlace);
try {
  const store = await openResourceStore(db, loadDefinitions(), { ownBases: () => [] });
  parentPort?.postMessage(await store.reindex());
} finally {
  await db.close();
}
