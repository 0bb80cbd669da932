// Fills one sandbox for each database before all tests of a run (node's `--test-global-setup`), which `startPortico` then copies:
// making the records anew for each test would be most of the time. A test file that is run alone makes its own.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPortico } from '../src/app/create-portico.ts';
import { sandboxPlan } from '../src/config/config.ts';
import { silentLogger } from '../src/log/logger.ts';
import { createPostgresDatabase } from './databases.ts';
import { type Seed, seedVariable } from './seeded-place.ts';

const ends: (() => Promise<unknown>)[] = [];

export async function globalSetup(): Promise<void> {
  const secretKey = randomBytes(32).toString('base64url');
  const dataDir = await mkdtemp(join(tmpdir(), 'portico-seed-'));
  ends.push(() => rm(dataDir, { recursive: true, force: true }));
  const fill = async (databaseUrl: string | undefined) => {
    const config = { ...sandboxPlan('http://localhost'), port: 0, host: 'localhost', logLevel: 'silent' };
    const portico = await createPortico({ ...config, dataDir, databaseUrl, secretKey }, silentLogger());
    await portico.close();
  };
  await fill(undefined);
  const server = process.env['TEST_DATABASE_URL'];
  const database = server === undefined ? undefined : await createPostgresDatabase(server);
  if (database !== undefined) {
    ends.push(database.drop);
    await fill(database.url);
  }
  const seed: Seed = { dataDir, databaseUrl: database?.url, secretKey };
  process.env[seedVariable] = JSON.stringify(seed);
}

export async function globalTeardown(): Promise<void> {
  for (const end of ends) await end();
}
