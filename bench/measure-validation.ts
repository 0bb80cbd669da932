// What profile validation costs: resources per second in this process, warm, and an import that validates beside one that
// does not, both of the same file into an empty database.
import { join } from 'node:path';
import { loadDefinitions } from '../src/fhir/definitions/definitions.ts';
import { validatorOnDemand } from '../src/fhir/validate/validate-resource.ts';
import { generateLine } from '../src/sandbox/generate.ts';
import { copiesOfLine } from './copies-of-line.ts';
import { writeNdjson } from './write-ndjson.ts';

type ImportFile = (
  env: NodeJS.ProcessEnv,
  file: string,
  validation: 'off' | 'report',
) => Promise<{ created: number; seconds: number }>;

export async function measureValidation(folder: string, importFile: ImportFile) {
  const file = join(folder, 'validate.ndjson');
  await writeNdjson(file, copiesOfLine(1));
  const off = await importFile({ DATA_DIR: join(folder, 'off') }, file, 'off');
  const report = await importFile({ DATA_DIR: join(folder, 'report') }, file, 'report');
  return {
    validatePerSecond: await validatePerSecond(),
    importPerSecondOff: Math.round(off.created / off.seconds),
    importPerSecondReport: Math.round(report.created / report.seconds),
  };
}

async function validatePerSecond(): Promise<number> {
  const { validate } = await validatorOnDemand(loadDefinitions().profiles)();
  const resources = [...generateLine('cco', { today: '2026-11-01' })];
  for (const resource of resources.filter((_, at) => at % 10 === 0)) validate(resource);
  const started = performance.now();
  for (const resource of resources) validate(resource);
  return Math.round(resources.length / ((performance.now() - started) / 1000));
}
