import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { structureCheck } from './check-structure.ts';

const check = structureCheck();
const patient = (more: Record<string, unknown>) => ({ resourceType: 'Patient', id: 'a', ...more });
const note = { extension: [{ url: 'http://e', valueCode: 'unknown' }] };

describe('a right resource of R4 has no problem', () => {
  for (const [title, resource] of [
    [
      'names, narrative, contained resources and siblings of primitives',
      patient({
        meta: { profile: ['http://example.org/p'], security: [{ code: 'R' }] },
        text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">x</div>' },
        name: [{ family: 'X', given: ['A', null], _given: [null, note] }],
        _birthDate: note,
        contained: [{ resourceType: 'Organization', id: 'o', name: 'O' }],
        multipleBirthInteger: 2,
        contact: [{ relationship: [{ text: 'x' }] }],
      }),
    ],
    [
      'a required primitive that has only an extension',
      { resourceType: 'Observation', _status: note, code: { text: 'x' } },
    ],
    [
      'extensions with a value of any type, and within each other',
      patient({
        extension: [
          { url: 'http://e', valueHumanName: { family: 'x' } },
          { url: 'http://e', valueMeta: { tag: [{ code: 'x' }] } },
          { url: 'http://e', extension: [{ url: 'inner', valueDosage: { text: 'x' } }] },
        ],
      }),
    ],
    [
      'items of items, which R4 defines by contentReference',
      {
        resourceType: 'Questionnaire',
        status: 'draft',
        item: [{ linkId: '1', type: 'group', item: [{ linkId: '1.1', type: 'string', maxLength: 3 }] }],
      },
    ],
    [
      'resources in a Bundle and in Parameters',
      {
        resourceType: 'Bundle',
        type: 'collection',
        entry: [
          {
            resource: { resourceType: 'Parameters', parameter: [{ name: 'p', resource: patient({}) }] },
            response: { status: '200', outcome: patient({}) },
          },
        ],
      },
    ],
    ['a leap day', patient({ birthDate: '2000-02-29', deceasedDateTime: '2020-01-31T23:59:60.5+14:00' })],
    ['base64 in lines', { resourceType: 'Binary', contentType: 'text/plain', data: 'aGVs\nbG8=' }],
  ] as const)
    test(title, () => assert.deepEqual(check(resource), []));
});

