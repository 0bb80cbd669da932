// One file on its way into the database: its units in batches, a transaction Bundle or the file in one transaction.
import type { Transaction } from 'kysely';
import type { ResourceWriter } from '../fhir/store/resource-store.ts';
import type { WriteOutcome } from '../fhir/store/write-resources.ts';
import type { CheckProfiles } from './check-profiles.ts';
import type { ImportContext, ImportOptions } from './import-files.ts';
import { type ImportItem, type ImportUnit, importUnits } from './import-items.ts';
import { ImportJournal } from './import-journal.ts';
import { type Place, type ReportBuilder, Tally } from './import-report.ts';
import { hasChanged, type InputFile, isNamedNdjson, ReadError, readInput } from './input-files.ts';
import { noteMembersLeft, tellOfMembersLeft } from './members-left.ts';
import type { Found } from './resolve-references.ts';
import type { IngestTables } from './schema.ts';
import type { SeenNames } from './seen-names.ts';
import { splitInput } from './split-input.ts';
import { SplitError } from './split-json.ts';
import { untilFree } from './until-free.ts';
import { nameOf, typeOf, type Waiting, WriteBatch } from './write-batch.ts';

/** A single resource of more than this is refused. */
const resourceLimit = 256_000_000;

/** Makes the transaction of a Bundle or a file roll back; the report says why. */
class Refused extends Error {}

interface FileProgress {
  /** Bytes on disk of the file. */
  readonly bytesRead: number;
  readonly bytesDone: number;
  /** Written in a transaction that is open. */
  readonly resources: number;
}

interface OpenTransaction {
  readonly writer: ResourceWriter;
  readonly tally: Tally;
  /** Of the whole import, when the transaction began. */
  readonly refusedBefore: number;
}

export class FileImporter {
  readonly #context: ImportContext;
  readonly #options: ImportOptions;
  readonly #report: ReportBuilder;
  readonly #file: InputFile;
  readonly #onProgress: (progress: FileProgress) => void;
  readonly #journal: ImportJournal | undefined;
  readonly #seen: SeenNames;
  readonly #checkProfiles: CheckProfiles | undefined;
  readonly #batch = new WriteBatch();
  /** Items seen of this file, written or refused. */
  #items = 0;
  /** Of the transaction that is open while a Bundle or a file is written whole, and what it has written. */
  #open: OpenTransaction | undefined;
  /** Items that an interrupted run has done. */
  #skip = 0;
  #bytesRead = 0;
  #bytesUnpacked = 0;
  /** Of a Bundle that is read and not yet written. */
  #charactersHeld = 0;

  constructor(
    context: ImportContext,
    options: ImportOptions,
    report: ReportBuilder,
    file: InputFile,
    seen: SeenNames,
    checkProfiles: CheckProfiles | undefined,
    onProgress: (progress: FileProgress) => void,
  ) {
    this.#context = context;
    this.#checkProfiles = checkProfiles;
    this.#options = options;
    this.#report = report;
    this.#file = file;
    this.#seen = seen;
    this.#onProgress = onProgress;
    this.#journal =
      context.db === undefined || options.atomic === 'file'
        ? undefined
        : ImportJournal.of(context.db, options.line, file);
  }

