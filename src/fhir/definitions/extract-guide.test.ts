// From definitions to facts: what differs from base R4, by snapshot and by differential; lists of codes.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { extractGuide } from './extract-guide.ts';
import type { ElementFacts, GuideFacts } from './guide-facts.ts';
import { loadStructure } from './r4-structure.ts';

const structure = loadStructure();
const r4: GuideFacts = {
  name: 'r4',
  version: '4.0.1',
  profiles: [
    {
      url: 'http://hl7.org/fhir/StructureDefinition/Patient',
      version: '4.0.1',
      type: 'Patient',
      elements: [
        { id: 'gender', binding: { strength: 'required', valueSet: 'http://r4/gender|4.0.1' } },
        { id: 'managingOrganization', types: [{ code: 'Reference', targets: ['Organization'] }] },
        { id: 'contact', invariants: [0] },
      ],
    },
  ],
  invariants: [{ key: 'pat-1', expression: 'name.exists()' }],
  valueSets: { 'http://r4/gender|4.0.1': { include: [{ system: 'http://r4/g', codes: ['a'] }] } },
  codeSystems: {},
};
const reference = (...names: string[]) => [
  {
    code: 'Reference',
    targetProfile: names.map((name) => `http://hl7.org/fhir/StructureDefinition/${name}`),
  },
];
const profile = (name: string, more: object) => ({
  resourceType: 'StructureDefinition',
  url: `http://g/${name}`,
  type: 'Patient',
  kind: 'resource',
  derivation: 'constraint',
  baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Patient',
  ...more,
});
const extract = (definitions: object[], others: readonly GuideFacts[] = [r4], dependsOn: string[] = []) =>
  extractGuide({ name: 'g', version: '1', definitions, dependsOn }, structure, others);
const elementsOf = (facts: GuideFacts, name: string): readonly ElementFacts[] =>
  facts.profiles.find(({ url }) => url === `http://g/${name}`)!.elements;

/** As a snapshot has them: each with what base R4 says as well. */
const unchanged = [
  { id: 'Patient', path: 'Patient', min: 0, max: '*' },
  { id: 'Patient.name', path: 'Patient.name', min: 0, max: '*', type: [{ code: 'HumanName' }] },
  {
    id: 'Patient.gender',
    path: 'Patient.gender',
    min: 0,
    max: '1',
    type: [{ code: 'code' }],
    binding: { strength: 'required', valueSet: 'http://r4/gender|4.0.1' },
  },
  {
    id: 'Patient.managingOrganization',
    path: 'Patient.managingOrganization',
    min: 0,
    max: '1',
    type: reference('Organization'),
  },
  {
    id: 'Patient.contact',
    path: 'Patient.contact',
    min: 0,
    max: '*',
    type: [{ code: 'BackboneElement' }],
    constraint: [
      { key: 'ele-1', severity: 'error', expression: 'hasValue()' },
      { key: 'pat-1', severity: 'error', expression: 'name.exists()' },
    ],
  },
];
const by = (path: string) => ({ discriminator: [{ type: 'value', path }], rules: 'open' });