describe('what R4 cannot read is an error at its path', () => {
  for (const [title, resource, path, rule] of [
    ['an element that R4 lacks', patient({ nickname: 'x' }), 'Patient.nickname', 'unknown-element'],
    ['a misspelled choice', patient({ deceasedDate: '2020' }), 'Patient.deceasedDate', 'unknown-element'],
    ['a choice without its type', patient({ deceased: true }), 'Patient.deceased', 'unknown-element'],
    [
      'an element of another place',
      patient({ name: [{ system: 'x' }] }),
      'Patient.name[0].system',
      'unknown-element',
    ],
    ['_name of what is no primitive', patient({ _name: [note] }), 'Patient._name', 'unknown-element'],
    ['comments of DSTU2', patient({ fhir_comments: ['x'] }), 'Patient.fhir_comments', 'unknown-element'],
    [
      'an element of R5',
      { resourceType: 'ResearchStudy', status: 'x', label: [] },
      'ResearchStudy.label',
      'unknown-element',
    ],
    [
      'an element of one vendor',
      patient({ meta: { project: 'x' } }),
      'Patient.meta.project',
      'unknown-element',
    ],
    [
      'resourceType where no resource is',
      patient({ name: [{ resourceType: 'HumanName' }] }),
      'Patient.name[0].resourceType',
      'unknown-element',
    ],
    ['constructor', patient({ constructor: {} }), 'Patient.constructor', 'unknown-element'],
    [
      '__proto__',
      JSON.parse('{"resourceType":"Patient","__proto__":{"a":1}}'),
      'Patient.__proto__',
      'unknown-element',
    ],
    ['a single value for a repeated element', patient({ name: {} }), 'Patient.name', 'wrong-json-kind'],
    ['an array for a single element', patient({ gender: ['male'] }), 'Patient.gender', 'wrong-json-kind'],
    ['an array in an array', patient({ name: [[{}]] }), 'Patient.name[0]', 'wrong-json-kind'],
    ['a string for an object', patient({ name: ['x'] }), 'Patient.name[0]', 'wrong-json-kind'],
    [
      'an object for a string',
      patient({ name: [{ family: {} }] }),
      'Patient.name[0].family',
      'wrong-json-kind',
    ],
    ['a string for a boolean', patient({ active: 'true' }), 'Patient.active', 'wrong-json-kind'],
    [
      'a string for a decimal',
      { resourceType: 'Observation', status: 'final', code: {}, valueQuantity: { value: '1' } },
      'Observation.valueQuantity.value',
      'wrong-json-kind',
    ],
    [
      'an object for a reference',
      patient({ managingOrganization: { reference: {} } }),
      'Patient.managingOrganization.reference',
      'wrong-json-kind',
    ],
    [
      'an object for the narrative',
      patient({ text: { status: 'empty', div: {} } }),
      'Patient.text.div',
      'wrong-json-kind',
    ],
    [
      'a fraction for an integer',
      patient({ multipleBirthInteger: 1.5 }),
      'Patient.multipleBirthInteger',
      'wrong-json-kind',
    ],
    ['null', patient({ gender: null }), 'Patient.gender', 'wrong-json-kind'],
    ['null in an array of objects', patient({ name: [null] }), 'Patient.name[0]', 'wrong-json-kind'],
    [
      'one sibling of many',
      patient({ name: [{ _given: note }] }),
      'Patient.name[0]._given',
      'wrong-json-kind',
    ],
    ['siblings of one', patient({ _gender: [note] }), 'Patient._gender', 'wrong-json-kind'],
    ['a sibling that is no object', patient({ _gender: 'x' }), 'Patient._gender', 'wrong-json-kind'],
    [
      'a value in a sibling',
      patient({ name: [{ given: ['A'], _given: [{ value: 'x' }] }] }),
      'Patient.name[0]._given[0].value',
      'unknown-element',
    ],
    [
      'two of a choice',
      patient({ deceasedBoolean: true, deceasedDateTime: '2020' }),
      'Patient.deceasedDateTime',
      'choice-repeated',
    ],
    [
      'two of a choice, one with only an extension',
      patient({ deceasedBoolean: true, _deceasedDateTime: note }),
      'Patient.deceasedDateTime',
      'choice-repeated',
    ],
    [
      'a contained object that is no resource',
      patient({ contained: [{}] }),
      'Patient.contained[0]',
      'unknown-type',
    ],
    ['a contained string', patient({ contained: ['x'] }), 'Patient.contained[0]', 'not-a-resource'],
    [
      'a fault in a Bundle entry',
      { resourceType: 'Bundle', type: 'batch', entry: [{ resource: patient({ gender: 1 }) }] },
      'Bundle.entry[0].resource.gender',
      'wrong-json-kind',
    ],
    [
      'an entry of an unknown type',
      { resourceType: 'Bundle', type: 'batch', entry: [{ resource: { resourceType: 'X' } }] },
      'Bundle.entry[0].resource.resourceType',
      'unknown-type',
    ],
    ['a type that R4 lacks', { resourceType: 'Persona' }, 'resourceType', 'unknown-type'],
    ['an abstract type', { resourceType: 'DomainResource' }, 'resourceType', 'unknown-type'],
    ['a data type', { resourceType: 'HumanName', family: 'x' }, 'resourceType', 'unknown-type'],
    ['a backbone element', { resourceType: 'Patient.contact' }, 'resourceType', 'unknown-type'],
    [
      'a type of R4B',
      { resourceType: 'SubscriptionStatus', type: 'heartbeat' },
      'resourceType',
      'unknown-type',
    ],
    ['a resourceType that is no string', { resourceType: ['Patient'] }, '', 'unknown-type'],
    ['no resourceType', {}, '', 'unknown-type'],
    ['an array', [], '', 'not-a-resource'],
    ['null for a resource', null, '', 'not-a-resource'],
    ['a string for a resource', 'x', '', 'not-a-resource'],
    ['U+0000', patient({ name: [{ family: 'a\0' }] }), 'Patient.name[0].family', 'bad-primitive'],
    [
      'half a character',
      patient({ name: [{ family: 'a\ud800' }] }),
      'Patient.name[0].family',
      'bad-primitive',
    ],
    [
      'a number that JSON.parse makes infinite',
      { resourceType: 'Basic', code: {}, extension: [JSON.parse('{"url":"http://e","valueDecimal":1e999}')] },
      'Basic.extension[0].valueDecimal',
      'bad-primitive',
    ],
  ] as const)
    test(title, () => {
      const found = check(resource).filter((problem) => problem.severity === 'error');
      assert.deepEqual(
        found.map((problem) => [problem.path, problem.rule]),
        [[path, rule]],
      );
    });
});

