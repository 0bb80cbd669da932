import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { EntrySpool } from './entry-spool.ts';
import type { JsonText } from './split-json.ts';

const entries: JsonText[] = [
  '{"a":"line\u2028separator, paragraph\u2029separator"}',
  '{\n"b":"Zoë 🙂"\r\n}',
  `{"long":"${'é'.repeat(1_500_000)}"}`,
  '{}',
  ...Array.from({ length: 500 }, (_, n) => `{"n":${n}}`),
].map((text, position) => ({ text, line: position * 3 + 1, members: position, depth: 2 }));

for (const [title, limit] of [
  ['in memory', 1e9],
  ['in a file', 0],
  ['in a file and in memory', 2000],
] as const) {
  test(`entries come back as they were, more than once, ${title}`, async () => {
    const spool = new EntrySpool(limit);
    for (const entry of entries) await spool.push(entry);
    assert.equal(
      spool.length,
      entries.reduce((sum, entry) => sum + entry.text.length, 0),
    );
    for (let time = 0; time < 2; time++) assert.deepEqual(await Array.fromAsync(spool.entries()), entries);
    await spool.clear();
    assert.deepEqual(await Array.fromAsync(spool.entries()), []);
    await spool.push(entries[1]!);
    assert.deepEqual(await Array.fromAsync(spool.entries()), [entries[1]]);
    await spool.clear();
  });
}

test('the temporary file has no name, so that a killed import leaves nothing of a record', async () => {
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith('portico-import-'));
  const spool = new EntrySpool(0);
  await spool.push(entries[0]!);
  const during = readdirSync(tmpdir()).filter((name) => name.startsWith('portico-import-'));
  assert.deepEqual(
    during.filter((name) => !before.includes(name)),
    [],
  );
  await spool.clear();
});
