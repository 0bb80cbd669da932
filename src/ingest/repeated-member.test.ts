import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countMembers, repeatedMember } from './repeated-member.ts';

for (const [text, path] of [
  ['{"id":"a","id":"b"}', 'id'],
  ['{"name":[{"family":"x"},{"given":["a","b"],"family":"y","family":"z"}]}', 'name[1].family'],
  ['{"a":{"b":{}},"c":[[{"d":1,"\\u0064":2}]]}', 'c[0][0].d'],
  ['{"x":"\\"y\\":","123-45-6789":1,"123-45-6789":2}', '?'],
  ['{"a":{"a":{"a":1}},"b":[{"a":1},{"a":"a"}]}', ''],
] as const) {
  test(`${text} ${path === '' ? 'repeats no member' : `repeats ${path}`}`, () => {
    assert.equal(repeatedMember(text), path);
  });
}

test('members are counted at any depth without recursion', () => {
  assert.equal(countMembers(JSON.parse('{"a":[{"b":1},{"c":{"d":null}}],"e":[[]]}')), 5);
  assert.equal(countMembers(JSON.parse('['.repeat(200_000) + ']'.repeat(200_000))), 0);
});