describe('facts of profiles', () => {
  test('hold nothing of a snapshot that base R4 says', () => {
    assert.deepEqual(
      elementsOf(extract([profile('same', { snapshot: { element: unchanged } })]), 'same'),
      [],
    );
  });

  test('hold what a snapshot demands beyond base R4', () => {
    const element = [
      ...unchanged,
      { id: 'Patient.birthDate', path: 'Patient.birthDate', min: 1, max: '1', mustSupport: true },
      { id: 'Patient.deceased[x]', path: 'Patient.deceased[x]', max: '1', type: [{ code: 'boolean' }] },
      { id: 'Patient.language', path: 'Patient.language', fixedCode: 'en' },
      {
        id: 'Patient.maritalStatus',
        path: 'Patient.maritalStatus',
        patternCodeableConcept: { text: 'x' },
        binding: { strength: 'example', valueSet: 'http://r4/any' },
        constraint: [{ key: 'g-1', severity: 'warning', expression: 'text.exists()' }],
      },
    ];
    const facts = extract([profile('more', { snapshot: { element } })]);
    assert.deepEqual(elementsOf(facts, 'more'), [
      { id: 'birthDate', min: 1, mustSupport: true },
      { id: 'deceased[x]', types: ['boolean'] },
      { id: 'language', fixed: 'en' },
      { id: 'maritalStatus', pattern: { text: 'x' }, invariants: [0] },
    ]);
    assert.deepEqual(facts.invariants, [{ key: 'g-1', severity: 'warning', expression: 'text.exists()' }]);
  });

  test('hold of a slice what its sliced element does not say', () => {
    const element = [
      ...unchanged,
      { id: 'Patient.identifier', path: 'Patient.identifier', min: 1, slicing: by('system') },
      { id: 'Patient.identifier.value', path: 'Patient.identifier.value', min: 1 },
      { id: 'Patient.identifier:a', path: 'Patient.identifier', sliceName: 'a', min: 0, max: '1' },
      { id: 'Patient.identifier:a.system', path: 'Patient.identifier.system', min: 0, fixedUri: 'http://a' },
      { id: 'Patient.identifier:a.value', path: 'Patient.identifier.value', min: 1 },
      { id: 'Patient.identifier:b', path: 'Patient.identifier', sliceName: 'b', min: 0, max: '*' },
    ];
    assert.deepEqual(elementsOf(extract([profile('sliced', { snapshot: { element } })]), 'sliced'), [
      { id: 'identifier', min: 1, slicing: { by: [['value', 'system']] } },
      { id: 'identifier.value', min: 1 },
      { id: 'identifier:a', max: 1 },
      { id: 'identifier:a.system', fixed: 'http://a' },
      { id: 'identifier:b' },
    ]);
  });

  test('are merged on those of the base where there is no snapshot', () => {
    const first = profile('first', {
      differential: {
        element: [
          {
            id: 'Patient.name',
            path: 'Patient.name',
            min: 1,
            constraint: [{ key: 'g-1', severity: 'error', expression: 'a' }],
          },
          { id: 'Patient.gender', path: 'Patient.gender', min: 1 },
        ],
      },
    });
    const second = profile('second', {
      baseDefinition: 'http://g/first',
      differential: {
        element: [
          {
            id: 'Patient.name',
            path: 'Patient.name',
            max: '1',
            constraint: [{ key: 'g-2', severity: 'error', expression: 'b' }],
          },
          { id: 'Patient.birthDate', path: 'Patient.birthDate', min: 1 },
        ],
      },
    });
    const facts = extract([second, first]);
    assert.deepEqual(elementsOf(facts, 'second'), [
      { id: 'name', min: 1, invariants: [1, 0], max: 1 },
      { id: 'gender', min: 1 },
      { id: 'birthDate', min: 1 },
    ]);
    // The same when the base is of another package.
    const base = { ...extract([first]), name: 'base', version: '1' };
    const apart = extract([second], [r4, base]);
    assert.deepEqual(
      elementsOf(apart, 'second')
        .find(({ id }) => id === 'name')!
        .invariants!.map((at) => apart.invariants[at]!.key)
        .sort(),
      ['g-1', 'g-2'],
    );
  });

  test('come from the differential where the snapshot has elements that R4 lacks', () => {
    const alien = { id: 'Patient.meta.project', path: 'Patient.meta.project', min: 0, max: '1' };
    const facts = extract([
      profile('odd', {
        snapshot: { element: [...unchanged, alien] },
        differential: { element: [{ id: 'Patient.name', path: 'Patient.name', min: 1 }] },
      }),
    ]);
    assert.deepEqual(elementsOf(facts, 'odd'), [{ id: 'name', min: 1 }]);
  });

  test('are none where neither a snapshot nor the base is there', () => {
    assert.deepEqual(
      extract([profile('lost', { baseDefinition: 'http://elsewhere', differential: { element: [] } })])
        .profiles,
      [],
    );
  });

  test('name the version of a package that is depended on, else the last', () => {
    const guide = (version: string): GuideFacts => ({
      ...r4,
      name: 'other',
      version,
      profiles: [{ url: 'http://other/p', version, type: 'Organization', elements: [] }],
    });
    const element = [
      {
        id: 'Patient.managingOrganization',
        path: 'Patient.managingOrganization',
        type: [{ code: 'Reference', targetProfile: ['http://other/p'] }],
      },
    ];
    const targetOf = (dependsOn: string[]) =>
      JSON.stringify(
        elementsOf(
          extract([profile('p', { differential: { element } })], [r4, guide('1'), guide('2')], dependsOn),
          'p',
        ),
      );
    assert.match(targetOf([]), /other\/p\|2/);
    assert.match(targetOf(['other 1']), /other\/p\|1/);
  });
});

describe('facts of value sets', () => {
  const system = {
    resourceType: 'CodeSystem',
    url: 'http://s',
    content: 'complete',
    concept: [
      { code: 'a', concept: [{ code: 'b' }, { code: 'c', concept: [{ code: 'd' }] }] },
      { code: 'e' },
    ],
  };
  const valueSet = (name: string, ...include: object[]) => ({
    resourceType: 'ValueSet',
    url: `http://g/${name}`,
    compose: { include },
  });
  const filter = (op: string, value: string) => ({
    system: 'http://s',
    filter: [{ property: 'concept', op, value }],
  });

  test('list codes, take systems whole, answer filters and say what they cannot', () => {
    const { valueSets, codeSystems } = extract([
      system,
      valueSet('listed', { system: 'http://t', concept: [{ code: 'x' }] }),
      valueSet('whole', { system: 'http://s' }),
      valueSet('below', filter('is-a', 'c'), filter('descendent-of', 'a')),
      valueSet('elsewhere', {
        system: 'http://loinc.org',
        filter: [{ property: 'CLASS', op: '=', value: 'x' }],
      }),
      valueSet('nested', { valueSet: ['http://g/listed', 'http://r4/gender'] }),
    ]);
    assert.deepEqual(valueSets, {
      'http://g/listed|1': { include: [{ system: 'http://t', codes: ['x'] }] },
      'http://g/whole|1': { include: [{ system: 'http://s' }] },
      'http://g/below|1': {
        include: [
          { system: 'http://s', codes: ['c', 'd'] },
          { system: 'http://s', codes: ['b', 'c', 'd'] },
        ],
      },
      'http://g/elsewhere|1': { include: [{ system: 'http://loinc.org', some: true }] },
      'http://g/nested|1': { include: [{ valueSets: ['http://g/listed|1', 'http://r4/gender|4.0.1'] }] },
    });
    assert.deepEqual(codeSystems, { 'http://s': ['a', 'b', 'c', 'd', 'e'] });
  });
});
