// Kysely's SQLite dialect over node:sqlite (https://nodejs.org/docs/latest-v24.x/api/sqlite.html).
// Two connections: one that only reads and is never waited for, one that writes behind a mutex, so a
// transaction that is open across an await never holds up a read. A lock that another process holds is
// awaited without blocking the event loop. Must never answer a write before it is on disk.
// What is read in one turn of the event loop is read from one snapshot: taking it costs as much as a look-up. It is let go
// when the turn ends and when anything is written here, so no request sees an older state than when it arrived.
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';

/** A query that only reads, compiled. */
export type ReadQuery = Pick<CompiledQuery, 'sql' | 'parameters'>;

/** How long a write waits for another process's lock, in milliseconds, before it fails with SQLITE_BUSY. */
const lockPatienceMs = 60_000;
const statementsKept = 500;

export function sqliteDialect(driver: NodeSqliteDriver) {
  return {
    createAdapter: () => new TransactionalSqliteAdapter(),
    createDriver: () => driver,
    createIntrospector: (db: Kysely<unknown>) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** SQLite's schema changes are transactional; BEGIN IMMEDIATE is the migration lock. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

export class NodeSqliteDriver implements Driver {
  readonly #file: string;
  readonly #mutex = new Mutex();
  #reader!: StatementCache;
  #writer!: StatementCache;
  #snapshot!: Snapshot;

  constructor(file: string) {
    this.#file = file;
  }

  async init(): Promise<void> {
    this.#writer = new StatementCache(openFile(this.#file, false));
    this.#reader = new StatementCache(openFile(this.#file, true));
    this.#snapshot = new Snapshot(this.#reader.database);
  }

  /** Runs a query that only reads, at once. A row is the values in the order of the select list. */
  read<Row extends readonly unknown[]>(query: ReadQuery): Row[] {
    this.#snapshot.take();
    return this.#reader.tuples<Row>(query);
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    return new SqliteConnection(this.#reader, this.#writer, this.#mutex, this.#snapshot);
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as SqliteConnection).begin();
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as SqliteConnection).end('commit');
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as SqliteConnection).end('rollback');
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    this.#snapshot?.letGo();
    this.#reader?.close();
    this.#writer?.close();
  }
}

function openFile(file: string, readOnly: boolean): DatabaseSync {
  const database = new DatabaseSync(file, { readOnly });
  database.exec('PRAGMA busy_timeout = 50');
  database.exec('PRAGMA cache_size = -65536');
  database.exec('PRAGMA mmap_size = 1073741824');
  if (!readOnly) {
    // Of a new file only. A claim takes about 8 kB: in larger pages it has fewer overflow pages to follow.
    database.exec('PRAGMA page_size = 8192');
    retryNow(() => database.exec('PRAGMA journal_mode = WAL'));
    database.exec('PRAGMA synchronous = FULL');
    database.exec('PRAGMA foreign_keys = ON');
    database.exec('PRAGMA journal_size_limit = 67108864');
  }
  return database;
}

