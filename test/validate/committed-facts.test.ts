// The committed facts of the guides are what their packages say, where these are beside the project.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { guidePackages } from '../../scripts/guide-packages.ts';
import { extractGuide, guidePackage } from '../../src/fhir/definitions/extract-guide.ts';
import type { GuideFacts } from '../../src/fhir/definitions/guide-facts.ts';
import { ownProfiles } from '../../src/fhir/definitions/load-profiles.ts';
import { packageResources } from '../../src/fhir/definitions/package-resources.ts';
import { loadStructure } from '../../src/fhir/definitions/r4-structure.ts';

const folder = fileURLToPath(new URL('../../../shared/ig', import.meta.url));
const skip = existsSync(folder) ? false : 'the packages of the guides are not beside the project';
const committed = (file: string) =>
  JSON.parse(readFileSync(new URL(`${file}.json`, ownProfiles), 'utf8')) as GuideFacts;

test('the facts of each guide are what its package says', { skip }, () => {
  const structure = loadStructure();
  const others = [committed('hl7.fhir.r4.core-4.0.1')];
  const names = guidePackages.map(([, name]) => name);
  const order = [
    ...names.filter((name) => name.includes('us.core')),
    'hl7.fhir.us.davinci-hrex-1.0.0',
    ...names.filter((name) => !name.includes('us.core')),
  ];
  for (const name of order) {
    const resources = packageResources(readFileSync(join(folder, `${name}.tgz`)));
    const facts = extractGuide(guidePackage(resources), structure, others);
    assert.deepEqual(JSON.parse(JSON.stringify(facts)), committed(name), name);
    others.push(facts);
  }
  assert.deepEqual(readdirSync(ownProfiles).length, order.length + 1);
});

test('the facts of all guides together stay small', () => {
  const bytes = readdirSync(ownProfiles).reduce(
    (sum, file) => sum + readFileSync(new URL(file, ownProfiles)).length,
    0,
  );
  assert.ok(bytes < 3_000_000, String(bytes));
});
