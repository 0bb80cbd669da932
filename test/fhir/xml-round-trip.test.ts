// What is written as XML and read again says the same (https://hl7.org/fhir/R4/xml.html, https://hl7.org/fhir/R4/json.html):
// all resources of the sandbox, and where they are there the records of the Inferno server and every file of the guides.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadStructure } from '../../src/fhir/definitions/r4-structure.ts';
import { xmlReader } from '../../src/fhir/format/xml-reader.ts';
import { xmlWriter } from '../../src/fhir/format/xml-text.ts';
import { structureCheck } from '../../src/fhir/validate/check-structure.ts';
import { generateLine } from '../../src/sandbox/generate.ts';
import { temporaryFolder } from '../databases.ts';

const shared = fileURLToPath(new URL('../../../shared', import.meta.url));
const skip =
  existsSync(join(shared, 'data')) && existsSync(join(shared, 'ig')) ? false : '../shared is not there';

const structure = loadStructure();
const toXml = xmlWriter(structure);
const read = xmlReader(structure);
const check = structureCheck();

/** With numbers as they are written, and members in one order. */
function plain(json: string): unknown {
  return JSON.parse(json, (_name, value: unknown, context?: { source?: string }) => {
    if (typeof value === 'number') return `number ${context?.source}`;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** @param more also as XML that comes back from JSON, and pretty */
function comesBack(json: string, more: boolean): boolean {
  const before = JSON.stringify(plain(json));
  return (more ? [false, true] : [false]).every((pretty) => {
    const xml = toXml(json, pretty);
    const back = JSON.stringify(read(xml).value);
    return JSON.stringify(plain(back)) === before && (!more || toXml(back, pretty) === xml);
  });
}

test('every resource of the sandbox comes back the same', () => {
  let count = 0;
  for (const line of ['cco', 'advantage'] as const) {
    for (const resource of generateLine(line, { today: '2026-06-30' })) {
      assert.ok(
        comesBack(JSON.stringify(resource), count % 20 === 0),
        `${resource.resourceType}/${resource.id}`,
      );
      count++;
    }
  }
  assert.ok(count > 4000, `only ${count}`);
});

test('the records of the Inferno server come back the same', { skip }, () => {
  let count = 0;
  for (const file of globSync(join(shared, 'data/inferno/*.ndjson'))) {
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      if (line === '' || check(JSON.parse(line)).some(({ severity }) => severity === 'error')) continue;
      assert.ok(comesBack(line, true), `${basename(file)}: ${line.slice(0, 100)}`);
      count++;
    }
  }
  assert.ok(count > 900, `only ${count}`);
});

test('every file of the guides comes back the same but for what is no R4', { skip }, async (context) => {
  const folder = await temporaryFolder(context);
  const other: string[] = [];
  let count = 0;
  for (const packed of globSync(join(shared, 'ig/*.tgz')).sort()) {
    const unpacked = join(folder, basename(packed, '.tgz'));
    mkdirSync(unpacked);
    execFileSync('tar', ['xzf', packed, '-C', unpacked]);
    for (const file of globSync(join(unpacked, 'package/{,example/,examples/}*.json')).sort()) {
      const json = readFileSync(file, 'utf8');
      if (!json.includes('"resourceType"')) continue;
      if (comesBack(json, count % 20 === 0)) count++;
      else other.push(`${basename(packed, '.tgz').replace('hl7.fhir.us.', '')} ${basename(file)}`);
    }
  }
  assert.ok(count > 1400, `only ${count}`);
  // An integer as a string; one extension for two values, which null should stand for; empty arrays.
  assert.deepEqual(other, [
    'davinci-hrex-1.0.0 ImplementationGuide-davinci-hrex.json',
    'davinci-pdex-plan-net-1.2.0 CapabilityStatement-plan-net.json',
    'davinci-pdex-plan-net-1.2.0 SearchParameter-healthcareservice-coverage-area.json',
    'davinci-pdex-plan-net-1.2.0 SearchParameter-insuranceplan-coverage-area.json',
    'davinci-pdex-plan-net-1.2.0 SearchParameter-organization-coverage-area.json',
  ]);
});