describe('what R4 reads and finds wrong is a warning at its path', () => {
  for (const [title, resource, path, rule] of [
    [
      'a missing required element',
      { resourceType: 'Observation', status: 'final' },
      'Observation.code',
      'missing-element',
    ],
    [
      'a missing required choice',
      { resourceType: 'MedicationRequest', status: 'active', intent: 'order', subject: { display: 'x' } },
      'MedicationRequest.medication',
      'missing-element',
    ],
    [
      'an extension without url',
      patient({ extension: [{ valueCode: 'x' }] }),
      'Patient.extension[0].url',
      'missing-element',
    ],
    ['an empty array', patient({ name: [] }), 'Patient.name', 'empty'],
    ['an empty array of siblings', patient({ name: [{ _given: [] }] }), 'Patient.name[0]._given', 'empty'],
    ['an empty object', patient({ name: [{}] }), 'Patient.name[0]', 'empty'],
    ['an empty string', patient({ name: [{ family: '' }] }), 'Patient.name[0].family', 'empty'],
    [
      'null that keeps no place',
      patient({ name: [{ given: ['A', null] }] }),
      'Patient.name[0].given[1]',
      'empty',
    ],
    [
      'a control character',
      patient({ name: [{ text: 'a\u0007' }] }),
      'Patient.name[0].text',
      'bad-primitive',
    ],
    ['an impossible month', patient({ birthDate: '2020-13-01' }), 'Patient.birthDate', 'bad-primitive'],
    ['an impossible day', patient({ birthDate: '2023-02-29' }), 'Patient.birthDate', 'bad-primitive'],
    ['a leap day of a century', patient({ birthDate: '1900-02-29' }), 'Patient.birthDate', 'bad-primitive'],
    ['the year 0', patient({ birthDate: '0000' }), 'Patient.birthDate', 'bad-primitive'],
    [
      'a date with a time',
      patient({ birthDate: '2020-01-01T00:00:00Z' }),
      'Patient.birthDate',
      'bad-primitive',
    ],
    [
      'a time without a zone',
      patient({ deceasedDateTime: '2020-01-01T00:00:00' }),
      'Patient.deceasedDateTime',
      'bad-primitive',
    ],
    [
      'a zone beyond 14:00',
      patient({ deceasedDateTime: '2020-01-01T00:00:00+14:30' }),
      'Patient.deceasedDateTime',
      'bad-primitive',
    ],
    [
      'an instant that is a date',
      patient({ meta: { lastUpdated: '2020-01-01' } }),
      'Patient.meta.lastUpdated',
      'bad-primitive',
    ],
    ['a code with white space at its end', patient({ gender: 'male ' }), 'Patient.gender', 'bad-primitive'],
    ['a url with white space', patient({ implicitRules: 'a b' }), 'Patient.implicitRules', 'bad-primitive'],
    ['a wrong id', patient({ id: 'a_b' }), 'Patient.id', 'bad-primitive'],
    [
      'a wrong id of a contained resource',
      patient({ contained: [patient({ id: '#o' })] }),
      'Patient.contained[0].id',
      'bad-primitive',
    ],
    [
      'an integer out of its range',
      patient({ multipleBirthInteger: 2 ** 31 }),
      'Patient.multipleBirthInteger',
      'bad-primitive',
    ],
    ['a positiveInt of 0', patient({ telecom: [{ rank: 0 }] }), 'Patient.telecom[0].rank', 'bad-primitive'],
    ['broken base64', patient({ photo: [{ data: 'abc' }] }), 'Patient.photo[0].data', 'bad-primitive'],
    [
      'base64 of another alphabet',
      patient({ photo: [{ data: 'ab-_' }] }),
      'Patient.photo[0].data',
      'bad-primitive',
    ],
  ] as const)
    test(title, () =>
      assert.deepEqual(
        check(resource).map((problem) => [problem.path, problem.rule, problem.severity]),
        [[path, rule, 'warning']],
      ),
    );
});

