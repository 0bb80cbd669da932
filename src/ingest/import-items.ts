// From the JSON pieces of one file to writes: envelopes checked, Bundles taken apart, ids given, references resolved.
// Nothing here writes to the database; what is refused is reported with file, line and path.

import { statusElements } from '../fhir/definitions/status-elements.ts';
import { parseExact } from '../fhir/exact-json.ts';
import { type FhirResource, idPattern } from '../fhir/fhir-resource.ts';
import { lacksStatus } from '../fhir/store/lacks-status.ts';
import type { Write } from '../fhir/store/write-resources.ts';
import type { StructureProblem } from '../fhir/validate/check-structure.ts';
import type { LabelSensitive } from '../smart/sensitive-codes.ts';
import { BundleNames } from './bundle-names.ts';
import type { CheckProfiles } from './check-profiles.ts';
import { conditionOf, type EntryName, idOf, isObject, nameOf, requestOf, typeAndId } from './entry-name.ts';
import { EntrySpool } from './entry-spool.ts';
import type { Place, ReportBuilder } from './import-report.ts';
import { countMembers, repeatedMember } from './repeated-member.ts';
import { type Found, type References, resolveReferences, wantedIdentifiers } from './resolve-references.ts';
import type { JsonPiece, JsonText } from './split-json.ts';

/** Resources that are to be written together; `whole`: none of them if one is refused. */
export interface ImportUnit {
  readonly whole: boolean;
  /** Line of the first character. */
  readonly line: number;
  readonly items: AsyncIterable<ImportItem>;
}

/** Each entry of a Bundle is an item, whatever becomes of it: a run that goes on counts them. */
export type ImportItem =
  | { readonly kind: 'write'; readonly write: Write; readonly line: number; readonly bytes: number }
  | { readonly kind: 'refused' }
  /** A conditional create of what is there already. */
  | { readonly kind: 'exists'; readonly type: string }
  /** An entry that asks for no write. */
  | { readonly kind: 'nothing' };

export interface ImportItemsContext {
  readonly file: string;
  readonly report: ReportBuilder;
  readonly checkStructure: (resource: unknown) => StructureProblem[];
  /** Undefined when profiles are not looked at. */
  readonly checkProfiles?: CheckProfiles | undefined;
  readonly labelSensitive: LabelSensitive;
  readonly ownBases: readonly string[];
  readonly findByIdentifier: References['findByIdentifier'];
  /** Hears how many characters of a Bundle are read and not yet given as items. */
  readonly onHeld?: (characters: number) => void;
}

type Json = Record<string, unknown>;

/** Brackets open at once. FHIR allows any number, no resource needs more, and recursion over them must end. */
const depthLimit = 300;
const lookUpsKept = 10_000;
const refused = { kind: 'refused' } as const;

/** One unit for each Bundle; what stands alone comes as units of one. */
export async function* importUnits(
  context: ImportItemsContext,
  pieces: AsyncIterable<JsonPiece>,
): AsyncGenerator<ImportUnit> {
  const spool = new EntrySpool();
  const items = new ImportItems(context, spool);
  try {
    for await (const piece of pieces) {
      if (piece.kind === 'entry') {
        await spool.push(piece);
        context.onHeld?.(spool.length);
        continue;
      }
      yield await items.unitOf(piece);
      await spool.clear();
      context.onHeld?.(0);
    }
  } finally {
    await spool.clear();
  }
}

async function* only(item: ImportItem): AsyncGenerator<ImportItem> {
  yield item;
}

class ImportItems {
  readonly #context: ImportItemsContext;
  readonly #spool: EntrySpool;

  constructor(context: ImportItemsContext, spool: EntrySpool) {
    this.#context = context;
    this.#spool = spool;
  }

