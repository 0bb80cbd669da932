// Opens the one database of the program: SQLite in the data folder, or PostgreSQL when a URL is given.
// Features describe their own tables and ask for a typed view with `db.as<Tables>()`.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { NodeSqliteDriver, type ReadQuery, sqliteDialect } from './sqlite-dialect.ts';

export type DialectName = 'sqlite' | 'postgres';

/** PostgreSQL connections of one process, at most. */
const postgresConnections = 10;

export interface Database {
  readonly dialect: DialectName;
  /** The same connection pool, seen with a feature's own tables. */
  as<Tables>(): Kysely<Tables>;
  /**
   * Runs a compiled query that only reads, without the builder's own machinery: for what every request does.
   * A row is the values in the order of the select list. On SQLite the rows are there at once.
   */
  read<Row extends readonly unknown[]>(query: ReadQuery): Row[] | Promise<Row[]>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** Folder of the SQLite file; made when missing. */
  readonly dataDir: string;
  /** `postgres://…`; SQLite when absent. */
  readonly databaseUrl?: string | undefined;
}

const sqliteName = 'portico.sqlite';

export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  return options.databaseUrl === undefined ? openSqlite(options.dataDir) : openPostgres(options.databaseUrl);
}

/** Whether there is something to open; it makes nothing. A PostgreSQL database is always there. */
export function hasDatabase({ dataDir, databaseUrl }: DatabaseOptions): boolean {
  return databaseUrl !== undefined || existsSync(join(dataDir, sqliteName));
}

async function openSqlite(dataDir: string): Promise<Database> {
  const driver = new NodeSqliteDriver(sqliteFile(dataDir));
  const kysely = new Kysely<Record<never, never>>({ dialect: sqliteDialect(driver) });
  const db = view('sqlite', kysely, (query) => driver.read(query));
  await probe(db);
  return db;
}

async function openPostgres(databaseUrl: string): Promise<Database> {
  const pool = postgresPool(databaseUrl);
  const kysely = new Kysely<Record<never, never>>({ dialect: new PostgresDialect({ pool }) });
  const db = view(
    'postgres',
    kysely,
    async <Row extends readonly unknown[]>({ sql, parameters }: ReadQuery) => {
      const { rows } = await pool.query({ text: sql, values: [...parameters], rowMode: 'array' });
      return rows as unknown[] as Row[];
    },
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
  return join(dataDir, sqliteName);
}

function postgresPool(connectionString: string): pg.Pool {
  // int8 comes as text by default; all our integers stay below 2^53.
  const types = new pg.TypeOverrides();
  types.setTypeParser(pg.types.builtins.INT8, Number);
  const pool = new pg.Pool({
    connectionString,
    types,
    max: postgresConnections,
    application_name: 'portico',
    // Queries are short; compiling one just in time takes longer than running it. What takes a minute is no query of ours.
    options: '-c jit=off -c statement_timeout=60s',
  });
  // An idle connection that breaks is replaced at the next query; without a listener it would end the process.
  pool.on('error', () => {});
  return pool;
}