/** Switching to WAL needs the file alone for an instant; two processes that start together take turns. */
function retryNow(run: () => void): void {
  for (let attempt = 0; ; attempt++) {
    try {
      run();
      return;
    } catch (error) {
      if (!isBusy(error) || attempt > 100) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}

class SqliteConnection implements DatabaseConnection {
  readonly #reader: StatementCache;
  readonly #writer: StatementCache;
  readonly #mutex: Mutex;
  readonly #snapshot: Snapshot;
  #release: (() => void) | undefined;

  constructor(reader: StatementCache, writer: StatementCache, mutex: Mutex, snapshot: Snapshot) {
    this.#reader = reader;
    this.#writer = writer;
    this.#mutex = mutex;
    this.#snapshot = snapshot;
  }

  async begin(): Promise<void> {
    this.#release = await this.#mutex.lock();
    try {
      await patiently(() => this.#writer.database.exec('BEGIN IMMEDIATE'));
    } catch (error) {
      this.#unlock();
      throw error;
    }
  }

  async end(how: 'commit' | 'rollback'): Promise<void> {
    try {
      if (how === 'commit') await patiently(() => this.#writer.database.exec('COMMIT'));
      else if (this.#writer.database.isTransaction) this.#writer.database.exec('ROLLBACK');
    } finally {
      this.#snapshot.letGo();
      if (how === 'rollback' || !this.#writer.database.isTransaction) this.#unlock();
    }
  }

  #unlock(): void {
    this.#release?.();
    this.#release = undefined;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#release !== undefined) return this.#writer.run<R>(query);
    if (!writes(query)) return this.#reader.run<R>(query);
    const release = await this.#mutex.lock();
    try {
      return await patiently(() => this.#writer.run<R>(query));
    } finally {
      this.#snapshot.letGo();
      release();
    }
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    for (const row of this.#reader.iterate<R>(query)) yield { rows: [row] };
  }
}

function writes(query: CompiledQuery): boolean {
  switch (query.query.kind) {
    case 'SelectQueryNode':
      return false;
    case 'RawNode':
      return !/^\s*(select|with|explain|pragma\s+\w+\s*$)/i.test(query.sql);
    default:
      return true;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 5;
}

async function patiently<T>(run: () => T): Promise<T> {
  const deadline = performance.now() + lockPatienceMs;
  for (let wait = 2; ; wait = Math.min(wait * 2, 100)) {
    try {
      return run();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
      await delay(wait);
    }
  }
}

/** One read transaction for all that is read in one turn of the event loop. */
class Snapshot {
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  #taken = false;

  constructor(database: DatabaseSync) {
    this.#begin = database.prepare('BEGIN');
    this.#commit = database.prepare('COMMIT');
  }

  take(): void {
    if (this.#taken) return;
    this.#begin.run();
    this.#taken = true;
    setImmediate(() => this.letGo());
  }

  letGo(): void {
    if (!this.#taken) return;
    this.#taken = false;
    this.#commit.run();
  }
}

interface Prepared {
  readonly statement: StatementSync;
  readonly answersRows: boolean;
}

/** Prepared statements of one connection, the oldest dropped first. */
class StatementCache {
  readonly database: DatabaseSync;
  readonly #prepared = new Map<string, Prepared>();
  /** Apart, because a statement answers either objects or tuples. */
  readonly #tuples = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.database = database;
  }

  #prepare(sql: string): Prepared {
    let prepared = this.#prepared.get(sql);
    if (prepared === undefined) {
      const statement = this.database.prepare(sql);
      prepared = { statement, answersRows: statement.columns().length > 0 };
      keep(this.#prepared, sql, prepared);
    }
    return prepared;
  }

  /** Rows as arrays: objects made by node:sqlite are dictionaries, which cost more to make and to read. */
  tuples<Row extends readonly unknown[]>(query: ReadQuery): Row[] {
    let statement = this.#tuples.get(query.sql);
    if (statement === undefined) {
      statement = this.database.prepare(query.sql);
      statement.setReturnArrays(true);
      keep(this.#tuples, query.sql, statement);
    }
    return statement.all(...(query.parameters as SQLInputValue[])) as unknown as Row[];
  }

  run<R>(query: CompiledQuery): QueryResult<R> {
    const { statement, answersRows } = this.#prepare(query.sql);
    const parameters = query.parameters.map(toSqlite);
    if (answersRows) return { rows: statement.all(...parameters) as R[] };
    const { changes, lastInsertRowid } = statement.run(...parameters);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }

  iterate<R>(query: CompiledQuery): Iterable<R> {
    // A statement of its own: an open iterator must survive other uses of the same SQL.
    return this.database.prepare(query.sql).iterate(...query.parameters.map(toSqlite)) as Iterable<R>;
  }

  close(): void {
    this.#prepared.clear();
    this.#tuples.clear();
    if (this.database.isOpen) this.database.close();
  }
}

function keep<T>(statements: Map<string, T>, sql: string, statement: T): void {
  statements.set(sql, statement);
  if (statements.size <= statementsKept) return;
  const oldest = statements.keys().next().value;
  if (oldest !== undefined) statements.delete(oldest);
}

function toSqlite(value: unknown): SQLInputValue {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value === undefined) return null;
  return value as SQLInputValue;
}

/** First come, first served. */
class Mutex {
  #tail: Promise<void> = Promise.resolve();

  async lock(): Promise<() => void> {
    const before = this.#tail;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#tail = promise;
    await before;
    return resolve;
  }
}
