// The structure against facts from elsewhere: the R4 model of fhirpath.js, and resources of real systems and of the guides
// where they are at hand (../shared, beside the project).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { structureCheck } from './check-structure.ts';

const project = fileURLToPath(new URL('../../../', import.meta.url));
const readJson = (file: string) => JSON.parse(readFileSync(file, 'utf8'));

const structure = readJson(fileURLToPath(new URL('../definitions/r4-structure.json', import.meta.url))) as {
  primitives: string[];
  resources: string[];
  types: Record<string, Record<string, string>>;
};

test('has the 146 concrete resources and 20 primitives of R4', () => {
  assert.deepEqual([structure.resources.length, structure.primitives.length], [146, 20]);
});

test('has the elements of the R4 model of fhirpath.js, and no other, as often as it says', () => {
  const model = join(project, 'node_modules/fhirpath/fhir-context/r4');
  const many = new Set<string>(Object.values(readJson(join(model, 'path2Repeating.json'))));
  // The model also lists primitives, abstract resources, an interface and one profiled extension, which no instance names.
  const theirs = Object.keys(readJson(join(model, 'path2Type.json')))
    .filter((path) => /^[A-Z]\w*\./.test(path))
    .filter(
      (path) => !/^(MetadataResource|Resource|DomainResource|ElementDefinition\.extension)\./.test(path),
    )
    .map((path) => `${path}${many.has(path) ? '*' : ''}`);
  const ours = Object.entries(structure.types).flatMap(([owner, elements]) =>
    Object.entries(elements)
      // The model keeps elements that are defined elsewhere (contentReference) in another list.
      .filter(([name, text]) => !text.includes('.') || text.replace(/[!*]+$/, '') === `${owner}.${name}`)
      .map(([name, text]) => `${owner}.${name}${/\*(~|$)/.test(text) ? '*' : ''}`),
  );
  assert.deepEqual(ours.sort(), theirs.sort());
});

const shared = join(project, '../shared');
const check = structureCheck();

function errorsOf(resources: Iterable<unknown>): { seen: number; errors: string[] } {
  let seen = 0;
  const errors: string[] = [];
  for (const resource of resources) {
    seen++;
    for (const { severity, path, text } of check(resource))
      if (severity === 'error') errors.push(`${path}: ${text}`);
  }
  return { seen, errors };
}

function* syntheaResources(): Generator<unknown> {
  for (const file of globSync(join(shared, 'data/synthea/*.json.gz'))) {
    const bundle = JSON.parse(gunzipSync(readFileSync(file)).toString()) as {
      entry: { resource: unknown }[];
    };
    for (const { resource } of bundle.entry) yield resource;
  }
}

function* infernoResources(): Generator<unknown> {
  for (const file of globSync(join(shared, 'data/inferno/*.ndjson')).sort())
    for (const line of readFileSync(file, 'utf8').split('\n')) if (line !== '') yield JSON.parse(line);
}

function* guideExamples(folder: string): Generator<unknown> {
  for (const archive of globSync(join(shared, 'ig/*.tgz'))) {
    const listed = execFileSync('tar', ['-tzf', archive], { encoding: 'utf8', maxBuffer: 64 << 20 });
    const examples = listed.split('\n').filter((path) => /^package\/example\/[^/]+\.json$/.test(path));
    if (examples.length === 0) continue;
    const target = join(folder, basename(archive));
    mkdirSync(target);
    execFileSync('tar', ['-xzf', archive, '-C', target, 'package/example']);
    for (const path of examples) if (!path.endsWith('/.index.json')) yield readJson(join(target, path));
  }
}

const without = (name: string) => (existsSync(join(shared, name)) ? false : `../shared/${name} is not there`);

test('finds no error in the Bundles of Synthea', { skip: without('data/synthea') }, () => {
  const { seen, errors } = errorsOf(syntheaResources());
  assert.ok(seen > 18_000, String(seen));
  assert.deepEqual(errors, []);
});

test('finds two errors in the Inferno reference server', { skip: without('data/inferno') }, () => {
  const { seen, errors } = errorsOf(infernoResources());
  assert.ok(seen > 900, String(seen));
  // Both are faults of the fixtures: an Attachment has a url and a Period an end.
  assert.deepEqual(errors, [
    'Media.content.link: R4 has no such element in Attachment',
    'Observation.effectivePeriod.stop: R4 has no such element in Period',
  ]);
});

test('finds no error in the examples of the guides', { skip: without('ig') }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'guide-examples-'));
  try {
    const { seen, errors } = errorsOf(guideExamples(folder));
    assert.ok(seen > 300, String(seen));
    assert.deepEqual(errors, []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
