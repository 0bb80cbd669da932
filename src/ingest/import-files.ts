// Imports files into one line: read → cut → check → write in batches, each batch one transaction together with the
// note of how far the file got. What is acknowledged is on disk; a killed run goes on where it was.
import type { Transaction } from 'kysely';
import type { Database } from '../db/database.ts';
import type { Definitions } from '../fhir/definitions/definitions.ts';
import type { ResourceStore, ResourceWriter } from '../fhir/store/resource-store.ts';
import type { Write } from '../fhir/store/write-resources.ts';
import type { StructureProblem } from '../fhir/validate/check-structure.ts';
import { type ImportItem, type ImportUnit, importUnits } from './import-items.ts';
import { type ImportReport, ReportBuilder } from './import-report.ts';
import { type InputFile, readInput } from './input-files.ts';
import type { IngestTables } from './schema.ts';
import { SplitError, splitJson } from './split-json.ts';

/** What is written whole or not at all: each transaction Bundle, each file, or each resource. */
export type Atomicity = 'bundle' | 'file' | 'none';

export interface ImportProgress {
  readonly file: string;
  readonly resources: number;
  readonly bytesRead: number;
  /** Undefined while standard input is among the files. */
  readonly bytesTotal: number | undefined;
}

export interface ImportContext {
  readonly db: Database;
  readonly store: ResourceStore;
  readonly definitions: Definitions;
  readonly checkStructure: (resource: unknown) => StructureProblem[];
  readonly ownBases: readonly string[];
}

export interface ImportOptions {
  readonly line: string;
  readonly atomic: Atomicity;
  readonly onProgress?: (progress: ImportProgress) => void;
  /** Monotonic milliseconds. */
  readonly clock?: () => number;
}

const batchItems = 250;
const batchBytes = 2_000_000;
/** A single resource of more than this is refused. */
const resourceLimit = 256_000_000;

/** Makes an atomic file's transaction roll back; the report says why. */
class FileRefused extends Error {}

export async function importFiles(
  context: ImportContext,
  files: readonly InputFile[],
  options: ImportOptions,
): Promise<ImportReport> {
  const clock = options.clock ?? (() => performance.now());
  const started = clock();
  const report = new ReportBuilder();
  const sizes = files.map((file) => file.size);
  const bytesTotal = sizes.includes(undefined)
    ? undefined
    : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  let bytesRead = 0;
  for (const file of files) {
    const importer = new FileImporter(context, options, report, file, () => {
      options.onProgress?.({ file: file.path, resources: report.done, bytesRead, bytesTotal });
    });
    await importer.run((count) => {
      bytesRead += count;
    });
  }
  return report.finish(options.line, (clock() - started) / 1000);
}

class FileImporter {
  readonly #context: ImportContext;
  readonly #options: ImportOptions;
  readonly #report: ReportBuilder;
  readonly #file: InputFile;
  readonly #progress: () => void;
  #batch: Write[] = [];
  #batchBytes = 0;
  /** Items seen of this file, written or refused. */
  #items = 0;
  /** Of the transaction that is open while a Bundle or a file is written whole. */
  #writer: ResourceWriter | undefined;
  /** Items that an interrupted run has done. */
  #skip = 0;

  constructor(
    context: ImportContext,
    options: ImportOptions,
    report: ReportBuilder,
    file: InputFile,
    progress: () => void,
  ) {
    this.#context = context;
    this.#options = options;
    this.#report = report;
    this.#file = file;
    this.#progress = progress;
  }

  async run(onBytes: (count: number) => void): Promise<void> {
    this.#report.files++;
    const pieces = splitJson(readInput(this.#file, onBytes), resourceLimit);
    const units = importUnits(
      {
        file: this.#file.path,
        report: this.#report,
        checkStructure: this.#context.checkStructure,
        ownBases: this.#context.ownBases,
        findByIdentifier: (type, system, value) => this.#findByIdentifier(type, system, value),
      },
      pieces,
    );
    try {
      if (this.#options.atomic === 'file') {
        await this.#context.store.writing(this.#options.line, async (fileWriter) => {
          this.#writer = fileWriter;
          await this.#writeWhole(units, fileWriter);
        });
        return;
      }
      this.#skip = await this.#itemsDone();
      for await (const unit of units) await this.#writeUnit(unit);
      await this.#flush();
      await this.#forgetProgress();
    } catch (error) {
      if (error instanceof FileRefused) return;
      await this.#failed(error);
    }
  }

  async #writeUnit(unit: ImportUnit): Promise<void> {
    if (unit.whole && this.#options.atomic === 'bundle') {
      await this.#flush();
      await this.#writeBundle(unit);
      return;
    }
    for await (const item of unit.items) {
      if (!this.#take(item)) continue;
      if (this.#batch.length >= batchItems || this.#batchBytes >= batchBytes) await this.#flush();
    }
  }

  /** Counts an item and puts it into the batch, unless an earlier run has done it. */
  #take(item: ImportItem): boolean {
    this.#items++;
    if (this.#items <= this.#skip) {
      this.#report.resumed++;
      return false;
    }
    if (item.write === undefined) return false;
    this.#batch.push(item.write);
    this.#batchBytes += item.bytes;
    return true;
  }

