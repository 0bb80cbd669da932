// The text of a Bundle from the stored texts of its resources, which are never parsed
// (https://hl7.org/fhir/R4/bundle.html).
import { randomUUID } from 'node:crypto';
import type { OperationOutcome } from './operation-outcome.ts';

export interface BundleParts {
  readonly type: 'searchset' | 'history' | 'batch-response';
  readonly links: readonly { readonly relation: string; readonly url: string }[];
  /** Of each entry its JSON text, in pieces. */
  readonly entries: readonly (readonly string[])[];
  readonly total?: number | undefined;
}

/** An entry of a searchset. */
export function searchEntry(
  base: string,
  type: string,
  row: { readonly id: string; readonly content: string },
  mode: 'match' | 'include',
): readonly string[] {
  return [`{"fullUrl":"${base}/${type}/${row.id}","resource":`, row.content, `,"search":{"mode":"${mode}"}}`];
}

/** An entry of a searchset that says something of the search. */
export function outcomeEntry(outcome: OperationOutcome): readonly string[] {
  return [`{"resource":${JSON.stringify(outcome)},"search":{"mode":"outcome"}}`];
}

export function bundleText(parts: BundleParts): Buffer {
  const total = parts.total === undefined ? '' : `,"total":${parts.total}`;
  // An empty array is not allowed in FHIR JSON (https://hl7.org/fhir/R4/json.html).
  const links = parts.links.length === 0 ? '' : `,"link":${JSON.stringify(parts.links)}`;
  const head = `{"resourceType":"Bundle","id":"${randomUUID()}","type":"${parts.type}"${total}${links}`;
  if (parts.entries.length === 0) return Buffer.from(`${head}}`);
  const pieces: string[] = [`${head},"entry":[`];
  for (const [position, entry] of parts.entries.entries()) {
    if (position > 0) pieces.push(',');
    pieces.push(...entry);
  }
  pieces.push(']}');
  return joined(pieces);
}

/**
 * One buffer of all pieces, each copied once. Measured: asking for the byte length of a text costs more than writing it,
 * so it is asked only where characters beyond ASCII may have used up the room.
 */
function joined(pieces: readonly string[]): Buffer {
  let characters = 0;
  let longest = 0;
  for (const piece of pieces) {
    characters += piece.length;
    if (piece.length > longest) longest = piece.length;
  }
  let whole = Buffer.allocUnsafe(characters + 3 * longest);
  let at = 0;
  for (const piece of pieces) {
    if (whole.length - at < 3 * piece.length && whole.length - at < Buffer.byteLength(piece)) {
      whole = Buffer.concat([whole.subarray(0, at)], at + 2 * (whole.length - at) + 3 * piece.length);
    }
    at += whole.write(piece, at);
  }
  return whole.subarray(0, at);
}
