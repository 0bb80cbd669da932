// Imports into a test's own database without a process for each: what a scenario needs of `portico import`.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openPlan } from '../../src/app/open-plan.ts';
import { type ImportValidation, loadConfig } from '../../src/config/config.ts';
import { type Atomicity, importFiles } from '../../src/ingest/import-files.ts';
import type { ImportReport } from '../../src/ingest/import-report.ts';
import { findInputFiles } from '../../src/ingest/input-files.ts';
import type { TellOfMemberLeft } from '../../src/ingest/members-left.ts';
import type { TestPlace } from '../databases.ts';

export interface Loading {
  /** Imports one file of this content; an object is written as JSON. */
  load(content: object | string | Buffer, options?: LoadOptions): Promise<ImportReport>;
  /** Imports files and folders. */
  paths(paths: readonly string[], options?: LoadOptions): Promise<ImportReport>;
  rows<Row extends readonly unknown[]>(query: string): Promise<Row[]>;
  /** `Type/id` of what is there and not deleted, sorted. */
  names(): Promise<string[]>;
  content(reference: string): Promise<Record<string, unknown>>;
}

export interface LoadOptions {
  readonly atomic?: Atomicity;
  readonly validation?: ImportValidation;
  readonly name?: string;
  readonly line?: string;
  readonly onMemberLeft?: TellOfMemberLeft;
}

export async function loadingInto(place: TestPlace, context: TestContext): Promise<Loading> {
  const plan = await openPlan(loadConfig({ DATA_DIR: place.dataDir, DATABASE_URL: place.databaseUrl }));
  context.after(() => plan.close());
  const paths: Loading['paths'] = async (given, options = {}) =>
    importFiles(contextOf(options), await findInputFiles(given), {
      line: options.line ?? 'cco',
      atomic: options.atomic ?? 'bundle',
      validation: { level: options.validation ?? 'report' },
    });
  const contextOf = ({ onMemberLeft }: LoadOptions) => ({
    ...plan,
    ownBases: ['https://plan.example/fhir'],
    ...(onMemberLeft === undefined ? {} : { onMemberLeft }),
  });
  const rows: Loading['rows'] = async <Row extends readonly unknown[]>(query: string) =>
    plan.db.read<Row>({ sql: query, parameters: [] });
  return {
    paths,
    rows,
    async load(content, options = {}) {
      const file = join(await mkdtemp(join(place.dataDir, 'input-')), options.name ?? 'file.json');
      const isRaw = typeof content === 'string' || Buffer.isBuffer(content);
      await writeFile(file, isRaw ? content : JSON.stringify(content));
      return paths([file], options);
    },
    async names() {
      const found = await rows<[name: string]>(
        `select type || '/' || id as name from resource where deleted = 0 order by 1`,
      );
      return found.map(([name]) => name).sort();
    },
    async content(reference) {
      const [type, id] = reference.split('/');
      const found = await rows<[content: string]>(
        `select content from resource where type = '${type}' and id = '${id}'`,
      );
      return JSON.parse(found[0]![0]) as Record<string, unknown>;
    },
  };
}

/** Counts and what was found, as `rule path`, the errors first. */
export function summary(report: ImportReport) {
  const { created, updated, unchanged, deleted, refused } = report;
  const found = report.findings.map((finding) =>
    `${finding.severity} ${finding.rule} ${finding.places[0]?.path ?? ''}`.trimEnd(),
  );
  return { created, updated, unchanged, deleted, refused, found };
}
