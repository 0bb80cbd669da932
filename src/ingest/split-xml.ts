// From the bytes of an XML file to the pieces that the import works with: a resource, or the entries of a Bundle one by one
// (https://hl7.org/fhir/R4/xml.html). Read whole, so bounded.
import { type ReadXml, XmlProblem } from '../fhir/format/xml-reader.ts';
import { countMembers } from './repeated-member.ts';
import { type JsonPiece, SplitError } from './split-json.ts';

const bytesAtMost = 64_000_000;

/** @throws {SplitError} */
export async function* splitXml(
  source: AsyncIterable<Uint8Array>,
  readXml: ReadXml,
): AsyncGenerator<JsonPiece> {
  const { value, entryLines } = read(await wholeText(source), readXml);
  if (value['resourceType'] !== 'Bundle' || !Array.isArray(value['entry'])) {
    yield pieceOf('value', value, 1);
    return;
  }
  for (const [position, entry] of value['entry'].entries())
    yield pieceOf('entry', entry as object, entryLines[position] ?? 1);
  yield pieceOf('bundle-end', { ...value, entry: [] }, 1);
}

function read(text: string, readXml: ReadXml): ReturnType<ReadXml> {
  try {
    return readXml(text);
  } catch (error) {
    if (!(error instanceof XmlProblem)) throw error;
    throw new SplitError(error.line, error.path === '' ? error.message : `${error.message} (${error.path})`);
  }
}

async function wholeText(source: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of source) {
    bytes += part.length;
    if (bytes > bytesAtMost)
      throw new SplitError(
        1,
        `is XML of more than ${Math.round(bytesAtMost / 1e6)} MB; NDJSON may have any size`,
      );
    parts.push(part);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts));
  } catch {
    throw new SplitError(1, 'is not UTF-8');
  }
}

/** The reader has seen to depth and to names that come twice. */
function pieceOf(kind: JsonPiece['kind'], value: object, line: number): JsonPiece {
  const text = JSON.stringify(value);
  return { kind, text, line, members: countMembers(JSON.parse(text)), depth: 1 };
}