  async #flush(): Promise<void> {
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    const outcomes = await this.#context.store.writing(this.#options.line, async (writer) => {
      const written = await writer.write(batch);
      await this.#noteProgress(writer);
      return written;
    });
    this.#batch = [];
    this.#batchBytes = 0;
    this.#count(batch, outcomes);
  }

  async #writeBundle(unit: ImportUnit): Promise<void> {
    const refusedBefore = this.#report.refused;
    const counted: [Write[], Awaited<ReturnType<ResourceWriter['write']>>][] = [];
    const itemsBefore = this.#items;
    const done = await this.#context.store
      .writing(this.#options.line, async (writer) => {
        this.#writer = writer;
        await this.#writeAll(unit, writer, counted);
        if (this.#report.refused > refusedBefore) throw new FileRefused();
        await this.#noteProgress(writer);
        return true;
      })
      .catch((error: unknown) => {
        if (!(error instanceof FileRefused)) throw error;
        return false;
      })
      .finally(() => {
        this.#writer = undefined;
      });
    if (done) for (const [writes, outcomes] of counted) this.#count(writes, outcomes);
    else this.#report.refused += this.#items - itemsBefore - (this.#report.refused - refusedBefore);
    this.#batch = [];
    this.#batchBytes = 0;
  }

  async #writeAll(
    unit: ImportUnit,
    writer: ResourceWriter,
    counted: [Write[], Awaited<ReturnType<ResourceWriter['write']>>][],
  ): Promise<void> {
    const write = async () => {
      if (this.#batch.length === 0) return;
      const batch = this.#batch;
      this.#batch = [];
      this.#batchBytes = 0;
      counted.push([batch, await writer.write(batch)]);
    };
    for await (const item of unit.items) {
      if (this.#take(item) && (this.#batch.length >= batchItems || this.#batchBytes >= batchBytes))
        await write();
    }
    await write();
  }

  async #writeWhole(units: AsyncIterable<ImportUnit>, writer: ResourceWriter): Promise<void> {
    const refusedBefore = this.#report.refused;
    const counted: [Write[], Awaited<ReturnType<ResourceWriter['write']>>][] = [];
    try {
      for await (const unit of units) await this.#writeAll(unit, writer, counted);
    } catch (error) {
      if (!isInputFault(error)) throw error;
      await this.#failed(error);
      this.#report.refused += counted.reduce((sum, [writes]) => sum + writes.length, 0);
      throw new FileRefused();
    }
    if (this.#report.refused > refusedBefore) {
      this.#report.filesFailed++;
      this.#report.refused = refusedBefore + this.#items;
      throw new FileRefused();
    }
    for (const [writes, outcomes] of counted) this.#count(writes, outcomes);
  }

  #count(writes: readonly Write[], outcomes: Awaited<ReturnType<ResourceWriter['write']>>): void {
    for (const [position, outcome] of outcomes.entries()) {
      const write = writes[position]!;
      this.#report.written('delete' in write ? write.delete.type : write.resource.resourceType, outcome);
    }
    this.#progress();
  }

  /** A broken file is reported and the next one read; a broken database ends the import. */
  async #failed(error: unknown): Promise<void> {
    if (!isInputFault(error)) throw error;
    this.#report.filesFailed++;
    if (this.#options.atomic !== 'file') await this.#flush();
    const line = error instanceof SplitError ? error.line : 0;
    const text =
      error instanceof SplitError
        ? error.message
        : `cannot be read to its end (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`;
    this.#report.find('error', 'broken-file', text, { file: this.#file.path, line, path: '' });
  }

  async #findByIdentifier(
    type: string,
    system: string,
    value: string,
  ): Promise<string | { readonly problem: string }> {
    const writer = this.#writer;
    const find = (using: ResourceWriter) => using.findByIdentifier(type, system, value);
    if (!this.#context.definitions.resourceTypes.includes(type))
      return { problem: 'names no R4 resource type' };
    // What the batch holds may be what is looked for.
    if (writer === undefined) await this.#flush();
    const ids =
      writer === undefined ? await this.#context.store.writing(this.#options.line, find) : await find(writer);
    if (ids.length === 1) return `${type}/${ids[0]}`;
    return {
      problem:
        ids.length === 0
          ? 'finds no resource with this identifier'
          : 'finds several resources with this identifier',
    };
  }

  get #resumable(): boolean {
    return this.#file.identity !== undefined && this.#options.atomic !== 'file';
  }

  async #itemsDone(): Promise<number> {
    if (!this.#resumable) return 0;
    const row = await this.#context.db
      .as<IngestTables>()
      .selectFrom('import_file')
      .select('items_done')
      .where('line', '=', this.#options.line)
      .where('path', '=', this.#file.path)
      .where('identity', '=', this.#file.identity!)
      .executeTakeFirst();
    return row?.items_done ?? 0;
  }

  async #noteProgress(writer: ResourceWriter): Promise<void> {
    if (!this.#resumable) return;
    const row = {
      line: this.#options.line,
      path: this.#file.path,
      identity: this.#file.identity!,
      items_done: this.#items,
    };
    await (writer.trx as unknown as Transaction<IngestTables>)
      .insertInto('import_file')
      .values(row)
      .onConflict((conflict) =>
        conflict
          .columns(['line', 'path'])
          .doUpdateSet({ identity: row.identity, items_done: row.items_done }),
      )
      .execute();
  }

  /** A file that was read to its end starts anew at the next run, which then finds everything unchanged. */
  async #forgetProgress(): Promise<void> {
    if (!this.#resumable) return;
    await this.#context.db
      .as<IngestTables>()
      .deleteFrom('import_file')
      .where('line', '=', this.#options.line)
      .where('path', '=', this.#file.path)
      .execute();
  }
}

function isInputFault(error: unknown): boolean {
  if (error instanceof SplitError) return true;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return code.startsWith('Z_') || ['EISDIR', 'EIO', 'EACCES', 'ENOENT'].includes(code);
}