  /** Reports what is wrong with the file; throws what is wrong with the database. */
  async run(): Promise<void> {
    if (this.#file.notRead !== undefined) {
      this.#notRead(this.#file.notRead);
      return;
    }
    this.#report.files++;
    const failedBefore = this.#report.filesFailed;
    if (this.#options.atomic === 'file') await this.#writeFile();
    else await this.#writeUnits();
    if (this.#report.filesFailed > failedBefore) return;
    if (this.#items === 0 && this.#bytesUnpacked === 0) this.#warn('empty-file', 'holds nothing');
    if (await hasChanged(this.#file))
      this.#warn('changed-file', 'was changed while it was read: import it again');
  }

  #notRead({ why, text }: NonNullable<InputFile['notRead']>): void {
    if (why === 'left-out') {
      this.#warn('left-out', text);
      return;
    }
    this.#report.files++;
    this.#report.filesFailed++;
    this.#report.find('error', 'broken-file', text, this.#wholeFile(0));
  }

  #units(): AsyncIterable<ImportUnit> {
    return importUnits(
      {
        file: this.#file.path,
        report: this.#report,
        checkStructure: this.#context.checkStructure,
        checkProfiles: this.#checkProfiles,
        labelSensitive: this.#context.labelSensitive,
        ownBases: this.#context.ownBases,
        findByIdentifier: (type, system, value) => this.#findByIdentifier(type, system, value),
        onHeld: (characters) => {
          this.#charactersHeld = characters;
          this.#progress();
        },
      },
      splitInput(
        this.#bytes(),
        { limit: resourceLimit, lines: isNamedNdjson(this.#file) },
        this.#context.readXml,
      ),
    );
  }

  async *#bytes(): AsyncGenerator<Uint8Array> {
    const read = readInput(this.#file, (count) => {
      this.#bytesRead += count;
    });
    for await (const bytes of read) {
      this.#bytesUnpacked += bytes.length;
      yield bytes;
      this.#progress();
    }
  }

  async #writeUnits(): Promise<void> {
    this.#skip = (await this.#journal?.itemsDone()) ?? 0;
    try {
      for await (const unit of this.#units()) {
        if (unit.whole && this.#options.atomic === 'bundle') await this.#writeBundle(unit);
        else await this.#writeItems(unit);
      }
    } catch (error) {
      this.#brokenFile(error);
    }
    // The end of the file needs no note.
    await this.#flush(false);
    await untilFree(async () => this.#journal?.forget());
  }

  async #writeItems(unit: ImportUnit): Promise<void> {
    for await (const item of unit.items) {
      this.#take(item, this.#report.written);
      if (this.#batch.isFull) await this.#flush(true);
    }
  }

  async #flush(noted: boolean): Promise<void> {
    const batch = this.#batch.waiting;
    if (batch.length === 0) return;
    try {
      await this.#writeAlone(batch, noted);
    } catch (error) {
      if (!isOfData(error)) throw error;
      // One by one, so that what the database does not take costs nothing else.
      for (const waiting of batch)
        await this.#writeAlone([waiting], false).catch((cause: unknown) => this.#notTaken(waiting, cause));
    }
    this.#batch.empty();
    this.#progress();
  }

  /** In a transaction of its own. */
  async #writeAlone(batch: readonly Waiting[], noted: boolean): Promise<void> {
    const outcomes = await this.#writing(async (writer) => {
      const written = await this.#writeNoted(writer, batch);
      // Where nothing was written there is nothing to go on from.
      if (noted && written.some((outcome) => outcome !== 'unchanged')) await this.#note(writer);
      return written;
    });
    this.#count(batch, outcomes, this.#report.written);
    await this.#tellOfMembersLeft();
  }

  async #writeNoted(writer: ResourceWriter, batch: readonly Waiting[]): Promise<WriteOutcome[]> {
    const outcomes = await writer.write(batch.map((waiting) => waiting.write));
    if (this.#context.onMemberLeft !== undefined)
      await noteMembersLeft(transactionOf(writer), this.#options.line, batch, outcomes);
    return outcomes;
  }

  /** Once what was noted is on disk. */
  async #tellOfMembersLeft(): Promise<void> {
    const { db, onMemberLeft } = this.#context;
    if (db !== undefined && onMemberLeft !== undefined) await tellOfMembersLeft(db, onMemberLeft);
  }

