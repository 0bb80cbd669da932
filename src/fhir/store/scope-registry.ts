// The numbers that stand for scopes and for search parameters in the index tables. A number once given never
// changes, so what was read is kept; what was not found is asked again, at once or, where hardly any is found, after a while.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Database } from '../../db/database.ts';
import { jsonRows } from '../../db/json-rows.ts';
import { memberKeySpan, type ResourceTables, sharedKeysStart } from './schema.ts';
import { readScopeName } from './scope-name.ts';

/** One beside another: what is kept from those who see the other's. */
export interface Beside {
  readonly scope: number;
  readonly kept: readonly string[];
}

const scopesKept = 100_000;
/** Milliseconds. */
const besideKnownFor = 10_000;
const none: readonly Beside[] = [];

export class ScopeRegistry {
  readonly #db: Database;
  readonly #clock: () => number;
  readonly #scopes = new Map<string, number>();
  /** Of a scope those beside it, and until when no others are looked for. */
  readonly #beside = new Map<string, { readonly until: number; readonly found: readonly Beside[] }>();
  readonly #params = new Map<string, number>();

  constructor(db: Database, clock: () => number) {
    this.#db = db;
    this.#clock = clock;
  }

  /** As `find`, of what was found before. */
  known(line: string, member: string): number | undefined {
    return this.#scopes.get(`${line} ${member}`);
  }

  /**
   * The scope of a member (Patient id), of reference data ('') or of referred data ('~'), or one beside them (`scopeName`);
   * undefined when there is none yet.
   */
  async find(line: string, member: string): Promise<number | undefined> {
    const known = this.known(line, member);
    if (known !== undefined) return known;
    const row = await this.#db
      .as<ResourceTables>()
      .selectFrom('scope')
      .select('scope')
      .where('line', '=', line)
      .where('member', '=', member)
      .executeTakeFirst();
    if (row !== undefined) this.#keep(line, member, row.scope);
    return row?.scope;
  }

  /** Those beside a scope, which hardly any has: one that another process makes is found some seconds later. */
  async beside(line: string, owner: string): Promise<readonly Beside[]> {
    const name = `${line} ${owner}`;
    const known = this.#beside.get(name);
    if (known !== undefined && this.#clock() < known.until) return known.found;
    const rows = await this.#db
      .as<ResourceTables>()
      .selectFrom('scope')
      .select(['scope', 'member'])
      .where('line', '=', line)
      .where('member', '>', `${owner}~`)
      .where('member', '<', `${owner}~~`)
      .execute();
    const found = rows.map(({ scope, member }) => ({ scope, kept: readScopeName(member).kept }));
    if (this.#beside.size >= scopesKept) this.#beside.clear();
    this.#beside.set(name, {
      until: this.#clock() + besideKnownFor,
      found: found.length === 0 ? none : found,
    });
    return found;
  }

  /** All of these owners: their own and those beside. For writers. */
  async allOf(
    trx: Transaction<ResourceTables>,
    line: string,
    owners: ReadonlySet<string>,
  ): Promise<readonly number[]> {
    const rows = [...owners].map((owner) => [owner, `${owner}~`, `${owner}~~`]);
    const columns = { own: 'text', low: 'text', high: 'text' } as const;
    const { rows: found } = await sql<{ scope: number }>`select s.scope
      from (${jsonRows(this.#db.dialect, columns, rows)}) r cross join scope s where s.line = ${line} and s.member = r.own
      union select s.scope
      from (${jsonRows(this.#db.dialect, columns, rows)}) r cross join scope s
      where s.line = ${line} and s.member > r.low and s.member < r.high`.execute(trx);
    return found.map(({ scope }) => scope);
  }

