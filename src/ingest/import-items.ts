// From the JSON pieces of one file to writes: envelopes checked, Bundles taken apart, ids given, references resolved.
// Nothing here writes to the database; what is refused is reported with file, line and path.
import { hash } from 'node:crypto';
import { type FhirResource, idPattern } from '../fhir/fhir-resource.ts';
import type { Write } from '../fhir/store/write-resources.ts';
import type { StructureProblem } from '../fhir/validate/check-structure.ts';
import { EntrySpool } from './entry-spool.ts';
import type { ReportBuilder } from './import-report.ts';
import { byIdentifier, type References, resolveReferences } from './resolve-references.ts';
import type { JsonPiece } from './split-json.ts';

/** Resources that are to be written together; `whole`: none of them if one is refused. */
export interface ImportUnit {
  readonly whole: boolean;
  readonly items: AsyncIterable<ImportItem>;
}

export interface ImportItem {
  /** Undefined when it was refused. */
  readonly write: Write | undefined;
  readonly bytes: number;
}

export interface ImportItemsContext {
  readonly file: string;
  readonly report: ReportBuilder;
  readonly checkStructure: (resource: unknown) => StructureProblem[];
  readonly ownBases: readonly string[];
  readonly findByIdentifier: References['findByIdentifier'];
}

type Json = Record<string, unknown>;

/** One unit for each Bundle; what stands alone comes as units of one. */
export async function* importUnits(
  context: ImportItemsContext,
  pieces: AsyncIterable<JsonPiece>,
): AsyncGenerator<ImportUnit> {
  const spool = new EntrySpool();
  try {
    for await (const piece of pieces) {
      if (piece.kind === 'entry') {
        spool.push(piece);
        if (spool.full) await spool.spill();
        continue;
      }
      const value = parseJson(context, piece);
      if (piece.kind === 'bundle-end') {
        if (value !== undefined) yield bundleUnit(context, value, spool);
        await spool.clear();
      } else if (value === undefined) {
        context.report.refused++;
        yield { whole: false, items: only({ write: undefined, bytes: piece.text.length }) };
      } else if (value['resourceType'] === 'Bundle') {
        for (const entry of Array.isArray(value['entry']) ? value['entry'] : [])
          spool.push({ text: JSON.stringify(entry), line: piece.line });
        yield bundleUnit(context, value, spool);
        await spool.clear();
      } else {
        const references = {
          byFullUrl: new Map<string, string>(),
          ownBases: context.ownBases,
          findByIdentifier: context.findByIdentifier,
        };
        const write = await toWrite(context, value, piece.line, '', references);
        yield { whole: false, items: only({ write, bytes: piece.text.length }) };
      }
    }
  } finally {
    await spool.clear();
  }
}

async function* only(item: ImportItem): AsyncGenerator<ImportItem> {
  yield item;
}

