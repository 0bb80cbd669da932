// The files that an import reads: those named, those inside named folders, or standard input; plain or gzip, told by
// their first bytes and not by their names.
import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

export interface InputFile {
  /** As a person would name it; `-` for standard input. */
  readonly path: string;
  /** Bytes on disk; undefined for standard input. */
  readonly size: number | undefined;
  /** Tells this content from another under the same path; undefined for standard input. */
  readonly identity: string | undefined;
  /** Why it is not read. `unreadable` is a failure, `left-out` is worth a line in the report. */
  readonly notRead?: { readonly why: 'unreadable' | 'left-out'; readonly text: string };
}

/** What the command was given is wrong, or the place it works in. */
export class InputError extends Error {
  override name = 'InputError';
}

/** The bytes of a file cannot be had, or cannot be unpacked. */
export class ReadError extends Error {
  override name = 'ReadError';
}

const dataFile = /\.(json|ndjson|jsonl|xml|gz)$/i;
const otherFile = /^package\.json$|\.(tar|csv)\.gz$/i;
const leftOut = {
  why: 'left-out',
  text: 'is left out: of a folder .json, .ndjson, .jsonl, .xml and .gz are read',
} as const;

/**
 * In the order given; inside a folder by name. Hidden files are left out of folders, and files of other kinds, which
 * then come with `notRead`.
 * @throws {InputError} naming a path that was given and is not there
 */
export async function findInputFiles(paths: readonly string[]): Promise<InputFile[]> {
  const files: InputFile[] = [];
  for (const path of paths) {
    if (path === '-') {
      if (!files.some((file) => file.path === '-'))
        files.push({ path, size: undefined, identity: undefined });
      continue;
    }
    let found: Awaited<ReturnType<typeof stat>>;
    try {
      found = await stat(path);
    } catch (error) {
      throw new InputError(`${path}: ${reason(error)}`);
    }
    if (found.isDirectory()) await collect(path, files, []);
    else files.push(inputFile(path, found));
  }
  if (files.every((file) => file.notRead?.why === 'left-out'))
    throw new InputError(`no .json, .ndjson, .jsonl, .xml or .gz file in ${paths.join(', ')}`);
  return files;
}

/** @param parents real paths of the folders that this one is in, so that a link in a circle ends */
async function collect(folder: string, files: InputFile[], parents: readonly string[]): Promise<void> {
  let names: string[];
  let real: string;
  try {
    real = await realpath(folder);
    names = parents.includes(real) ? [] : (await readdir(folder)).sort();
  } catch (error) {
    files.push(unreadable(folder, error));
    return;
  }
  for (const name of names) {
    if (name.startsWith('.')) continue;
    const path = join(folder, name);
    try {
      const found = await stat(path);
      if (found.isDirectory()) await collect(path, files, [...parents, real]);
      else if (found.isFile() && dataFile.test(name) && !otherFile.test(name))
        files.push(inputFile(path, found));
      else files.push({ ...inputFile(path, found), size: 0, notRead: leftOut });
    } catch (error) {
      files.push(unreadable(path, error));
    }
  }
}

function inputFile(path: string, found: Awaited<ReturnType<typeof stat>>): InputFile {
  if (!found.isFile()) return { path, size: undefined, identity: undefined };
  return { path, size: Number(found.size), identity: identityOf(found) };
}

function identityOf(found: Awaited<ReturnType<typeof stat>>): string {
  return `${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
}

function unreadable(path: string, error: unknown): InputFile {
  return { path, size: 0, identity: undefined, notRead: { why: 'unreadable', text: reason(error) } };
}

function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'there is no such file or folder';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read';
  if (code === 'EISDIR') return 'is a folder';
  return `cannot be read (${code ?? 'unknown'})`;
}

/** Whether a file is another one now than when it was found. */
export async function hasChanged(file: InputFile): Promise<boolean> {
  if (file.identity === undefined) return false;
  const now = await stat(file.path).catch(() => undefined);
  return now === undefined || identityOf(now) !== file.identity;
}

/** Whether the name says that each line is a value of its own. */
export function isNamedNdjson(file: InputFile): boolean {
  return /\.(ndjson|jsonl)(\.gz)?$/i.test(basename(file.path));
}

/**
 * The bytes of a file, unpacked. `onBytes` hears how many bytes were read from disk.
 * @throws {ReadError}
 */
export async function* readInput(
  file: InputFile,
  onBytes: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  const source: Readable =
    file.path === '-' ? process.stdin : createReadStream(file.path, { highWaterMark: 1 << 20 });
  try {
    const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const first = await chunks.next();
    if (first.done === true) return;
    let start = first.value;
    if (start.length < 2) {
      const second = await chunks.next();
      if (second.done !== true) start = Buffer.concat([start, second.value]);
    }
    const all = async function* () {
      onBytes(start.length);
      yield start;
      for (;;) {
        const next = await chunks.next();
        if (next.done === true) return;
        onBytes(next.value.length);
        yield next.value;
      }
    };
    if (start[0] === 0x1f && start[1] === 0x8b) yield* unpack(all());
    else yield* all();
  } catch (error) {
    throw new ReadError(readProblem(error), { cause: error });
  } finally {
    // Whoever stops early must not leave the file open, nor wait for a standard input that goes on.
    source.destroy();
  }
}

async function* unpack(packed: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  const unpacked = new PassThrough({ highWaterMark: 1 << 20 });
  const done = pipeline(packed, createGunzip({ chunkSize: 1 << 18 }), unpacked).catch((error: Error) =>
    unpacked.destroy(error),
  );
  yield* unpacked;
  await done;
}

function readProblem(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  if (code === 'Z_BUF_ERROR') return 'ends in the middle of its gzip data; the file is cut off';
  if (code.startsWith('Z_')) return `holds gzip data that is damaged (${code})`;
  return reason(error);
}
