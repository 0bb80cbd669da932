// Cuts a stream of bytes into the JSON texts it holds: the values of an NDJSON file, a single resource, or the entries
// of a Bundle one by one, so that memory holds one resource however large the file is.
// It looks only for where values begin and end; what is inside is checked by JSON.parse.

export interface JsonPiece {
  /** `value`: a whole top-level value; `entry`: one element of a Bundle's `entry`; `bundle-end`: the Bundle without them. */
  readonly kind: 'value' | 'entry' | 'bundle-end';
  readonly text: string;
  /** Line of the first character, from 1. */
  readonly line: number;
}

/** The input ends or breaks in the middle of a value. */
export class SplitError extends Error {
  override name = 'SplitError';
  readonly line: number;

  constructor(line: number, text: string) {
    super(text);
    this.line = line;
  }
}

const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket, comma, newline] = [
  ...Buffer.from('"\\{}[],\n'),
] as [number, number, number, number, number, number, number, number];
const bundleType = /"resourceType"\s*:\s*"Bundle"/;
const entryKey = /"entry"\s*:\s*$/;

/** @param limit bytes of one value at most */
export async function* splitJson(
  source: AsyncIterable<Uint8Array>,
  limit: number,
): AsyncGenerator<JsonPiece> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let depth = 0;
  let inString = false;
  let escaped = false;
  let line = 1;
  let startLine = 1;
  let inEntries = false;
  /** Of the Bundle whose entries are being cut: all but the entries. */
  let bundleHead = '';
  let bundleLine = 1;
  let first = true;

  const take = (chunk: Buffer, from: number, to: number): string => {
    pending.push(chunk.subarray(from, to));
    const bytes = pending.length === 1 ? pending[0]! : Buffer.concat(pending);
    pending = [];
    pendingBytes = 0;
    try {
      return decoder.decode(bytes);
    } catch {
      throw new SplitError(startLine, 'is not UTF-8');
    }
  };

  for await (const bytes of source) {
    let chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (first && chunk.length > 0) {
      first = false;
      if (chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf) chunk = chunk.subarray(3);
    }
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (byte === newline) line++;
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === backslash) escaped = true;
        else if (byte === quote) inString = false;
        continue;
      }
      const level = inEntries ? depth - 2 : depth;
      if (byte === quote) {
        if (level === 0) {
          if (inEntries) throw new SplitError(line, 'has an entry that is no object');
          throw new SplitError(line, 'holds something that is no JSON object');
        }
        inString = true;
      } else if (byte === openBrace || byte === openBracket) {
        if (level === 0) {
          if (byte === openBracket) throw new SplitError(line, 'holds an array where a resource is expected');
          start = at;
          startLine = line;
        }
        depth++;
        if (byte === openBracket && depth === 2 && !inEntries && bundleHead === '') {
          const head = peek(pending, chunk, start, at);
          if (entryKey.test(head) && bundleType.test(head)) {
            bundleHead = take(chunk, start, at + 1);
            bundleLine = startLine;
            inEntries = true;
            start = at + 1;
          }
        }
      } else if (byte === closeBrace || byte === closeBracket) {
        depth--;
        if (depth < 0) throw new SplitError(line, 'has a closing bracket that nothing opened');
        if (inEntries && depth === 2) {
          yield { kind: 'entry', text: take(chunk, start, at + 1), line: startLine };
          start = at + 1;
        } else if (inEntries && depth === 1) {
          inEntries = false;
          pending = [];
          pendingBytes = 0;
          start = at;
        } else if (depth === 0) {
          const text = take(chunk, start, at + 1);
          start = at + 1;
          if (bundleHead === '') yield { kind: 'value', text, line: startLine };
          else yield { kind: 'bundle-end', text: bundleHead + text, line: bundleLine };
          bundleHead = '';
        }
      } else if (level === 0 && !isSpace(byte) && !(inEntries && byte === comma)) {
        throw new SplitError(
          line,
          inEntries ? 'has an entry that is no object' : 'holds something that is no JSON object',
        );
      }
    }
    const insideValue = inEntries ? depth > 2 : depth > 0;
    if (insideValue) {
      pending.push(chunk.subarray(start));
      pendingBytes += chunk.length - start;
      if (pendingBytes > limit)
        throw new SplitError(startLine, `has a resource of more than ${Math.round(limit / 1e6)} MB`);
    }
  }
  if (depth > 0 || inString)
    throw new SplitError(
      line,
      `ends in the middle of what begins at line ${inEntries ? bundleLine : startLine}; the file is cut off`,
    );
}

/** The last 64 KiB before a position, enough to see which element of a Bundle this is. */
function peek(pending: readonly Buffer[], chunk: Buffer, from: number, to: number): string {
  const here = chunk.subarray(Math.max(from, to - 65_536), to).toString('latin1');
  return pending.length === 0
    ? here
    : Buffer.concat([...pending, chunk.subarray(from, to)]).toString('latin1');
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
