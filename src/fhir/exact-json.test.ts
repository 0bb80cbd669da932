import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseExact, stringifyExact } from './exact-json.ts';

test('numbers keep their digits, wherever they stand', () => {
  for (const text of [
    '{"value":1.00,"inner":{"list":[1.50,2,3e2,-0,{"deep":0.10}]},"s":"1.00"}',
    '{"a":12345678901234567890,"b":1E-7,"c":[[1.0]]}',
    '{"a":1,"b":"x.0"}',
  ]) {
    const value = parseExact(text) as Record<string, unknown>;
    assert.equal(JSON.stringify(value), JSON.stringify(JSON.parse(text)));
    assert.equal(stringifyExact(value), text);
    assert.equal(stringifyExact({ ...value }), text, 'a copy by spreading keeps them');
  }
});

test('a value that was changed is written as it is now', () => {
  const value = parseExact('{"a":1.00,"b":2.0}') as Record<string, unknown>;
  value['a'] = 'text';
  delete value['b'];
  assert.equal(stringifyExact(value), '{"a":"text"}');
});

test('any JSON comes back as it was', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const value = parseExact(text);
      assert.equal(JSON.stringify(value), JSON.stringify(JSON.parse(text)));
      if (typeof value === 'object' && value !== null)
        assert.deepEqual(JSON.parse(stringifyExact(value)), JSON.parse(text));
    }),
  );
});

test('any number keeps its digits', () => {
  const digits = fc.stringMatching(/^-?(0|[1-9]\d{0,20})(\.\d{1,20})?([eE][+-]?\d{1,2})?$/);
  fc.assert(
    fc.property(digits, fc.constantFrom('', ' ', '\n'), (number, space) => {
      for (const text of [
        `{"a":${space}${number}}`,
        `{"a":[0,${space}${number},1]}`,
        `{"a":[${space}${number}]}`,
      ])
        assert.equal(stringifyExact(parseExact(text) as object), text.replaceAll(space, ''));
    }),
  );
});
