// Opens the one database of the program: SQLite in the data folder, or PostgreSQL when a URL is given.
// Features describe their own tables and ask for a typed view with `db.as<Tables>()`.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { NodeSqliteDriver, sqliteDialect } from './sqlite-dialect.ts';

export type DialectName = 'sqlite' | 'postgres';

export interface Database {
  readonly dialect: DialectName;
  /** The same connection pool, seen with a feature's own tables. */
  as<Tables>(): Kysely<Tables>;
  /**
   * Runs a compiled query that only reads, without the builder's own machinery: for what every request does.
   * On SQLite the rows are there at once.
   */
  read<R>(query: Pick<CompiledQuery, 'sql' | 'parameters'>): R[] | Promise<R[]>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** Folder of the SQLite file; made when missing. */
  readonly dataDir: string;
  /** `postgres://…`; SQLite when absent. */
  readonly databaseUrl?: string | undefined;
  /** PostgreSQL connections at most. */
  readonly poolSize?: number;
  /** PostgreSQL schema to work in, for tests that share one server. */
  readonly schema?: string;
}

export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  return options.databaseUrl === undefined
    ? openSqlite(options.dataDir)
    : openPostgres(options.databaseUrl, options);
}

async function openSqlite(dataDir: string): Promise<Database> {
  const driver = new NodeSqliteDriver(sqliteFile(dataDir));
  const kysely = new Kysely<Record<never, never>>({ dialect: sqliteDialect(driver) });
  const db = view('sqlite', kysely, (query) => driver.read(query as CompiledQuery));
  await probe(db);
  return db;
}

async function openPostgres(databaseUrl: string, options: DatabaseOptions): Promise<Database> {
  const pool = postgresPool(databaseUrl, options);
  const kysely = new Kysely<Record<never, never>>({ dialect: new PostgresDialect({ pool }) });
  const db = view(
    'postgres',
    kysely,
    async (query) => (await pool.query(query.sql, [...query.parameters])).rows,
  );
  await probe(db);
  return db;
}

function view(dialect: DialectName, kysely: Kysely<Record<never, never>>, read: Database['read']): Database {
  return {
    dialect,
    as: <Tables>() => kysely as unknown as Kysely<Tables>,
    read,
    close: () => kysely.destroy(),
  };
}

/** Opens the connections, so that a wrong address is an error at start. */
async function probe(db: Database): Promise<void> {
  await sql`select 1`.execute(db.as<Record<never, never>>());
}

function sqliteFile(dataDir: string): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  return join(dataDir, 'portico.sqlite');
}

function postgresPool(connectionString: string, options: DatabaseOptions): pg.Pool {
  // int8 comes as text by default; all our integers stay below 2^53.
  const types = new pg.TypeOverrides();
  types.setTypeParser(pg.types.builtins.INT8, Number);
  const pool = new pg.Pool({
    connectionString,
    types,
    max: options.poolSize ?? 10,
    application_name: 'portico',
    ...(options.schema === undefined ? {} : { options: `-c search_path=${options.schema}` }),
  });
  // An idle connection that breaks is replaced at the next query; without a listener it would end the process.
  pool.on('error', () => {});
  return pool;
}
