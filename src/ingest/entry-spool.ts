// Holds the entries of one Bundle while they are read twice: in memory while they are few, then in a temporary file.
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface SpooledEntry {
  readonly text: string;
  /** Line in the file it came from. */
  readonly line: number;
}

/** Characters kept in memory before a file is used. */
const memoryLimit = 32_000_000;

export class EntrySpool {
  #kept: SpooledEntry[] = [];
  #keptLength = 0;
  #folder: string | undefined;
  #file: FileHandle | undefined;

  /** Cheap until `memoryLimit`; then call `spill` before the next. */
  push(entry: SpooledEntry): void {
    this.#kept.push(entry);
    this.#keptLength += entry.text.length;
  }

  get full(): boolean {
    return this.#keptLength > memoryLimit;
  }

  /** Moves what is in memory to the file. */
  async spill(): Promise<void> {
    if (this.#file === undefined) {
      this.#folder = await mkdtemp(join(tmpdir(), 'portico-import-'));
      this.#file = await open(join(this.#folder, 'entries'), 'wx', 0o600);
    }
    // JSON has no raw line feed inside strings; those between its tokens are made spaces.
    await this.#file.writeFile(
      this.#kept.map((entry) => `${entry.line} ${entry.text.replace(/[\r\n]+/g, ' ')}\n`).join(''),
    );
    this.#kept = [];
    this.#keptLength = 0;
  }

  async *entries(): AsyncGenerator<SpooledEntry> {
    if (this.#file !== undefined) {
      await this.spill();
      const lines = createInterface({
        input: createReadStream(join(this.#folder!, 'entries'), 'utf8'),
        crlfDelay: Number.POSITIVE_INFINITY,
      });
      for await (const row of lines) {
        const space = row.indexOf(' ');
        yield { line: Number(row.slice(0, space)), text: row.slice(space + 1) };
      }
      return;
    }
    yield* this.#kept;
  }

  async clear(): Promise<void> {
    this.#kept = [];
    this.#keptLength = 0;
    await this.#file?.close();
    this.#file = undefined;
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }
}
