// Holds the entries of one Bundle while they are read more than once: in memory while they are few, then in a temporary
// file that has no name, so that a killed import leaves nothing of a record behind.
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from './input-files.ts';
import type { JsonText } from './split-json.ts';

/** Characters kept in memory before a file is used. */
const memoryLimit = 32_000_000;
const readSize = 1 << 20;
const lineFeed = 0x0a;

export class EntrySpool {
  readonly #limit: number;
  #kept: JsonText[] = [];
  #keptLength = 0;
  #file: FileHandle | undefined;
  #fileLength = 0;
  /** Characters of all entries. */
  length = 0;

  constructor(limit = memoryLimit) {
    this.#limit = limit;
  }

  async push(entry: JsonText): Promise<void> {
    this.#kept.push(entry);
    this.#keptLength += entry.text.length;
    this.length += entry.text.length;
    if (this.#keptLength > this.#limit) await this.#spill();
  }

  async #spill(): Promise<void> {
    try {
      this.#file ??= await openUnnamed();
      for (const { line, members, depth, text } of this.#kept) {
        const bytes = Buffer.from(text);
        await this.#append(Buffer.from(`${line} ${members} ${depth} ${bytes.length}\n`));
        await this.#append(bytes);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      throw new InputError(
        `${tmpdir()} has no room for the entries of a large Bundle; free some or set TMPDIR to another folder`,
      );
    }
    this.#kept = [];
    this.#keptLength = 0;
  }

  async #append(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#file!.write(bytes, done, bytes.length - done, this.#fileLength);
      done += bytesWritten;
      this.#fileLength += bytesWritten;
    }
  }

  /** In the order they came. */
  async *entries(): AsyncGenerator<JsonText> {
    yield* this.#fromFile();
    yield* this.#kept;
  }

  async *#fromFile(): AsyncGenerator<JsonText> {
    let buffer = Buffer.alloc(0);
    let position = 0;
    const fill = async (wanted: number): Promise<void> => {
      const parts = [buffer];
      let length = buffer.length;
      while (length < wanted && position < this.#fileLength) {
        const part = Buffer.allocUnsafe(Math.min(readSize, this.#fileLength - position));
        const { bytesRead } = await this.#file!.read(part, 0, part.length, position);
        if (bytesRead === 0) throw new Error('the temporary file of a Bundle was cut');
        parts.push(part.subarray(0, bytesRead));
        length += bytesRead;
        position += bytesRead;
      }
      if (parts.length > 1) buffer = Buffer.concat(parts);
    };
    for (;;) {
      if (buffer.indexOf(lineFeed) < 0) await fill(buffer.length + 1);
      const end = buffer.indexOf(lineFeed);
      if (end < 0) return;
      const [line, members, depth, length] = buffer.toString('latin1', 0, end).split(' ').map(Number);
      buffer = buffer.subarray(end + 1);
      if (buffer.length < length!) await fill(length!);
      yield { line: line!, members: members!, depth: depth!, text: buffer.toString('utf8', 0, length) };
      buffer = buffer.subarray(length);
    }
  }

  async clear(): Promise<void> {
    this.#kept = [];
    this.#keptLength = 0;
    this.#fileLength = 0;
    this.length = 0;
    await this.#file?.close();
    this.#file = undefined;
  }
}

async function openUnnamed(): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'portico-import-'));
  try {
    return await open(join(folder, 'entries'), 'wx+', 0o600);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
