import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type JsonPiece, SplitError, splitJson } from './split-json.ts';

async function* chunksOf(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function pieces(text: string, size = 7, limit = 1_000_000, lines = false): Promise<JsonPiece[]> {
  return Array.fromAsync(splitJson(chunksOf(text, size), { limit, lines }));
}

describe('cutting a stream into JSON texts', () => {
  const ndjson =
    '{"resourceType":"Patient","id":"a","x":"}{\\"]"}\n\n{"resourceType":"Patient",\n"id":"b"}\r\n';
  for (const size of [1, 2, 3, 7, 1000]) {
    test(`cuts NDJSON at its values, in chunks of ${size} bytes`, async () => {
      const found = await pieces(ndjson, size);
      assert.deepEqual(
        found.map(({ kind, line }) => [kind, line]),
        [
          ['value', 1],
          ['value', 3],
        ],
      );
      assert.deepEqual(
        found.map((piece) => JSON.parse(piece.text).id),
        ['a', 'b'],
      );
    });

    test(`gives the entries of a Bundle one by one, in chunks of ${size} bytes`, async () => {
      const bundle = {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [{ resource: { a: [[]] } }, { resource: { b: '],[' } }],
        total: 2,
      };
      const found = await pieces(JSON.stringify(bundle, null, 1), size);
      assert.deepEqual(
        found.map((piece) => piece.kind),
        ['entry', 'entry', 'bundle-end'],
      );
      assert.deepEqual(
        found.slice(0, 2).map((piece) => JSON.parse(piece.text)),
        bundle.entry,
      );
      assert.deepEqual(JSON.parse(found[2]!.text), { ...bundle, entry: [] });
    });
  }

  test('keeps the entries of a List where they are', async () => {
    const list = { resourceType: 'List', entry: [{ item: { reference: 'Patient/1' } }] };
    const found = await pieces(JSON.stringify(list));
    assert.deepEqual(
      found.map(({ kind, text }) => [kind, JSON.parse(text)]),
      [['value', list]],
    );
  });

  test('keeps characters whole that lie across two chunks', async () => {
    const found = await pieces('{"name":"Zoë 🙂"}', 1);
    assert.equal(JSON.parse(found[0]!.text).name, 'Zoë 🙂');
  });

  test('skips a byte order mark', async () => {
    assert.equal((await pieces('\uFEFF{"a":1}', 100)).length, 1);
  });

  for (const [title, text, line, says] of [
    ['a value that is cut off', '{"a":1}\n{"b":[1,2', 2, /cut off/],
    ['a Bundle that is cut off', '{"resourceType":"Bundle","entry":[{"resource":{}}', 1, /cut off/],
    ['a stray bracket', '{"a":1}}', 1, /closing bracket/],
    ['an array', '[{"a":1}]', 1, /array/],
    ['text that is no JSON', 'id,name\n1,2', 1, /no JSON object/],
    ['bare strings', '"a"', 1, /no JSON object/],
  ] as const) {
    test(`refuses ${title} and names the line`, async () => {
      await assert.rejects(
        pieces(text),
        (error) => error instanceof SplitError && error.line === line && says.test(error.message),
      );
    });
  }

  test('refuses bytes that are not UTF-8', async () => {
    async function* latin1() {
      yield Buffer.from('{"name":"Zo\xeb"}', 'latin1');
    }
    await assert.rejects(Array.fromAsync(splitJson(latin1(), { limit: 1000 })), /not UTF-8/);
  });

  test('refuses a value of more bytes than the limit', async () => {
    await assert.rejects(pieces(`{"a":"${'x'.repeat(5000)}"}`, 100, 1000), /more than/);
  });

  test('counts members and nesting, of an entry from the entry on', async () => {
    const found = await pieces('{"resourceType":"Bundle","entry":[{"a":{"b":[1]}},{"a":":"}],"total":2}');
    assert.deepEqual(
      found.map(({ members, depth }) => [members, depth]),
      [
        [2, 3],
        [1, 1],
        [3, 1],
      ],
    );
  });

  test('keeps the entries of a List that contains a Bundle where they are', async () => {
    const list = { resourceType: 'List', contained: [{ resourceType: 'Bundle' }], entry: [{ item: {} }] };
    const found = await pieces(JSON.stringify(list));
    assert.deepEqual(
      found.map(({ kind, text }) => [kind, JSON.parse(text)]),
      [['value', list]],
    );
  });

  test('cuts a Bundle whose head is long', async () => {
    const head = { resourceType: 'Bundle', meta: { tag: [{ display: 'x'.repeat(100_000) }] } };
    const found = await pieces(JSON.stringify({ ...head, entry: [{}, {}] }), 4096);
    assert.deepEqual(
      found.map((piece) => piece.kind),
      ['entry', 'entry', 'bundle-end'],
    );
  });

  describe('in a file of lines, a line that is broken costs that line', () => {
    for (const size of [1, 5, 1000]) {
      for (const [title, line, says] of [
        ['cut inside an object', '{"a":{"b":1', /cut off/],
        ['cut inside an array', '{"a":[{"b":1},', /cut off/],
        ['cut inside a string', '{"a":"b', /cut off/],
        ['that closes too much', '{"a":1}}', /closing bracket/],
        ['of words', 'id;name', /no JSON object/],
        ['that is an array', '[{"a":1}]', /array/],
        ['that is a Bundle cut in an entry', '{"resourceType":"Bundle","entry":[{"a":1},{"b', /cut off/],
      ] as const) {
        test(`a line ${title}, in chunks of ${size} bytes`, async () => {
          const found = await pieces(`{"n":1}\n${line}\n{"n":3}\r\n{"n":4}\n`, size, 1000, true);
          const whole = found.filter((piece) => piece.kind === 'value' && piece.text.startsWith('{"n"'));
          assert.deepEqual(
            whole.map((piece) => [piece.text, piece.line]),
            [
              ['{"n":1}', 1],
              ['{"n":3}', 3],
              ['{"n":4}', 4],
            ],
          );
          const broken = found.filter((piece) => piece.kind === 'broken');
          assert.deepEqual(
            broken.map((piece) => piece.line),
            [2],
          );
          assert.match(broken[0]!.text, says);
        });
      }
    }

    test('a line that is not UTF-8', async () => {
      async function* latin1() {
        yield Buffer.from('{"n":1}\n{"n":"\xeb"}\n{"n":3}\n', 'latin1');
      }
      const found = await Array.fromAsync(splitJson(latin1(), { limit: 1000, lines: true }));
      assert.deepEqual(
        found.map((piece) => piece.kind),
        ['value', 'broken', 'value'],
      );
    });

    test('known by two values on a line each, whatever the name', async () => {
      const found = await pieces('{"n":1}\n{"n":2}\n{"n":\n{"n":4}\n');
      assert.deepEqual(
        found.map((piece) => piece.kind),
        ['value', 'value', 'broken', 'value'],
      );
    });
  });
});