function parseJson(
  context: ImportItemsContext,
  piece: { readonly text: string; readonly line: number },
): Json | undefined {
  let value: unknown;
  try {
    value = JSON.parse(piece.text);
  } catch (error) {
    // The parser's own message quotes the text, which may be somebody's record: only the place is taken from it.
    const position = Number(/position (\d+)/.exec((error as Error).message)?.[1] ?? Number.NaN);
    const before = Number.isNaN(position) ? '' : piece.text.slice(0, position);
    const line = piece.line + (before.match(/\n/g)?.length ?? 0);
    const column = Number.isNaN(position) ? '' : `, column ${position - before.lastIndexOf('\n')}`;
    context.report.find('error', 'not-json', `is no valid JSON (line ${line}${column})`, {
      file: context.file,
      line,
      path: '',
    });
    return undefined;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  context.report.find('error', 'not-a-resource', 'is no JSON object', {
    file: context.file,
    line: piece.line,
    path: '',
  });
  return undefined;
}

function bundleUnit(context: ImportItemsContext, bundle: Json, spool: EntrySpool): ImportUnit {
  return { whole: bundle['type'] === 'transaction', items: bundleItems(context, spool) };
}

/** Twice over the entries: first who is called what, then each with its references put right. */
async function* bundleItems(context: ImportItemsContext, spool: EntrySpool): AsyncGenerator<ImportItem> {
  const byFullUrl = new Map<string, string>();
  const names: (EntryName | undefined)[] = [];
  for await (const piece of spool.entries()) {
    const entry = tryParse(piece.text);
    const name = entry === undefined ? undefined : await nameOf(context, entry);
    names.push(name);
    if (name !== undefined && typeof entry?.['fullUrl'] === 'string')
      byFullUrl.set(entry['fullUrl'], name.reference);
  }
  const references = { byFullUrl, ownBases: context.ownBases, findByIdentifier: context.findByIdentifier };
  let position = 0;
  for await (const piece of spool.entries()) {
    const entry = parseJson(context, piece);
    const name = names[position];
    const here = `Bundle.entry[${position}]`;
    position++;
    if (entry === undefined) {
      context.report.refused++;
      yield { write: undefined, bytes: piece.text.length };
      continue;
    }
    if (name?.exists === true) continue;
    const write = await entryWrite(context, entry, name, piece.line, here, references);
    if (write !== 'nothing') yield { write, bytes: piece.text.length };
  }
}

function tryParse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

interface EntryName {
  /** Relative reference by which the others may call it. */
  readonly reference: string;
  /** A conditional create whose resource the server has: nothing is written for it. */
  readonly exists: boolean;
}

async function nameOf(context: ImportItemsContext, entry: Json): Promise<EntryName | undefined> {
  const resource = entry['resource'];
  if (typeof resource !== 'object' || resource === null) return undefined;
  const fullUrl = typeof entry['fullUrl'] === 'string' ? entry['fullUrl'] : undefined;
  const type = String((resource as Json)['resourceType']);
  const request = requestOf(entry);
  const condition = request.ifNoneExist ?? /\?(.*)$/s.exec(request.method === 'PUT' ? request.url : '')?.[1];
  if (condition !== undefined) {
    const found = await byIdentifier(type, condition, { findByIdentifier: context.findByIdentifier });
    if (typeof found === 'string') return { reference: found, exists: request.ifNoneExist !== undefined };
  }
  return { reference: `${type}/${idOf(resource as Json, fullUrl, request)}`, exists: false };
}

interface EntryRequest {
  readonly method: string;
  readonly url: string;
  readonly ifNoneExist: string | undefined;
}

function requestOf(entry: Json): EntryRequest {
  const request = (
    typeof entry['request'] === 'object' && entry['request'] !== null ? entry['request'] : {}
  ) as Json;
  return {
    method: String(request['method'] ?? ''),
    url: String(request['url'] ?? ''),
    ifNoneExist: typeof request['ifNoneExist'] === 'string' ? request['ifNoneExist'] : undefined,
  };
}

/** The resource's own id, the id of its PUT, that of its fullUrl, or one made from its content: the same at every run. */
function idOf(resource: Json, fullUrl: string | undefined, request: EntryRequest | undefined): string {
  if (request?.method === 'PUT') {
    const inUrl = /^[A-Za-z]+\/([^/?]+)$/.exec(request.url)?.[1];
    if (inUrl !== undefined) return inUrl;
  }
  if (typeof resource['id'] === 'string') return resource['id'];
  const inFullUrl =
    fullUrl === undefined
      ? undefined
      : /(?:^urn:uuid:|^urn:oid:|\/)([A-Za-z0-9\-.]{1,64})$/.exec(fullUrl)?.[1];
  return inFullUrl ?? hash('sha256', JSON.stringify(resource), 'hex').slice(0, 32);
}

async function entryWrite(
  context: ImportItemsContext,
  entry: Json,
  name: EntryName | undefined,
  line: number,
  here: string,
  references: References,
): Promise<Write | undefined | 'nothing'> {
  const request = requestOf(entry);
  const place = { file: context.file, line, path: here };
  if (request.method === 'DELETE') {
    const [, type, id] = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})$/.exec(request.url) ?? [];
    if (type !== undefined && id !== undefined) return { delete: { type, id } };
    return refuse(context, 'bad-request', 'DELETE needs a url of the form Type/id', place);
  }
  if (request.method === 'GET' || request.method === 'HEAD') {
    context.report.find(
      'warning',
      'not-a-write',
      `${request.method} entries are left out of an import`,
      place,
    );
    return 'nothing';
  }
  if (request.method === 'PATCH')
    return refuse(context, 'bad-request', 'PATCH is not offered by an import', place);
  const resource = entry['resource'];
  if (resource === undefined) {
    context.report.find('warning', 'no-resource', 'an entry without a resource is left out', place);
    return 'nothing';
  }
  if (typeof resource !== 'object' || resource === null || Array.isArray(resource)) {
    return refuse(context, 'not-a-resource', 'the entry’s resource is no JSON object', place);
  }
  const id = name?.reference.slice(name.reference.indexOf('/') + 1);
  return toWrite(context, { ...resource, ...(id === undefined ? {} : { id }) }, line, here, references);
}

async function toWrite(
  context: ImportItemsContext,
  resource: Json,
  line: number,
  here: string,
  references: References,
): Promise<Write | undefined> {
  const place = (path: string) => ({
    file: context.file,
    line,
    path: here === '' ? path : `${here}.resource: ${path}`,
  });
  const named: Json =
    resource['id'] === undefined ? { ...resource, id: idOf(resource, undefined, undefined) } : resource;
  let refused = false;
  for (const problem of context.checkStructure(named)) {
    context.report.find(problem.severity, problem.rule, problem.text, place(problem.path));
    refused ||= problem.severity === 'error';
  }
  if (!refused && (typeof named['id'] !== 'string' || !idPattern.test(named['id']))) {
    context.report.find(
      'error',
      'bad-id',
      'id is not 1 to 64 letters, digits, hyphens and dots',
      place(`${String(named['resourceType'])}.id`),
    );
    refused = true;
  }
  if (refused) {
    context.report.refused++;
    return undefined;
  }
  for (const problem of await resolveReferences(named, references)) {
    context.report.find('warning', 'unresolved-reference', problem.text, place(problem.path));
  }
  return { resource: named as unknown as FhirResource };
}

function refuse(
  context: ImportItemsContext,
  rule: string,
  text: string,
  place: { file: string; line: number; path: string },
): undefined {
  context.report.find('error', rule, text, place);
  context.report.refused++;
  return undefined;
}
