// Cuts the bytes of a file into JSON pieces, whether it is JSON, NDJSON or XML: told by its first character, not by its name.
import type { ReadXml } from '../fhir/format/xml-reader.ts';
import { type JsonPiece, type SplitOptions, splitJson } from './split-json.ts';
import { splitXml } from './split-xml.ts';

/** @param readXml asked for when a file is XML */
export async function* splitInput(
  source: AsyncIterable<Uint8Array>,
  options: SplitOptions,
  readXml: () => ReadXml,
): AsyncGenerator<JsonPiece> {
  const chunks = source[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let first: string | undefined;
  try {
    while (first === undefined) {
      const next = await chunks.next();
      if (next.done === true) break;
      held.push(next.value);
      first = /[^\s\ufeff]/.exec(Buffer.from(next.value).toString('utf8', 0, 64))?.[0];
    }
    const all = async function* () {
      yield* held;
      for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
    };
    yield* first === '<' ? splitXml(all(), readXml()) : splitJson(all(), options);
  } finally {
    await chunks.return?.();
  }
}
