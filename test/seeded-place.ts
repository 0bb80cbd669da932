// Puts the sandbox that was filled before the run (seed-once.ts) in an empty place.
import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { onServer, type TestPlace } from './databases.ts';

/** Of the environment, JSON. */
export const seedVariable = 'PORTICO_TEST_SEED';

export interface Seed {
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
  /** Seals what is sealed in it. */
  readonly secretKey: string;
}

/** Answers the secret that it was filled with; undefined when the place is not empty or nothing was filled. */
export async function fillPlace(place: TestPlace): Promise<string | undefined> {
  const text = process.env[seedVariable];
  if (text === undefined) return undefined;
  const seed = JSON.parse(text) as Seed;
  if (place.databaseUrl === undefined) {
    if ((await readdir(place.dataDir)).length > 0) return undefined;
    await copyFile(join(seed.dataDir, 'portico.sqlite'), join(place.dataDir, 'portico.sqlite'));
    return seed.secretKey;
  }
  if (seed.databaseUrl === undefined || !(await isEmpty(place.databaseUrl))) return undefined;
  const name = (url: string) => new URL(url).pathname.slice(1);
  const server = process.env['TEST_DATABASE_URL']!;
  await onServer(server, `drop database ${name(place.databaseUrl)}`);
  await onServer(server, `create database ${name(place.databaseUrl)} template ${name(seed.databaseUrl)}`);
  return seed.secretKey;
}

async function isEmpty(databaseUrl: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rowCount } = await client.query(
    `select 1 from information_schema.tables where table_schema = 'public' limit 1`,
  );
  await client.end();
  return rowCount === 0;
}