  #notTaken({ line }: Waiting, error: unknown): void {
    if (!isOfData(error)) throw error;
    this.#report.refused++;
    this.#refuseUnstorable(error, line);
  }

  #refuseUnstorable(error: unknown, line: number): void {
    const { code } = error as { code: string };
    const why = code === '54000' ? 'a value is too long' : `code ${code}`;
    this.#report.find('error', 'not-stored', `the database does not take it: ${why}`, this.#wholeFile(line));
  }

  async #writeBundle(unit: ImportUnit): Promise<void> {
    await this.#flush(true);
    const itemsBefore = this.#items;
    await this.#whole(async (open) => {
      await this.#tryWrite(open, unit.line, () => this.#writeInto(open, unit));
      if (this.#report.refused > open.refusedBefore) {
        const text = 'are not written because a transaction Bundle is written whole or not at all';
        this.#refuseOthers('bundle-refused', text, this.#wholeFile(unit.line), itemsBefore, open);
        throw new Refused();
      }
      if (open.tally.outcomes.unchanged < open.tally.done) await this.#note(open.writer);
    });
  }

  async #writeFile(): Promise<void> {
    await this.#whole(async (open) => {
      const failedBefore = this.#report.filesFailed;
      try {
        await this.#tryWrite(open, 0, async () => {
          for await (const unit of this.#units()) await this.#writeInto(open, unit);
        });
      } catch (error) {
        this.#brokenFile(error);
      }
      const broken = this.#report.filesFailed > failedBefore;
      if (this.#report.refused === open.refusedBefore && !broken) return;
      if (!broken) this.#report.filesFailed++;
      const text = 'are not written because the file is written whole or not at all';
      this.#refuseOthers('file-refused', text, this.#wholeFile(0), 0, open);
      throw new Refused();
    });
  }

  /** The items that are right and fall with one that is not. */
  #refuseOthers(
    rule: string,
    text: string,
    place: Place,
    itemsBefore: number,
    { refusedBefore }: OpenTransaction,
  ): void {
    const others = this.#items - itemsBefore - (this.#report.refused - refusedBefore);
    this.#report.refused += others;
    if (others > 0) this.#report.find('error', rule, text, place, others);
  }

  /** In one transaction, which a Refused rolls back. */
  async #whole(work: (open: OpenTransaction) => Promise<void>): Promise<void> {
    const tally = new Tally();
    try {
      await this.#writing(async (writer) => {
        this.#open = { writer, tally, refusedBefore: this.#report.refused };
        await work(this.#open);
      });
      this.#report.written.add(tally);
      await this.#tellOfMembersLeft();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    } finally {
      this.#open = undefined;
      this.#batch.empty();
    }
  }

  async #writeInto(open: OpenTransaction, unit: ImportUnit): Promise<void> {
    for await (const item of unit.items) {
      this.#take(item, open.tally);
      if (this.#batch.isFull) await this.#writeBatch(open);
    }
    await this.#writeBatch(open);
  }

  /** What the database does not take refuses the whole. */
  async #tryWrite(open: OpenTransaction, line: number, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!isOfData(error)) throw error;
      // Which resource it was is not known.
      if (this.#report.refused === open.refusedBefore) this.#report.refused++;
      this.#refuseUnstorable(error, line);
    }
  }

  /** From the first refusal on the rest is checked and not written. */
  async #writeBatch({ writer, tally, refusedBefore }: OpenTransaction): Promise<void> {
    const batch = this.#batch.waiting;
    if (batch.length > 0 && this.#report.refused === refusedBefore)
      this.#count(batch, await this.#writeNoted(writer, batch), tally);
    this.#batch.empty();
    this.#progress();
  }

  /** Counts an item and puts it into the batch, unless an earlier run has done it. */
  #take(item: ImportItem, tally: Tally): void {
    this.#items++;
    if (item.kind === 'refused') {
      this.#report.refused++;
      return;
    }
    if (item.kind === 'nothing') return;
    if (this.#items <= this.#skip) {
      this.#report.resumed++;
      return;
    }
    if (item.kind === 'exists') {
      tally.count(item.type, 'unchanged');
      return;
    }
    const again = !this.#seen.add(nameOf(item.write));
    const added = this.#batch.add({ write: item.write, line: item.line, again }, item.bytes);
    if (added === 'same') tally.count(typeOf(item.write), 'unchanged');
    else if (added === 'replaced') this.#warnRepeated(item.line);
  }

  #count(batch: readonly Waiting[], outcomes: readonly WriteOutcome[], tally: Tally): void {
    for (const [position, { write, line, again }] of batch.entries()) {
      tally.count(typeOf(write), outcomes[position]!);
      if (again && outcomes[position] === 'updated') this.#warnRepeated(line);
    }
  }

  #warnRepeated(line: number): void {
    const text = 'comes again with the same type and id and other content: the last one counts';
    this.#report.find('warning', 'repeated-resource', text, this.#wholeFile(line));
  }

  #progress(): void {
    const held = this.#bytesUnpacked === 0 ? 0 : Math.min(1, this.#charactersHeld / this.#bytesUnpacked);
    this.#onProgress({
      bytesRead: this.#bytesRead,
      bytesDone: this.#bytesRead * (1 - held),
      resources: this.#open?.tally.done ?? 0,
    });
  }

  /** A broken file is reported and the next one read; a broken database ends the import. */
  #brokenFile(error: unknown): void {
    if (!(error instanceof SplitError || error instanceof ReadError)) throw error;
    this.#report.filesFailed++;
    const line = error instanceof SplitError ? error.line : 0;
    this.#report.find('error', 'broken-file', error.message, this.#wholeFile(line));
  }

  #warn(rule: string, text: string): void {
    this.#report.find('warning', rule, text, this.#wholeFile(0));
  }

  #wholeFile(line: number): Place {
    return { file: this.#file.path, line, path: '' };
  }

  async #findByIdentifier(type: string, system: string, value: string): Promise<Found> {
    if (this.#context.db === undefined) return { kind: 'unknown' };
    if (!this.#context.definitions.resourceTypes.includes(type)) return { kind: 'none' };
    // What the batch holds may be what is looked for.
    if (this.#open === undefined) await this.#flush(true);
    else await this.#writeBatch(this.#open);
    const find = (writer: ResourceWriter) => writer.findByIdentifier(type, system, value);
    const ids = this.#open === undefined ? await this.#writing(find) : await find(this.#open.writer);
    if (ids.length === 1) return { kind: 'one', reference: `${type}/${ids[0]}` };
    return { kind: ids.length === 0 ? 'none' : 'several' };
  }

  /** Another import may hold the database for as long as its Bundle takes. */
  #writing<T>(work: (writer: ResourceWriter) => Promise<T>): Promise<T> {
    return untilFree((begun) =>
      this.#context.store.writing(this.#options.line, (writer) => {
        begun();
        return work(writer);
      }),
    );
  }

  async #note(writer: ResourceWriter): Promise<void> {
    await this.#journal?.note(transactionOf(writer), this.#items);
  }
}

function transactionOf(writer: ResourceWriter): Transaction<IngestTables> {
  return writer.trx as unknown as Transaction<IngestTables>;
}

/**
 * PostgreSQL's codes for what is wrong with a value and not with the database
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html).
 */
function isOfData(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^(22|23|54)[0-9A-Z]{3}$/.test(code);
}
