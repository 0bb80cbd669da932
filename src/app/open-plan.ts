// The plan's data without its server, for commands.
import { type Config, loadConfig } from '../config/config.ts';
import { type Database, hasDatabase, openDatabase } from '../db/database.ts';
import { migrate } from '../db/migrate.ts';
import { addedGuides } from '../fhir/definitions/added-guides.ts';
import { type Definitions, loadDefinitions } from '../fhir/definitions/definitions.ts';
import { type ReadXml, xmlReaderOnDemand } from '../fhir/format/xml-reader.ts';
import { openResourceStore, type ResourceStore } from '../fhir/store/resource-store.ts';
import { structureCheck } from '../fhir/validate/check-structure.ts';
import { type Validator, validatorOnDemand } from '../fhir/validate/validate-resource.ts';
import { type LabelSensitive, labelSensitive } from '../smart/sensitive-codes.ts';
import { schemaChanges } from './schema-changes.ts';

export interface Plan {
  readonly config: Config;
  readonly db: Database;
  readonly definitions: Definitions;
  readonly store: ResourceStore;
  /** Names of the schema changes that the database lacked until now. */
  readonly applied: readonly string[];
  readonly checkStructure: ReturnType<typeof structureCheck>;
  /** Profile validation, opened when it is first needed. */
  readonly openValidator: () => Promise<Validator>;
  readonly readXml: () => ReadXml;
  /** What an import does to a resource whose codes tell that it is sensitive. */
  readonly labelSensitive: LabelSensitive;
  close(): Promise<void>;
}

type DatabasePlace = Pick<Config, 'dataDir' | 'databaseUrl'>;

export function openDatabaseOf(config: DatabasePlace): Promise<Database> {
  return openDatabase({ dataDir: config.dataDir, databaseUrl: config.databaseUrl });
}

/** With the guides that were added to the plan, where there is one; makes nothing. */
export async function definitionsOf(place: DatabasePlace): Promise<Definitions> {
  if (!hasDatabase(place)) return loadDefinitions();
  const db = await openDatabaseOf(place);
  try {
    const tables = await db.as<Record<never, never>>().introspection.getTables();
    return loadDefinitions(tables.some(({ name }) => name === 'guide') ? await addedGuides(db) : []);
  } finally {
    await db.close();
  }
}

/** Opens the database named by the environment, with its schema up to date. */
export async function openPlan(config: Config = loadConfig(process.env)): Promise<Plan> {
  const labels = labelSensitive(config.sensitiveCodes);
  const db = await openDatabaseOf(config);
  try {
    const applied = await migrate(db, schemaChanges);
    const definitions = loadDefinitions(await addedGuides(db));
    const store = await openResourceStore(db, definitions, {
      ownBases: (line) =>
        config.lines.filter((candidate) => candidate.id === line).map((candidate) => candidate.fhirUrl),
    });
    return {
      config,
      db,
      definitions,
      store,
      applied,
      checkStructure: structureCheck(),
      openValidator: validatorOnDemand(definitions.profiles),
      readXml: xmlReaderOnDemand(),
      labelSensitive: labels,
      close: () => db.close(),
    };
  } catch (error) {
    await db.close();
    throw error;
  }
}
