// Imports files into one line: read → cut → check → write in batches, each batch one transaction together with the
// note of how far the file got. What is acknowledged is on disk; a killed run goes on where it was.

import type { Database } from '../db/database.ts';
import type { Definitions } from '../fhir/definitions/definitions.ts';
import type { ReadXml } from '../fhir/format/xml-reader.ts';
import type { ResourceStore } from '../fhir/store/resource-store.ts';
import type { StructureProblem } from '../fhir/validate/check-structure.ts';
import type { Validator } from '../fhir/validate/validate-resource.ts';
import type { LabelSensitive } from '../smart/sensitive-codes.ts';
import { type ProfileCheckOptions, profileCheck } from './check-profiles.ts';
import { FileImporter } from './file-importer.ts';
import { type ImportReport, ReportBuilder } from './import-report.ts';
import type { InputFile } from './input-files.ts';
import { type TellOfMemberLeft, tellOfMembersLeft } from './members-left.ts';
import { SeenNames } from './seen-names.ts';

/** What is written whole or not at all: each transaction Bundle, each file, or each resource. */
export type Atomicity = 'bundle' | 'file' | 'none';

export interface ImportProgress {
  readonly file: string;
  readonly resources: number;
  /** Bytes on disk of what is read, and of what is written. */
  readonly bytesRead: number;
  readonly bytesDone: number;
  /** Undefined while standard input is among the files. */
  readonly bytesTotal: number | undefined;
}

export interface ImportContext {
  /** Undefined to check files and write nothing. */
  readonly db: Database | undefined;
  readonly store: Pick<ResourceStore, 'writing'>;
  readonly definitions: Pick<Definitions, 'resourceTypes'>;
  readonly checkStructure: (resource: unknown) => StructureProblem[];
  readonly labelSensitive: LabelSensitive;
  readonly ownBases: readonly string[];
  /** Opened when the first resource is held against a profile. */
  readonly openValidator: () => Promise<Validator>;
  /** Asked for when the first XML file comes. */
  readonly readXml: () => ReadXml;
  /**
   * Told of each Patient that was written, in which the member has died or left, once the writing holds; before anything else
   * of those of whom an import that ended too early did not tell.
   */
  readonly onMemberLeft?: TellOfMemberLeft;
}

export interface MemberLeft {
  readonly line: string;
  readonly patient: string;
  readonly reason: 'deceased' | 'disenrolled';
}

export interface ImportOptions {
  readonly line: string;
  readonly atomic: Atomicity;
  readonly validation: ProfileCheckOptions;
  readonly onProgress?: (progress: ImportProgress) => void;
  /** Monotonic milliseconds. */
  readonly clock?: () => number;
}

const namesRemembered = 500_000;

/** The import could not go on. What the report counts is in the database. */
export class ImportStopped extends Error {
  override name = 'ImportStopped';
  readonly report: ImportReport;

  constructor(report: ImportReport, cause: unknown) {
    super('the import stopped before its end', { cause });
    this.report = report;
  }
}

/** @throws {ImportStopped} with the cause: the disk is full, the database is gone */
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
  let bytesBefore = 0;
  const seen = new SeenNames(namesRemembered);
  const checkProfiles = profileCheck(options.validation, context.openValidator, report);
  const finish = () =>
    report.finish(context.db === undefined ? undefined : options.line, (clock() - started) / 1000);
  try {
    if (context.db !== undefined && context.onMemberLeft !== undefined)
      await tellOfMembersLeft(context.db, context.onMemberLeft);
    for (const file of files) {
      const importer = new FileImporter(
        context,
        options,
        report,
        file,
        seen,
        checkProfiles,
        ({ bytesRead, bytesDone, resources }) => {
          options.onProgress?.({
            file: file.path,
            resources: report.written.done + resources,
            bytesRead: bytesBefore + bytesRead,
            bytesDone: bytesBefore + bytesDone,
            bytesTotal,
          });
        },
      );
      await importer.run();
      bytesBefore += file.size ?? 0;
    }
  } catch (error) {
    throw new ImportStopped(finish(), error);
  }
  return finish();
}