test('a text names the element and what is expected', () => {
  assert.deepEqual(
    check(patient({ name: 'x', gender: ['x'], active: 'x', birthDate: 'x' })).map(({ text }) => text),
    [
      'name must be an array, not a string',
      'gender must not be an array: it may be there only once',
      'active must be true or false, not a string',
      'birthDate is not a date: YYYY, YYYY-MM or YYYY-MM-DD',
    ],
  );
});

test('no text quotes the record', () => {
  const secret = 'Zebulon';
  const wrong = patient({
    name: secret,
    birthDate: secret,
    gender: { a: secret },
    active: secret,
    photo: [secret],
  });
  assert.doesNotMatch(JSON.stringify(check(wrong).map(({ text }) => text)), /Zebulon/);
});

test('answers any JSON in the place of any element', () => {
  const element = fc.constantFrom(
    'name',
    '_gender',
    'contained',
    'extension',
    'text',
    'birthDate',
    '__proto__',
  );
  fc.assert(
    fc.property(element, fc.jsonValue({ maxDepth: 4 }), (name, value) => {
      const resource = JSON.parse(
        `{"resourceType":"Patient",${JSON.stringify(name)}:${JSON.stringify(value)}}`,
      );
      const copy = structuredClone(resource);
      for (const { path, text } of check(resource)) assert.ok(path.startsWith('Patient') && text !== '');
      assert.deepEqual(resource, copy);
    }),
  );
});

describe('the work is bounded', () => {
  test('at most 50 problems', () => {
    assert.equal(check(patient({ name: Array.from({ length: 100_000 }, () => 1) })).length, 50);
    assert.equal(check(patient({ name: Array.from({ length: 100_000 }, () => ({})) })).length, 50);
  });

  test('an error behind many warnings is found', () => {
    const problems = check(patient({ name: Array.from({ length: 1000 }, () => ({})), nickname: 'x' }));
    assert.equal(problems.length, 50);
    assert.deepEqual(
      problems.filter(({ severity }) => severity === 'error').map(({ path }) => path),
      ['Patient.nickname'],
    );
  });

  test('deep nesting is refused without following it', () => {
    let deep: Record<string, unknown> = { url: 'http://e', valueString: 'x' };
    for (let level = 0; level < 5000; level++) deep = { url: 'http://e', extension: [deep] };
    assert.equal(check(patient({ extension: [deep] }))[0]?.rule, 'too-deep');
  });

  test('no form takes more than linear time', () => {
    const wrong = {
      code: `${'a '.repeat(500_000)} `,
      data: `${' '.repeat(1_000_000)}!`,
      url: `${'a'.repeat(1_000_000)} `,
    };
    const started = performance.now();
    check(
      patient({ gender: wrong.code, photo: [{ data: wrong.data, url: wrong.url }], birthDate: wrong.url }),
    );
    assert.ok(performance.now() - started < 1000);
  });
});

test('names and types that are of no element’s form are not repeated: they may be part of a record', () => {
  const found = [
    ...check({ resourceType: 'Patient', '078-05-1120': 'x', '\u001b[31m': 1, ['x'.repeat(61)]: 1 }),
    ...check({ resourceType: 'John Q. Member' }),
    ...check({ resourceType: 'Patient', nmae: [], ___x: 1 }),
  ];
  assert.deepEqual(
    found.map(({ path, text }) => [path, text]),
    [
      ['Patient.?', 'R4 has no such element in Patient'],
      ['Patient.?', 'R4 has no such element in Patient'],
      ['Patient.?', 'R4 has no such element in Patient'],
      ['resourceType', 'resourceType is no FHIR R4 resource type'],
      ['Patient.nmae', 'R4 has no such element in Patient'],
      ['Patient.?', 'R4 has no such element in Patient'],
    ],
  );
});
