// Runs the command line as a process, on the database of a test.
import { spawnSync } from 'node:child_process';
import type { TestPlace } from '../databases.ts';

const main = new URL('../../src/main/portico.ts', import.meta.url).pathname;

export function runPortico(place: TestPlace, args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    env: {
      ...process.env,
      DATA_DIR: place.dataDir,
      ...(place.databaseUrl === undefined ? {} : { DATABASE_URL: place.databaseUrl }),
    },
  });
  return { status, stdout, stderr };
}