  /** Numbers for all `members` of a line, made where missing. For writers. */
  async ensure(
    trx: Transaction<ResourceTables>,
    line: string,
    members: ReadonlySet<string>,
  ): Promise<Map<string, number>> {
    const scopes = new Map<string, number>();
    const unknown: string[] = [];
    for (const member of members) {
      const known = this.#scopes.get(`${line} ${member}`);
      if (known === undefined) unknown.push(member);
      else scopes.set(member, known);
    }
    if (unknown.length === 0) return scopes;
    const rows = unknown.map((member) => [line, member]);
    const dialect = this.#db.dialect;
    await sql`insert into scope (line, member) select line, member from (${jsonRows(dialect, { line: 'text', member: 'text' }, rows)}) r
      where true on conflict do nothing`.execute(trx);
    const found = await sql<{ member: string; scope: number }>`select s.member, s.scope from (${jsonRows(
      dialect,
      { line: 'text', member: 'text' },
      rows,
    )}) r cross join scope s where s.line = r.line and s.member = r.member`.execute(trx);
    // Kept only by `committed`: a number made in a transaction that fails is never used again.
    for (const row of found.rows) scopes.set(row.member, row.scope);
    return scopes;
  }

  /** What `ensure` gave the numbers for. */
  async names(trx: Transaction<ResourceTables>, scopes: ReadonlySet<number>): Promise<Map<number, string>> {
    const rows = [...scopes].map((scope) => [scope]);
    const { rows: found } = await sql<{ scope: number; member: string }>`select s.scope, s.member
      from (${jsonRows(this.#db.dialect, { scope: 'bigint' }, rows)}) r cross join scope s where s.scope = r.scope`.execute(
      trx,
    );
    return new Map(found.map(({ scope, member }) => [scope, member]));
  }

  /** Remembers scopes whose transaction has been committed. */
  committed(line: string, scopes: ReadonlyMap<string, number>): void {
    for (const [member, scope] of scopes) {
      this.#keep(line, member, scope);
      const { owner, kept } = readScopeName(member);
      if (kept.length > 0) this.#beside.delete(`${line} ${owner}`);
    }
  }

  /** Reserves `count` keys that lie with the scope's other resources and answers the first. */
  async reserveKeys(
    trx: Transaction<ResourceTables>,
    scope: number,
    shared: boolean,
    count: number,
  ): Promise<number> {
    if (!shared) {
      const next = await this.#advance(trx, scope, count);
      if (next + count <= memberKeySpan) return scope * memberKeySpan + next;
    }
    // Reference data of all lines, and the rare record of over a million resources, share one sequence.
    const sequence = await this.ensure(trx, '', new Set(['']));
    return sharedKeysStart + (await this.#advance(trx, sequence.get('')!, count));
  }

  async #advance(trx: Transaction<ResourceTables>, scope: number, count: number): Promise<number> {
    const result = await sql<{
      next_key: number;
    }>`update scope set next_key = next_key + ${count} where scope = ${scope}
      returning next_key`.execute(trx);
    return result.rows[0]!.next_key - count;
  }

  #keep(line: string, member: string, scope: number): void {
    if (this.#scopes.size >= scopesKept) this.#scopes.clear();
    this.#scopes.set(`${line} ${member}`, scope);
  }

  /** The number of a search parameter (`Observation`, `code`, or `code#1` for a component of a composite). */
  paramId(type: string, code: string): number {
    const id = this.#params.get(`${type} ${code}`);
    if (id === undefined)
      throw new Error(`search parameter ${type}.${code} has no number; it was not registered at start`);
    return id;
  }

  /** Gives every parameter a number; called once at start, before anything is searched or written. */
  async registerParams(params: readonly { readonly type: string; readonly code: string }[]): Promise<void> {
    const db: Kysely<ResourceTables> = this.#db.as<ResourceTables>();
    let rows = await db.selectFrom('search_param').selectAll().execute();
    const known = new Set(rows.map((row) => `${row.type} ${row.code}`));
    const missing = params.filter((param) => !known.has(`${param.type} ${param.code}`));
    if (missing.length > 0) {
      await sql`insert into search_param (type, code) select type, code from (${jsonRows(
        this.#db.dialect,
        { type: 'text', code: 'text' },
        missing.map((param) => [param.type, param.code]),
      )}) r where true on conflict do nothing`.execute(db);
      rows = await db.selectFrom('search_param').selectAll().execute();
    }
    for (const row of rows) this.#params.set(`${row.type} ${row.code}`, row.id);
  }
}
