// Holds the layout of docs/architecture.md: imports go to lower ranks or stay in their folder, no cycles between files,
// no names that hide what a file is.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../src', import.meta.url));
const ranks: Readonly<Record<string, number>> = {
  config: 0,
  log: 0,
  http: 0,
  db: 0,
  smart: 1,
  audit: 1,
  pages: 1,
  fhir: 2,
  oauth: 2,
  ingest: 3,
  portal: 3,
  bulk: 3,
  sandbox: 3,
  app: 4,
  main: 5,
};
const bannedNames = /^(utils?|helpers?|common|misc|constants?|types|manager|base)\b/;

const files = globSync('**/*.ts', { cwd: source }).map((file) => join(source, file));
const isTest = (file: string) => file.endsWith('.test.ts');

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const found = text.matchAll(/(?:^|\n)\s*(?:import|export)[^;]*?from\s+'(\.[^']+)'|import\('(\.[^']+)'\)/g);
  return [...found]
    .map((match) => join(dirname(file), match[1] ?? match[2]!))
    .filter((target) => target.endsWith('.ts'));
}

const folderOf = (file: string) => relative(source, file).split(sep)[0]!;

test('a file imports only from lower ranks or its own folder', () => {
  const wrong: string[] = [];
  for (const file of files.filter((candidate) => !isTest(candidate))) {
    for (const target of importsOf(file)) {
      const [from, to] = [folderOf(file), folderOf(target)];
      if (from !== to && !(ranks[to]! < ranks[from]!))
        wrong.push(`${relative(source, file)} → ${relative(source, target)}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('no files import each other in a circle', () => {
  const graph = new Map(files.filter((file) => !isTest(file)).map((file) => [file, importsOfValues(file)]));
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    assert.ok(!path.includes(file), [...path, file].map((step) => relative(source, step)).join(' → '));
    if (done.has(file)) return;
    for (const target of graph.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
});

/** Without `import type`, which is gone when the program runs. */
function importsOfValues(file: string): string[] {
  const text = readFileSync(file, 'utf8').replaceAll(/(^|\n)(import|export) type [^;]*;/g, '$1');
  return [...text.matchAll(/(?:^|\n)(?:import|export)[^;]*?from\s+'(\.[^']+)'/g)]
    .map((match) => join(dirname(file), match[1]!))
    .filter((target) => target.endsWith('.ts'));
}

test('names are kebab-case and say what a file is', () => {
  for (const file of files) {
    assert.match(basename(file), /^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/, file);
    assert.doesNotMatch(basename(file), bannedNames, file);
    assert.ok(folderOf(file) in ranks, `${folderOf(file)} has no rank`);
  }
});

test('every file opens by saying what it is for', () => {
  for (const file of files.filter((candidate) => !isTest(candidate))) {
    assert.match(readFileSync(file, 'utf8'), /^\/\/ /, relative(source, file));
  }
});
