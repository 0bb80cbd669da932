import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findInputFiles, readInput } from '../../ingest/input-files.ts';
import { splitJson } from '../../ingest/split-json.ts';
import { structureCheck } from './check-structure.ts';

const check = structureCheck();
const patient = (more: Record<string, unknown>) => ({ resourceType: 'Patient', id: 'a', ...more });

describe('the structure of base R4', () => {
  test('finds nothing wrong with a right resource', () => {
    const right = patient({
      meta: { profile: ['http://example.org/p'], security: [{ code: 'R' }] },
      text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">x</div>' },
      name: [
        {
          family: 'X',
          given: ['A', null],
          _given: [null, { extension: [{ url: 'http://e', valueCode: 'unknown' }] }],
        },
      ],
      _birthDate: { extension: [{ url: 'http://e', valueDateTime: '2020-01-01T00:00:00Z' }] },
      contained: [{ resourceType: 'Organization', id: 'o', name: 'O' }],
      multipleBirthInteger: 2,
      contact: [{ relationship: [{ text: 'x' }] }],
    });
    assert.deepEqual(check(right), []);
  });

  for (const [title, resource, path, rule, severity] of [
    ['an element that R4 lacks', patient({ nickname: 'x' }), 'Patient.nickname', 'unknown-element', 'error'],
    [
      'a misspelled choice',
      patient({ deceasedDate: '2020' }),
      'Patient.deceasedDate',
      'unknown-element',
      'error',
    ],
    [
      'an element of another place',
      patient({ name: [{ system: 'x' }] }),
      'Patient.name[0].system',
      'unknown-element',
      'error',
    ],
    [
      'a single value for a repeated element',
      patient({ name: { family: 'x' } }),
      'Patient.name',
      'wrong-json-kind',
      'error',
    ],
    [
      'an array for a single element',
      patient({ gender: ['male'] }),
      'Patient.gender',
      'wrong-json-kind',
      'error',
    ],
    ['a string for an object', patient({ name: ['x'] }), 'Patient.name[0]', 'wrong-json-kind', 'error'],
    ['a string for a boolean', patient({ active: 'true' }), 'Patient.active', 'wrong-json-kind', 'error'],
    [
      'a fraction for an integer',
      patient({ multipleBirthInteger: 1.5 }),
      'Patient.multipleBirthInteger',
      'wrong-json-kind',
      'error',
    ],
    ['null', patient({ gender: null }), 'Patient.gender', 'wrong-json-kind', 'error'],
    [
      'two of a choice',
      patient({ deceasedBoolean: true, deceasedDateTime: '2020' }),
      'Patient.deceasedDateTime',
      'choice-repeated',
      'error',
    ],
    [
      'a contained value that is no resource',
      patient({ contained: [{ id: 'x' }] }),
      'Patient.contained[0]',
      'unknown-type',
      'error',
    ],
    ['a type that R4 lacks', { resourceType: 'Persona' }, 'resourceType', 'unknown-type', 'error'],
    [
      '__proto__',
      JSON.parse('{"resourceType":"Patient","__proto__":{"a":1}}'),
      'Patient.__proto__',
      'unknown-element',
      'error',
    ],
    [
      'a missing required element',
      { resourceType: 'Observation', status: 'final' },
      'Observation.code',
      'missing-element',
      'warning',
    ],
    ['a missing required choice', patient({ extension: [{}] }), 'Patient.extension[0]', 'empty', 'warning'],
    [
      'an impossible month',
      patient({ birthDate: '2020-13-01' }),
      'Patient.birthDate',
      'bad-primitive',
      'warning',
    ],
    [
      'an impossible day',
      patient({ birthDate: '2023-02-29' }),
      'Patient.birthDate',
      'bad-primitive',
      'warning',
    ],
    ['a code with white space', patient({ gender: ' male' }), 'Patient.gender', 'bad-primitive', 'warning'],
    ['an empty array', patient({ name: [] }), 'Patient.name', 'empty', 'warning'],
  ] as const) {
    test(`finds ${title}`, () => {
      const found = check(resource).find((problem) => problem.path === path);
      assert.deepEqual([found?.rule, found?.severity], [rule, severity], JSON.stringify(check(resource)));
    });
  }

  for (const [title, value] of [
    ['an array', []],
    ['null', null],
    ['a string', 'x'],
    ['an object without a type', {}],
  ] as const) {
    test(`refuses ${title} as a resource`, () => assert.equal(check(value)[0]?.severity, 'error'));
  }

  test('says what is wrong without quoting the record', () => {
    const secret = 'Zebulon';
    const wrong = patient({
      name: secret,
      birthDate: secret,
      gender: { a: secret },
      active: secret,
      deceasedDateTime: secret,
    });
    assert.doesNotMatch(JSON.stringify(check(wrong).map(({ text }) => text)), /Zebulon/);
  });

  test('bounds its work', () => {
    const wrong = patient({ name: Array.from({ length: 100_000 }, () => 1) });
    assert.equal(check(wrong).length, 50);
    let deep: Record<string, unknown> = { url: 'http://e', valueString: 'x' };
    for (let level = 0; level < 5000; level++) deep = { url: 'http://e', extension: [deep] };
    assert.equal(check(patient({ extension: [deep] }))[0]?.rule, 'too-deep');
  });
});

const shared = fileURLToPath(new URL('../../../../shared/data', import.meta.url));

test('finds no error in the resources of real systems', {
  skip: existsSync(shared) ? false : '../shared/data is not there',
}, async () => {
  const wrong: string[] = [];
  let seen = 0;
  for (const file of await findInputFiles([`${shared}/synthea`, `${shared}/inferno`])) {
    for await (const piece of splitJson(
      readInput(file, () => {}),
      1e9,
    )) {
      if (piece.kind === 'bundle-end') continue;
      const value = JSON.parse(piece.text);
      seen++;
      const errors = check(piece.kind === 'entry' ? value.resource : value).filter(
        (problem) => problem.severity === 'error',
      );
      wrong.push(...errors.map((problem) => `${problem.path}: ${problem.text}`));
    }
  }
  assert.ok(seen > 18_000);
  // Both are faults of the fixtures: an Attachment has a url and a Period an end.
  assert.deepEqual(wrong, [
    'Media.content.link: R4 has no such element in Attachment',
    'Observation.effectivePeriod.stop: R4 has no such element in Period',
  ]);
});
