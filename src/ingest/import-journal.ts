// How far the import of one file got. It is noted in the transaction that writes the resources, so the two never differ.
import { resolve } from 'node:path';
import type { Transaction } from 'kysely';
import type { Database } from '../db/database.ts';
import type { InputFile } from './input-files.ts';
import type { IngestTables } from './schema.ts';

export class ImportJournal {
  readonly #db: Database;
  readonly #line: string;
  readonly #path: string;
  readonly #identity: string;
  #noted = false;

  /** Undefined where nothing can be gone on with: standard input. */
  static of(db: Database, line: string, file: InputFile): ImportJournal | undefined {
    return file.identity === undefined ? undefined : new ImportJournal(db, line, file.path, file.identity);
  }

  private constructor(db: Database, line: string, path: string, identity: string) {
    this.#db = db;
    this.#line = line;
    this.#path = resolve(path);
    this.#identity = identity;
  }

  /** Items that an interrupted run has done of the same content. */
  async itemsDone(): Promise<number> {
    const row = await this.#db
      .as<IngestTables>()
      .selectFrom('import_file')
      .select(['identity', 'items_done'])
      .where('line', '=', this.#line)
      .where('path', '=', this.#path)
      .executeTakeFirst();
    this.#noted = row !== undefined;
    return row?.identity === this.#identity ? row.items_done : 0;
  }

  async note(trx: Transaction<IngestTables>, itemsDone: number): Promise<void> {
    const row = { line: this.#line, path: this.#path, identity: this.#identity, items_done: itemsDone };
    await trx
      .insertInto('import_file')
      .values(row)
      .onConflict((conflict) =>
        conflict
          .columns(['line', 'path'])
          .doUpdateSet({ identity: row.identity, items_done: row.items_done }),
      )
      .execute();
    this.#noted = true;
  }

  /** A file that was read to its end starts anew at the next run, which then finds everything unchanged. */
  async forget(): Promise<void> {
    if (!this.#noted) return;
    await this.#db
      .as<IngestTables>()
      .deleteFrom('import_file')
      .where('line', '=', this.#line)
      .where('path', '=', this.#path)
      .execute();
    this.#noted = false;
  }
}