  async unitOf(piece: JsonPiece): Promise<ImportUnit> {
    if (piece.kind === 'broken')
      return this.#alone(piece, this.#refuse('not-json', piece.text, this.#place(piece, '')));
    const value = this.#parse(piece, '');
    if (value === undefined) return this.#alone(piece, refused);
    if (value['resourceType'] === 'Bundle') return this.#bundle(piece, value);
    const references = {
      byFullUrl: new BundleNames(),
      ownBases: this.#context.ownBases,
      findByIdentifier: this.#context.findByIdentifier,
    };
    return this.#alone(piece, await this.#toWrite(value, piece, '', references, false));
  }

  #alone(piece: JsonText, item: ImportItem): ImportUnit {
    return { whole: false, line: piece.line, items: only(item) };
  }

  async #bundle(piece: JsonPiece, bundle: Json): Promise<ImportUnit> {
    const { entry, ...envelope } = bundle;
    // Of a Bundle that was cut into entries, `entry` is what is left of it: nothing.
    const check = Array.isArray(entry) ? envelope : bundle;
    if (!this.#structureIsRight(check, (path) => this.#place(piece, path)))
      return this.#alone(piece, refused);
    if (bundle['type'] === 'history') {
      const place = this.#place(piece, 'Bundle.type');
      return this.#alone(
        piece,
        this.#refuse(
          'bundle-type',
          'a history has many versions of a resource and cannot be imported',
          place,
        ),
      );
    }
    for (const inner of Array.isArray(entry) ? entry : []) {
      const text = JSON.stringify(inner);
      await this.#spool.push({ text, line: piece.line, members: countMembers(inner), depth: 1 });
    }
    const whole = bundle['type'] === 'transaction';
    return { whole, line: piece.line, items: this.#entries(whole) };
  }

  /** Over the entries first for who is called what, then for each with its references put right. */
  async *#entries(whole: boolean): AsyncGenerator<ImportItem> {
    const names = await this.#names();
    // The practitioners of a record are named again and again.
    const found = new Map<string, Found>();
    const references: References = {
      byFullUrl: names,
      ownBases: this.#context.ownBases,
      findByIdentifier: async (type, system, value) => {
        const key = `${type}?${system}|${value}`;
        const known = found.get(key);
        if (known !== undefined) return known;
        const here = names.withIdentifier(type, system, value);
        const now = withThoseOfBundle(await this.#context.findByIdentifier(type, system, value), here);
        if (now.kind === 'one' && found.size < lookUpsKept) found.set(key, now);
        return now;
      },
    };
    let position = 0;
    let held = this.#spool.length;
    for await (const piece of this.#spool.entries()) {
      const here = `Bundle.entry[${position}]`;
      const entry = this.#parse(piece, here);
      yield entry === undefined
        ? refused
        : await this.#entry(entry, piece, position, names, references, whole);
      position++;
      held -= piece.text.length;
      this.#context.onHeld?.(held);
    }
  }

  async #names(): Promise<BundleNames> {
    const names = new BundleNames();
    let position = -1;
    for await (const piece of this.#spool.entries()) {
      position++;
      const entry = tryParse(piece);
      if (entry === undefined) continue;
      const name = await this.#nameOf(entry, names);
      if (name === undefined) continue;
      if (conditionOf(requestOf(entry)) !== undefined) names.setConditional(position, name);
      if (typeof entry['fullUrl'] === 'string') names.addFullUrl(entry['fullUrl'], name.reference);
      if (piece.text.includes('?identifier='))
        for (const { type, system, value } of wantedIdentifiers(entry)) names.want(type, system, value);
    }
    if (names.wantsIdentifiers) await this.#collectIdentifiers(names);
    return names;
  }

  async #collectIdentifiers(names: BundleNames): Promise<void> {
    let position = -1;
    for await (const piece of this.#spool.entries()) {
      position++;
      const entry = tryParse(piece);
      if (entry === undefined || !isObject(entry['resource'])) continue;
      const name = names.conditional(position) ?? (await this.#nameOf(entry, names));
      if (name !== undefined) names.addIdentifiers(entry['resource'], name.reference);
    }
  }

  async #nameOf(entry: Json, names: BundleNames): Promise<EntryName | undefined> {
    const name = await nameOf(entry, this.#context);
    const request = requestOf(entry);
    if (name === undefined || name.exists || request.ifNoneExist === undefined) return name;
    const condition = `${name.reference.slice(0, name.reference.indexOf('/'))}?${conditionOf(request)}`;
    const known = names.byCondition.get(condition);
    if (known !== undefined) return { reference: known, exists: true };
    names.byCondition.set(condition, name.reference);
    return name;
  }

  async #entry(
    entry: Json,
    piece: JsonText,
    position: number,
    names: BundleNames,
    references: References,
    whole: boolean,
  ): Promise<ImportItem> {
    const here = `Bundle.entry[${position}]`;
    const place = this.#place(piece, here);
    const { resource, ...envelope } = entry;
    const right =
      Object.keys(envelope).length === 0 ||
      this.#structureIsRight({ resourceType: 'Bundle', type: 'collection', entry: [envelope] }, (path) =>
        this.#place(piece, path.replace('Bundle.entry[0]', here)),
      );
    if (!right) return refused;
    const request = requestOf(entry);
    if (request.method === 'GET' || request.method === 'HEAD') {
      const text = `${request.method} entries are left out of an import`;
      this.#context.report.find('warning', 'not-a-write', text, place);
      return { kind: 'nothing' };
    }
    if (!['', 'POST', 'PUT', 'DELETE'].includes(request.method))
      return this.#refuse('bad-request', 'the method of request is none of POST, PUT, DELETE and GET', place);
    if (request.ifMatch) return this.#refuse('bad-request', 'ifMatch is not offered by an import', place);
    if (request.method === 'DELETE') return this.#deletion(request.url, names, place, whole);
    if (resource === undefined && request.method !== '')
      return this.#refuse('bad-request', `${request.method} needs a resource`, place);
    if (resource === undefined) {
      this.#context.report.find('warning', 'no-resource', 'an entry without a resource is left out', place);
      return { kind: 'nothing' };
    }
    if (!isObject(resource))
      return this.#refuse('not-a-resource', 'the entry’s resource is no JSON object', place);
    const name = names.conditional(position) ?? (await nameOf(entry, this.#context));
    if (name?.problem !== undefined) return this.#refuse('bad-request', name.problem, place);
    if (name?.exists === true) return { kind: 'exists', type: String(resource['resourceType']) };
    const item = await this.#toWrite(
      name === undefined
        ? resource
        : { ...resource, id: name.reference.slice(name.reference.indexOf('/') + 1) },
      piece,
      here,
      references,
      whole,
    );
    if (item.kind !== 'write' || name === undefined) return item;
    if (typeof entry['fullUrl'] === 'string' && names.find(entry['fullUrl']) === undefined)
      return this.#refuse('repeated-full-url', 'several resources of the Bundle have this fullUrl', place);
    return whole && !names.addIdentity(name.reference) ? this.#repeated(place) : item;
  }

  #deletion(url: string, names: BundleNames, place: Place, whole: boolean): ImportItem {
    const asked = typeAndId(url);
    if (asked === undefined)
      return this.#refuse('bad-request', 'DELETE needs a url of the form Type/id', place);
    if (whole && !names.addIdentity(`${asked.type}/${asked.id}`)) return this.#repeated(place);
    return { kind: 'write', write: { delete: asked }, line: place.line, bytes: 0 };
  }

  /** https://hl7.org/fhir/R4/http.html#trules: a transaction that names a resource twice fails. */
  #repeated(place: Place): ImportItem {
    return this.#refuse('repeated-resource', 'the transaction has had a resource of this type and id', place);
  }

  async #toWrite(
    resource: Json,
    piece: JsonText,
    here: string,
    references: References,
    whole: boolean,
  ): Promise<ImportItem> {
    const place = (path: string) => this.#place(piece, here === '' ? path : `${here}.resource: ${path}`);
    // The order of members means nothing; with these two in their place an id that was given changes no digest.
    const { resourceType, id = idOf(resource, undefined), ...elements } = resource;
    const named: Json = { resourceType, id, ...elements };
    if (!this.#structureIsRight(named, place)) return refused;
    if (typeof named['id'] !== 'string' || !idPattern.test(named['id'])) {
      const at = place(`${String(named['resourceType'])}.id`);
      return this.#refuse('bad-id', 'id is not 1 to 64 letters, digits, hyphens and dots', at);
    }
    let failed = false;
    for (const problem of await resolveReferences(named, references)) {
      const fails = problem.fails && whole;
      failed ||= fails;
      this.#context.report.find(
        fails ? 'error' : 'warning',
        'unresolved-reference',
        problem.text,
        place(problem.path),
      );
    }
    if (failed) return refused;
    const { checkProfiles } = this.#context;
    if (checkProfiles !== undefined && !(await checkProfiles(named, place))) return refused;
    const write = this.#context.labelSensitive(named) as unknown as FhirResource;
    if (lacksStatus(statusElements, write))
      this.#context.report.find(
        'warning',
        'withheld',
        'lacks a status that US Core demands: it is kept, and no app is shown it until a version has one',
        place(`${write.resourceType}.${statusElements[write.resourceType]}`),
      );
    return {
      kind: 'write',
      write: { resource: write },
      line: piece.line,
      bytes: piece.text.length,
    };
  }

  #structureIsRight(resource: Json, place: (path: string) => Place): boolean {
    let right = true;
    for (const problem of this.#context.checkStructure(resource)) {
      this.#context.report.find(problem.severity, problem.rule, problem.text, place(problem.path));
      right &&= problem.severity !== 'error';
    }
    return right;
  }

  #parse(piece: JsonText, here: string): Json | undefined {
    const place = this.#place(piece, here);
    if (piece.depth > depthLimit) {
      this.#refuse('too-deep', `is nested more than ${depthLimit} levels deep`, place);
      return undefined;
    }
    let value: unknown;
    try {
      value = parseExact(piece.text);
    } catch (error) {
      const { line, column } = placeOf(error as Error, piece);
      this.#refuse('not-json', 'is no valid JSON', { ...place, line, path: column });
      return undefined;
    }
    if (!isObject(value)) {
      this.#refuse('not-a-resource', 'is no JSON object', place);
      return undefined;
    }
    if (countMembers(value) !== piece.members) {
      const path = [here, repeatedMember(piece.text)].filter((part) => part !== '').join('.');
      this.#refuse('repeated-member', 'an object has two members of this name', { ...place, path });
      return undefined;
    }
    return value;
  }

  #place(piece: JsonText, path: string): Place {
    return { file: this.#context.file, line: piece.line, path };
  }

  #refuse(rule: string, text: string, place: Place): ImportItem {
    this.#context.report.find('error', rule, text, place);
    return refused;
  }
}

function tryParse(piece: JsonText): Json | undefined {
  if (piece.depth > depthLimit) return undefined;
  try {
    const value = parseExact(piece.text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The parser's own message quotes the text, which may be somebody's record: only the place is taken from it. */
function placeOf(error: Error, piece: JsonText): { line: number; column: string } {
  const position = /position (\d+)/.exec(error.message)?.[1];
  if (position === undefined) return { line: piece.line, column: '' };
  const before = piece.text.slice(0, Number(position));
  return {
    line: piece.line + (before.match(/\n/g)?.length ?? 0),
    column: `column ${before.length - before.lastIndexOf('\n')}`,
  };
}

function withThoseOfBundle(found: Found, here: ReadonlySet<string>): Found {
  if (here.size === 0) return found;
  const all = new Set(here);
  if (found.kind === 'one') all.add(found.reference);
  if (found.kind === 'several' || all.size > 1) return { kind: 'several' };
  return { kind: 'one', reference: [...all][0]! };
}
