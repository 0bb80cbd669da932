// Cuts a stream of bytes into the JSON texts it holds: the values of an NDJSON file, a single resource, or the entries
// of a Bundle one by one, so that memory holds one resource however large the file is.
// It looks only for where values begin and end; what is inside is checked by JSON.parse. In a file of lines a value that
// is broken costs its line and not what follows.

/** A JSON text and what is known of it without parsing it. */
export interface JsonText {
  readonly text: string;
  /** Line of the first character, from 1. */
  readonly line: number;
  /** Members of all its objects: more than JSON.parse gives when one is named twice. */
  readonly members: number;
  /** Brackets that are open at once, at most. */
  readonly depth: number;
}

export interface JsonPiece extends JsonText {
  /**
   * `value`: a whole top-level value; `entry`: one element of a Bundle's `entry`; `bundle-end`: the Bundle without them;
   * `broken`: a line that is no value, with what is wrong as its text. The entries before it belong to no Bundle.
   */
  readonly kind: 'value' | 'entry' | 'bundle-end' | 'broken';
}

export interface SplitOptions {
  /** Bytes of one value at most. */
  readonly limit: number;
  /** The file is NDJSON by its name. A file that begins with two values on a line each is so by what it holds. */
  readonly lines?: boolean;
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

const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket, comma, colon, newline] = [
  ...Buffer.from('"\\{}[],:\n'),
] as [number, number, number, number, number, number, number, number, number];
const entryKey = /"entry"\s*:\s*\[$/;
const byteOrderMark = [0xef, 0xbb, 0xbf];

export async function* splitJson(
  source: AsyncIterable<Uint8Array>,
  options: SplitOptions,
): AsyncGenerator<JsonPiece> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let depth = 0;
  let deepest = 0;
  let members = 0;
  let inString = false;
  let escaped = false;
  let line = 1;
  let startLine = 1;
  let inEntries = false;
  /** Of the Bundle whose entries are being cut: all but the entries. */
  let bundleHead = '';
  let bundleLine = 1;
  let bundleMembers = 0;
  let entryMayCome = false;
  let lines = options.lines ?? false;
  let valuesOfOneLine = 0;
  /** Passes over what is left of a broken line. */
  let skipping = false;
  let bytesBefore = 0;

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
  /** The broken piece for a problem, with everything set for the next line; throws where there are no lines. */
  const broken = (problem: SplitError): JsonPiece => {
    if (!lines) throw problem;
    pending = [];
    pendingBytes = 0;
    depth = 0;
    deepest = 0;
    members = 0;
    inString = false;
    escaped = false;
    inEntries = false;
    bundleHead = '';
    return { kind: 'broken', text: problem.message, line: problem.line, members: 0, depth: 0 };
  };

  for await (const bytes of source) {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (byte === newline) {
        line++;
        skipping = false;
      } else if (skipping) continue;
      else if (byte === openBrace && lines && depth > 0 && follows(newline, chunk, at, pending)) {
        // No value of NDJSON goes over a line, so the one before was cut.
        yield broken(new SplitError(inEntries ? bundleLine : startLine, 'is cut off before its line ends'));
      }
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === backslash) escaped = true;
        else if (byte === quote) inString = false;
        continue;
      }
      const level = inEntries ? depth - 2 : depth;
      if (byte === openBrace || (byte === openBracket && level > 0)) {
        if (level === 0) {
          start = at;
          startLine = line;
          deepest = depth;
          if (inEntries) members = 0;
          else {
            members = 0;
            entryMayCome = true;
          }
        }
        depth++;
        if (depth > deepest) deepest = depth;
        if (byte === openBracket && depth === 2 && entryMayCome && !inEntries) {
          if (entryKey.test(tail(pending, chunk, start, at + 1))) {
            // Only the first is cut: that a Bundle has a second one shows in its members.
            entryMayCome = false;
            const head = Buffer.concat([...pending, chunk.subarray(start, at + 1)]);
            if (isBundle(head)) {
              bundleHead = head.toString();
              bundleLine = startLine;
              bundleMembers = members;
              pending = [];
              pendingBytes = 0;
              inEntries = true;
              start = at + 1;
            }
          }
        }
      } else if (level === 0 && !isSpace(byte) && !(inEntries && (byte === comma || byte === closeBracket))) {
        if (bytesBefore + at < 3 && byte === byteOrderMark[bytesBefore + at]) continue;
        yield broken(new SplitError(line, inEntries ? 'has an entry that is no object' : strayText(byte)));
        skipping = true;
      } else if (byte === quote) {
        inString = true;
      } else if (byte === colon) {
        members++;
      } else if (byte === closeBrace || byte === closeBracket) {
        depth--;
        if (inEntries && depth === 2) {
          let piece: JsonPiece;
          try {
            const text = take(chunk, start, at + 1);
            piece = { kind: 'entry', text, line: startLine, members, depth: deepest - 2 };
          } catch (error) {
            piece = broken(error as SplitError);
            skipping = true;
          }
          yield piece;
          start = at + 1;
        } else if (inEntries && depth === 1) {
          inEntries = false;
          pending = [];
          pendingBytes = 0;
          members = bundleMembers;
          deepest = depth;
          start = at;
        } else if (depth === 0) {
          let piece: JsonPiece;
          const first = bundleHead === '' ? startLine : bundleLine;
          try {
            const text = bundleHead + take(chunk, start, at + 1);
            const kind = bundleHead === '' ? 'value' : 'bundle-end';
            piece = { kind, text, line: first, members, depth: deepest };
            bundleHead = '';
            valuesOfOneLine = first === line ? valuesOfOneLine + 1 : 0;
            lines ||= valuesOfOneLine === 2;
          } catch (error) {
            piece = broken(error as SplitError);
            skipping = true;
          }
          yield piece;
          start = at + 1;
        }
      }
    }
    bytesBefore += chunk.length;
    const insideValue = inEntries ? depth > 2 : depth > 0;
    if (insideValue) {
      pending.push(chunk.subarray(start));
      pendingBytes += chunk.length - start;
      if (pendingBytes > options.limit)
        throw new SplitError(startLine, `has a resource of more than ${Math.round(options.limit / 1e6)} MB`);
    }
  }
  if (depth > 0 || inString)
    throw new SplitError(
      line,
      `ends in the middle of what begins at line ${inEntries ? bundleLine : startLine}; the file is cut off`,
    );
}

function strayText(byte: number): string {
  if (byte === openBracket) return 'holds an array where a resource is expected';
  if (byte === closeBrace || byte === closeBracket) return 'has a closing bracket that nothing opened';
  return 'holds something that is no JSON object';
}

/** Whether the head of an object, up to the bracket of its `entry`, is that of a Bundle. */
function isBundle(head: Buffer): boolean {
  try {
    return (JSON.parse(`${head.toString()}]}`) as { resourceType?: unknown }).resourceType === 'Bundle';
  } catch {
    return false;
  }
}

/** The last bytes before a position, enough to see which element this is. */
function tail(pending: readonly Buffer[], chunk: Buffer, from: number, to: number): string {
  let text = chunk.toString('latin1', Math.max(from, to - 64), to);
  for (let at = pending.length - 1; at >= 0 && text.length < 64; at--)
    text = pending[at]!.subarray(-64).toString('latin1') + text;
  return text;
}

function follows(wanted: number, chunk: Buffer, at: number, pending: readonly Buffer[]): boolean {
  return (at > 0 ? chunk[at - 1] : pending.at(-1)?.at(-1)) === wanted;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
