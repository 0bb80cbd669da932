// docs/attacks.md names a test for every attack; each is there under that title.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const root = new URL('../../', import.meta.url);

test('every test that docs/attacks.md names is there', () => {
  const page = readFileSync(new URL('docs/attacks.md', root), 'utf8');
  const named = [...page.matchAll(/`((?:test|src)\/[^`]+\.test\.ts)`: ((?:“[^”]+”(?:, )?)+)/g)];
  let titles = 0;
  for (const [, file = '', list = ''] of named) {
    const text = readFileSync(new URL(file, root), 'utf8');
    for (const [, title = ''] of list.matchAll(/“([^”]+)”/g)) {
      titles++;
      assert.ok(text.includes(title), `${file} has no “${title}”`);
    }
  }
  assert.ok(titles > 50, `${titles} titles`);
  const rows = page.slice(0, page.indexOf('## Not tried')).match(/^\| (?!attack|---)/gm) ?? [];
  const without = rows.length - (page.match(/^\| (?!attack).*`: “/gm) ?? []).length;
  assert.equal(without, 0, 'an attack without a test');
});
