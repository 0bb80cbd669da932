// The files that an import reads: those named, those inside named folders, or standard input; plain or gzip, told by
// their first bytes and not by their names.
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
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
}

export class InputError extends Error {
  override name = 'InputError';
}

const dataFile = /\.(json|ndjson|jsonl)(\.gz)?$|^[^.]+\.gz$/i;

/**
 * In the order given; inside a folder by name. Hidden files and files of other kinds are left out of folders.
 * @throws {InputError} naming the path
 */
export async function findInputFiles(paths: readonly string[]): Promise<InputFile[]> {
  const files: InputFile[] = [];
  for (const path of paths) {
    if (path === '-') files.push({ path, size: undefined, identity: undefined });
    else await collect(path, true, files);
  }
  if (files.length === 0) throw new InputError(`no .json, .ndjson or .gz file in ${paths.join(', ')}`);
  return files;
}

async function collect(path: string, named: boolean, files: InputFile[]): Promise<void> {
  let found: Awaited<ReturnType<typeof stat>>;
  try {
    found = await stat(path);
  } catch (error) {
    throw new InputError(`${path}: ${reason(error)}`);
  }
  if (found.isDirectory()) {
    for (const name of (await readdir(path)).sort())
      if (!name.startsWith('.')) await collect(join(path, name), false, files);
  } else if (
    named ||
    (found.isFile() && dataFile.test(basename(path)) && basename(path) !== 'package.json')
  ) {
    files.push({ path, size: found.size, identity: `${found.size} ${found.mtimeMs}` });
  }
}

function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'there is no such file or folder';
  if (code === 'EACCES') return 'may not be read';
  return `cannot be read (${code ?? 'unknown'})`;
}

/** The bytes of a file, unpacked. `onBytes` hears how many bytes were read from disk. */
export async function* readInput(
  file: InputFile,
  onBytes: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  const source: Readable =
    file.path === '-' ? process.stdin : createReadStream(file.path, { highWaterMark: 1 << 20 });
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const first = await chunks.next();
  if (first.done === true) return;
  const packed = first.value[0] === 0x1f && first.value[1] === 0x8b;
  const all = async function* () {
    onBytes(first.value.length);
    yield first.value;
    for (;;) {
      const next = await chunks.next();
      if (next.done === true) return;
      onBytes(next.value.length);
      yield next.value;
    }
  };
  if (!packed) {
    yield* all();
    return;
  }
  const unpacked = new PassThrough({ highWaterMark: 1 << 20 });
  const done = pipeline(all(), createGunzip({ chunkSize: 1 << 18 }), unpacked).catch((error: Error) =>
    unpacked.destroy(error),
  );
  yield* unpacked;
  await done;
}
