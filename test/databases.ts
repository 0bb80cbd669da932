// The databases that store behaviour is tested on: SQLite always, PostgreSQL where TEST_DATABASE_URL names one.
// Each `open` gives an empty database of its own, gone at the end of the test.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import type { DialectName } from '../src/db/database.ts';

export interface TestPlace {
  readonly dialect: DialectName;
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
}

const url = process.env['TEST_DATABASE_URL'];

/** Registers `title` once for each database. Without PostgreSQL one line says so; in CI that is a failure. */
export function testOnEachDatabase(
  title: string,
  run: (place: TestPlace, context: TestContext) => Promise<void>,
): void {
  test(`${title} [SQLite]`, async (context) => run(await sqlitePlace(context), context));
  if (url !== undefined)
    test(`${title} [PostgreSQL]`, async (context) => run(await postgresPlace(context, url), context));
  else if (process.env['CI'] === 'true')
    test(`${title} [PostgreSQL]`, () => Promise.reject(new Error('TEST_DATABASE_URL is not set')));
  else test(`${title} [PostgreSQL]`, { skip: 'TEST_DATABASE_URL names no PostgreSQL server' }, () => {});
}

export async function sqlitePlace(context: TestContext): Promise<TestPlace> {
  return { dialect: 'sqlite', dataDir: await temporaryFolder(context), databaseUrl: undefined };
}

async function postgresPlace(context: TestContext, server: string): Promise<TestPlace> {
  const database = await createPostgresDatabase(server);
  context.after(database.drop);
  return { dialect: 'postgres', dataDir: await temporaryFolder(context), databaseUrl: database.url };
}

/** An empty database on the server that `server` names. */
export async function createPostgresDatabase(
  server: string,
): Promise<{ readonly url: string; readonly drop: () => Promise<void> }> {
  const name = `portico_${randomBytes(8).toString('hex')}`;
  await onServer(server, `create database ${name} template template0 encoding 'UTF8'`);
  const place = new URL(server);
  place.pathname = `/${name}`;
  return { url: place.href, drop: () => onServer(server, `drop database ${name} with (force)`) };
}

export async function onServer(server: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  await client.query(statement);
  await client.end();
}

export async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'portico-test-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
