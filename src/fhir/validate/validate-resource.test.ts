// Planted faults, one in each resource: each is found where it is, and nothing else is. The profiles are the guides' own
// and, for what they do not use, those of a guide made here.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ElementFacts, GuideFacts, ProfileFacts } from '../definitions/guide-facts.ts';
import { loadProfiles, profileLibrary } from '../definitions/load-profiles.ts';
import { loadStructure } from '../definitions/r4-structure.ts';
import type { Json } from './occurrences.ts';
import type { ProfileRule } from './profile-problem.ts';
import { openValidator, type ProfileReport, type ValidateOptions } from './validate-resource.ts';

const structure = loadStructure();
const { validate } = await openValidator(loadProfiles(), structure);

/** Errors and warnings as `rule path`. */
const found = (reports: readonly ProfileReport[]): string[] =>
  reports
    .flatMap(({ problems }) => problems)
    .map(({ severity, rule, path }) => `${severity === 'error' ? '' : `${severity} `}${rule} ${path}`);

const core = 'http://hl7.org/fhir/us/core/StructureDefinition';
const carin = 'http://hl7.org/fhir/us/carin-bb';
const terminology = 'http://terminology.hl7.org/CodeSystem';
const concept = (system: string, code: string) => ({ coding: [{ system, code }] });
const absent = {
  url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason',
  valueCode: 'unknown',
};

const patient = {
  resourceType: 'Patient',
  id: 'a',
  meta: { profile: [`${core}/us-core-patient|6.1.0`] },
  identifier: [{ system: 'http://plan.example/member', value: '1' }],
  name: [{ family: 'A', given: ['B'] }],
  gender: 'female',
  birthDate: '1980-01-01',
};
const race = (...extension: object[]) => ({ url: `${core}/us-core-race`, extension });
const omb = {
  url: 'ombCategory',
  valueCoding: { system: 'urn:oid:2.16.840.1.113883.6.238', code: '2106-3' },
};

const bloodPressure = {
  resourceType: 'Observation',
  meta: { profile: [`${core}/us-core-blood-pressure|6.1.0`] },
  status: 'final',
  category: [concept(`${terminology}/observation-category`, 'vital-signs')],
  code: concept('http://loinc.org', '85354-9'),
  subject: { reference: 'Patient/a' },
  effectiveDateTime: '2026-01-01',
  component: ['8480-6', '8462-4'].map((code) => ({
    code: concept('http://loinc.org', code),
    valueQuantity: { value: 120, unit: 'mmHg', system: 'http://unitsofmeasure.org', code: 'mm[Hg]' },
  })),
};
const [systolic, diastolic] = bloodPressure.component as unknown as [Json, Json];

const condition = {
  resourceType: 'Condition',
  meta: { profile: [`${core}/us-core-condition|3.1.1`] },
  clinicalStatus: concept(`${terminology}/condition-clinical`, 'active'),
  verificationStatus: concept(`${terminology}/condition-ver-status`, 'confirmed'),
  category: [concept(`${terminology}/condition-category`, 'problem-list-item')],
  code: { text: 'x' },
  subject: { reference: 'Patient/a' },
};

const info = (code: string, more: object) => ({
  category: concept(`${carin}/CodeSystem/C4BBSupportingInfoType`, code),
  ...more,
});
const amount = (category: object) => ({ category, amount: { value: 1, currency: 'USD' } });
const pharmacy = {
  resourceType: 'ExplanationOfBenefit',
  id: 'e',
  meta: {
    lastUpdated: '2026-01-01T00:00:00Z',
    profile: [`${carin}/StructureDefinition/C4BB-ExplanationOfBenefit-Pharmacy|2.0.0`],
  },
  identifier: [{ type: concept(`${carin}/CodeSystem/C4BBIdentifierType`, 'uc'), value: '1' }],
  status: 'active',
  type: concept(`${terminology}/claim-type`, 'pharmacy'),
  use: 'claim',
  patient: { reference: 'Patient/a' },
  billablePeriod: { start: '2026-01-01' },
  created: '2026-01-01',
  insurer: { reference: 'Organization/o' },
  provider: { reference: 'Organization/p' },
  outcome: 'complete',
  careTeam: [
    {
      sequence: 1,
      provider: { reference: 'Organization/p' },
      role: concept(`${carin}/CodeSystem/C4BBClaimCareTeamRole`, 'prescribing'),
    },
  ],
  supportingInfo: [
    info('dayssupply', { valueQuantity: { value: 30 } }),
    info('dawcode', {
      code: concept(`${terminology}/NCPDPDispensedAsWrittenOrProductSelectionCode`, '0'),
    }),
    info('refillnum', { valueQuantity: { value: 0 } }),
    info('refillsauthorized', { valueQuantity: { value: 1 } }),
  ].map((one, at) => ({ sequence: at + 1, ...one })),
  insurance: [{ focal: true, coverage: { reference: 'Coverage/c' } }],
  item: [
    {
      sequence: 1,
      productOrService: concept('http://hl7.org/fhir/sid/ndc', '00093505698'),
      servicedDate: '2026-01-01',
      quantity: { value: 30 },
      adjudication: [amount(concept(`${terminology}/adjudication`, 'submitted'))],
    },
  ],
  adjudication: [
    {
      category: concept(`${carin}/CodeSystem/C4BBAdjudicationDiscriminator`, 'benefitpaymentstatus'),
      reason: concept(`${carin}/CodeSystem/C4BBPayerAdjudicationStatus`, 'innetwork'),
    },
  ],
  total: [amount(concept(`${terminology}/adjudication`, 'submitted'))],
  payment: { type: concept(`${carin}/CodeSystem/C4BBPayerAdjudicationStatus`, 'paid') },
};
const [firstInfo, ...moreInfo] = pharmacy.supportingInfo as unknown as [Json, ...Json[]];
const item = pharmacy.item[0] as Json;

type Fault = [title: string, resource: Json, expected: readonly string[], covers: readonly ProfileRule[]];

const faults: readonly Fault[] = [
  ['an element that is missing', { ...patient, gender: undefined }, ['min Patient.gender'], ['min']],
  [
    'an element that base R4 requires',
    { ...bloodPressure, status: undefined },
    ['min Observation.status'],
    ['min'],
  ],
  [
    'an element within one that repeats',
    { ...patient, identifier: [...patient.identifier, { system: 'http://x' }] },
    ['min Patient.identifier[1].value'],
    ['min'],
  ],
  [
    'a slice that is missing',
    {
      ...bloodPressure,
      component: [systolic, { ...diastolic, code: concept('http://loinc.org', '8867-4') }],
    },
    ['min Observation.component'],
    ['min'],
  ],
  [
    'a slice that is there twice',
    { ...bloodPressure, component: [systolic, diastolic, diastolic] },
    ['max Observation.component'],
    ['max'],
  ],
  [
    'an extension that is there twice',
    {
      ...patient,
      extension: [race(omb, { url: 'text', valueString: 'x' }), race(omb, { url: 'text', valueString: 'x' })],
    },
    ['max Patient.extension'],
    ['max'],
  ],
  [
    'an extension without its part',
    { ...patient, extension: [race(omb)] },
    ['min Patient.extension[0].extension'],
    ['min'],
  ],
  [
    'a choice of another type',
    {
      ...pharmacy,
      supportingInfo: [{ ...firstInfo, valueQuantity: undefined, valueString: '30' }, ...moreInfo],
    },
    ['type ExplanationOfBenefit.supportingInfo[0].valueString'],
    ['type'],
  ],
  [
    'an extension with a value of another type',
    { ...patient, extension: [{ url: `${core}/us-core-birthsex`, valueString: 'F' }] },
    ['type Patient.extension[0].valueString'],
    ['type'],
  ],
  [
    'another value than the pattern',
    { ...pharmacy, use: 'preauthorization' },
    ['pattern ExplanationOfBenefit.use'],
    ['pattern'],
  ],
  [
    'a code beyond the required value set',
    { ...bloodPressure, status: 'done' },
    ['binding Observation.status'],
    ['binding'],
  ],
  [
    'text where a code is required',
    { ...pharmacy, payment: { type: { text: 'paid' } } },
    ['binding ExplanationOfBenefit.payment.type'],
    ['binding'],
  ],
  [
    'a code beyond the extensible value set',
    { ...patient, maritalStatus: concept('http://x', 'y') },
    ['warning binding Patient.maritalStatus'],
    ['binding'],
  ],
  [
    'a code without the form of its licensed system',
    { ...pharmacy, item: [{ ...item, productOrService: concept('http://hl7.org/fhir/sid/ndc', 'aspirin') }] },
    ['code-form ExplanationOfBenefit.item[0].productOrService'],
    ['code-form'],
  ],
  [
    'an invariant of the guide',
    { ...patient, name: [{ text: 'A B' }] },
    ['invariant Patient.name[0]'],
    ['invariant'],
  ],
  [
    'an invariant of the guide that asks for a value set',
    { ...condition, category: [concept('http://x', 'y')] },
    ['warning invariant Condition', 'warning binding Condition.category[0]'],
    ['invariant'],
  ],
  [
    'an invariant of base R4',
    { ...patient, contact: [{ gender: 'male' }] },
    ['invariant Patient.contact[0]'],
    ['invariant'],
  ],
  [
    'an invariant of a data type',
    { ...patient, name: [{ ...patient.name[0], period: { start: '2026-02-01', end: '2026-01-01' } }] },
    ['invariant Patient.name[0].period'],
    ['invariant'],
  ],
  [
    'a script in the narrative',
    {
      ...patient,
      text: {
        status: 'generated',
        div: '<div xmlns="http://www.w3.org/1999/xhtml"><script>x</script></div>',
      },
    },
    ['invariant Patient.text.div', 'invariant Patient.text.div'],
    ['invariant'],
  ],
  [
    'a reference to another type',
    { ...bloodPressure, subject: { reference: 'Group/g' } },
    ['reference-target Observation.subject'],
    ['reference-target'],
  ],
  [
    'a reference to a contained resource of another type',
    {
      ...bloodPressure,
      contained: [{ resourceType: 'Location', id: 'l' }],
      subject: { reference: '#l' },
    },
    ['reference-target Observation.subject'],
    ['reference-target'],
  ],
  [
    'a contained resource that nothing refers to',
    { ...patient, contained: [{ resourceType: 'Organization', id: 'o', name: 'x' }] },
    ['contained Patient.contained[0]'],
    ['contained'],
  ],
  [
    'a known extension where it may not stand',
    {
      ...patient,
      name: [{ ...patient.name[0], extension: [{ url: `${core}/us-core-birthsex`, valueCode: 'F' }] }],
    },
    ['extension-context Patient.name[0].extension[0]'],
    ['extension-context'],
  ],
  [
    'a modifierExtension that nobody knows',
    { ...patient, modifierExtension: [{ url: 'http://x.example/y', valueBoolean: true }] },
    ['modifier-extension Patient.modifierExtension[0]'],
    ['modifier-extension'],
  ],
  [
    'an extension with value and extensions',
    { ...patient, extension: [{ url: 'http://x.example/y', valueBoolean: true, extension: [absent] }] },
    ['invariant Patient.extension[0]'],
    ['invariant'],
  ],
  [
    'a profile of another type',
    { ...patient, meta: { profile: [`${core}/us-core-encounter|6.1.0`] } },
    ['profile-of-other-type Patient.meta.profile'],
    ['profile-of-other-type'],
  ],
  [
    'a profile that nobody knows',
    { ...patient, meta: { profile: ['http://x.example/y'] } },
    ['information unknown-profile Patient.meta.profile'],
    ['unknown-profile'],
  ],
];

/** For what the guides do not use. */
const made: readonly [
  title: string,
  elements: readonly ElementFacts[],
  resource: Json,
  expected: readonly string[],
  covers: readonly ProfileRule[],
][] = [
  [
    'another value than the fixed one',
    [
      { id: 'name', fixed: [{ family: 'A' }] },
      { id: 'gender', fixed: 'male' },
    ],
    { gender: 'female' },
    ['fixed Patient.gender'],
    ['fixed'],
  ],
  [
    'what is in no slice of a closed slicing',
    [
      { id: 'telecom', slicing: { by: [['value', 'system']], rules: 'closed' } },
      { id: 'telecom:phone' },
      { id: 'telecom:phone.system', fixed: 'phone' },
    ],
    {
      telecom: [
        { system: 'phone', value: '1' },
        { system: 'email', value: '2' },
      ],
    },
    ['slice-closed Patient.telecom[1]'],
    ['slice-closed'],
  ],
  [
    'what is in no slice before one, where others may only follow',
    [
      { id: 'telecom', slicing: { by: [['value', 'system']], rules: 'openAtEnd' } },
      { id: 'telecom:phone' },
      { id: 'telecom:phone.system', fixed: 'phone' },
    ],
    {
      telecom: [
        { system: 'email', value: '2' },
        { system: 'phone', value: '1' },
      ],
    },
    ['slice-order Patient.telecom[1]'],
    ['slice-order'],
  ],
  [
    'slices in another order',
    [
      { id: 'telecom', slicing: { by: [['value', 'system']], ordered: true } },
      { id: 'telecom:phone' },
      { id: 'telecom:phone.system', fixed: 'phone' },
      { id: 'telecom:email' },
      { id: 'telecom:email.system', fixed: 'email' },
    ],
    {
      telecom: [
        { system: 'email', value: '2' },
        { system: 'phone', value: '1' },
      ],
    },
    ['slice-order Patient.telecom[1]'],
    ['slice-order'],
  ],
  [
    'a slice told by whether an element is there',
    [
      { id: 'identifier', slicing: { by: [['exists', 'period']] } },
      { id: 'identifier:dated', max: 1 },
      { id: 'identifier:dated.period', min: 1 },
    ],
    { identifier: [{ value: '1', period: {} }, { value: '2' }, { value: '3', period: {} }] },
    ['max Patient.identifier'],
    ['max'],
  ],
  [
    'a slice told by the type of what is referred to',
    [
      { id: 'generalPractitioner', slicing: { by: [['type', 'resolve()']] } },
      { id: 'generalPractitioner:person', max: 1, types: [{ code: 'Reference', targets: ['Practitioner'] }] },
    ],
    {
      generalPractitioner: [
        { reference: 'Practitioner/a' },
        { reference: 'Organization/a' },
        { reference: 'Practitioner/b' },
      ],
    },
    ['max Patient.generalPractitioner'],
    ['max'],
  ],
  [
    'a slice told by a value in an extension',
    [
      { id: 'identifier', slicing: { by: [['value', "extension('http://x.example/kind').value"]] } },
      { id: 'identifier:main', min: 1 },
      {
        id: 'identifier:main.extension:kind',
        types: [{ code: 'Extension', profiles: ['http://x.example/kind'] }],
      },
      { id: 'identifier:main.extension:kind.value[x]', fixed: 'main' },
    ],
    { identifier: [{ value: '1', extension: [{ url: 'http://x.example/kind', valueCode: 'other' }] }] },
    ['min Patient.identifier'],
    ['min'],
  ],
  [
    'a slice told by a profile',
    [
      { id: 'contained', slicing: { by: [['profile', '$this']] } },
      {
        id: 'contained:payer',
        min: 1,
        types: [{ code: 'Organization', profiles: ['http://x.example/payer|1'] }],
      },
    ],
    {
      contained: [{ resourceType: 'Organization', id: 'o', active: true }],
      managingOrganization: { reference: '#o' },
    },
    ['min Patient.contained'],
    ['min'],
  ],
];

const payer: ProfileFacts = {
  url: 'http://x.example/payer',
  version: '1',
  type: 'Organization',
  elements: [{ id: 'name', min: 1 }],
};
const guideOf = (elements: readonly ElementFacts[]): GuideFacts => ({
  name: 'made',
  version: '1',
  profiles: [{ url: 'http://x.example/made', version: '1', type: 'Patient', elements }, payer],
  invariants: [],
  valueSets: {},
  codeSystems: {},
});
const validateMade = async (elements: readonly ElementFacts[], resource: Json, options?: ValidateOptions) => {
  const own = await openValidator(profileLibrary([guideOf(elements)]), structure);
  return found(
    own.validate(
      { resourceType: 'Patient', meta: { profile: ['http://x.example/made'] }, ...resource },
      options,
    ),
  );
};

describe('profile validation', () => {
  for (const resource of [patient, bloodPressure, pharmacy])
    test(`finds nothing wrong with the ${resource.resourceType} that the faults are planted in`, () => {
      assert.deepEqual(found(validate(resource)), []);
    });

  for (const [title, resource, expected] of faults)
    test(`finds ${title}, and nothing else`, () => {
      const before = JSON.stringify(resource);
      assert.deepEqual(found(validate(JSON.parse(before) as Json)), expected);
    });

  for (const [title, elements, resource, expected] of made)
    test(`finds ${title}, and nothing else`, async () => {
      assert.deepEqual(await validateMade(elements, resource), expected);
    });

  test('has a planted fault for every rule but the one of time', () => {
    const covered = new Set([...faults.flatMap((fault) => fault[3]), ...made.flatMap((one) => one[4])]);
    assert.deepEqual([...covered].sort(), [
      'binding',
      'code-form',
      'contained',
      'extension-context',
      'fixed',
      'invariant',
      'max',
      'min',
      'modifier-extension',
      'pattern',
      'profile-of-other-type',
      'reference-target',
      'slice-closed',
      'slice-order',
      'type',
      'unknown-profile',
    ]);
  });

  test('changes nothing in the resource', () => {
    for (const resource of [patient, bloodPressure, pharmacy]) {
      const copy = structuredClone(resource) as Json;
      validate(copy);
      assert.deepEqual(Reflect.ownKeys(copy), Reflect.ownKeys(resource));
      assert.deepEqual(copy, resource);
    }
  });

  test('repeats nothing of what a resource holds', () => {
    const secret = 'Sxq4711';
    const resource = JSON.parse(
      JSON.stringify({ ...pharmacy, status: 'x', outcome: 'y', use: 'z', insurance: [] }).replaceAll(
        /"(x|y|z|1|2026-01-01)"/g,
        `"${secret}"`,
      ),
    ) as Json;
    const reports = validate(resource);
    assert.ok(found(reports).length > 3);
    assert.doesNotMatch(JSON.stringify(reports), new RegExp(secret));
  });
});

describe('missing data (https://hl7.org/fhir/us/core/general-requirements.html#missing-data)', () => {
  test('lets an element say why it has no value', () => {
    const { gender: _, ...others } = patient;
    assert.deepEqual(found(validate({ ...others, _gender: { extension: [absent] } })), []);
    assert.deepEqual(found(validate({ ...patient, identifier: [{ extension: [absent] }] })), []);
    assert.deepEqual(found(validate({ ...patient, name: [{ extension: [absent] }] })), []);
  });

  test('does not take another extension for it', () => {
    const other = { url: 'http://x.example/y', valueCode: 'unknown' };
    assert.deepEqual(found(validate({ ...patient, identifier: [{ extension: [other] }] })), [
      'min Patient.identifier[0].system',
      'min Patient.identifier[0].value',
    ]);
  });
});

describe('which profiles judge', () => {
  const declaring = (...profile: string[]) => ({ ...patient, gender: undefined, meta: { profile } });

  test('none where none is declared, base R4 where it is asked for', () => {
    const { meta: _, ...bare } = patient;
    assert.deepEqual(validate(bare), []);
    assert.deepEqual(
      validate(bare, { base: true }).map(({ profile }) => profile),
      ['http://hl7.org/fhir/StructureDefinition/Patient|4.0.1'],
    );
  });

  test('all that are declared and named, each once', () => {
    const reports = validate(declaring(`${core}/us-core-patient|6.1.0`), {
      profiles: [`${core}/us-core-patient|6.1.0`, `${core}/us-core-patient|3.1.1`],
    });
    assert.deepEqual(
      reports.filter(({ isBase }) => !isBase).map(({ profile, problems }) => [profile, problems.length]),
      [
        [`${core}/us-core-patient|6.1.0`, 1],
        [`${core}/us-core-patient|3.1.1`, 1],
      ],
    );
  });

  test('one named for a type only where the type is that', () => {
    const profilesOfType = [`${core}/us-core-patient`, `${core}/us-core-encounter`];
    assert.deepEqual(
      validate({ ...patient, meta: {} }, { profilesOfType }).map(({ profile }) => profile),
      ['http://hl7.org/fhir/StructureDefinition/Patient|4.0.1', `${core}/us-core-patient|6.1.0`],
    );
  });

  test('without a version the one that finds least wrong, of equals the newest', () => {
    const last = (reports: readonly ProfileReport[]) => reports.at(-1)!.profile;
    assert.equal(
      last(validate({ ...patient, meta: { profile: [`${core}/us-core-patient`] } })),
      `${core}/us-core-patient|6.1.0`,
    );
    assert.equal(last(validate(declaring(`${core}/us-core-patient`))), `${core}/us-core-patient|6.1.0`);
    // The check digit of an NPI is a rule of 6.1.0 only.
    const organization = {
      resourceType: 'Organization',
      meta: { profile: [`${core}/us-core-organization`] },
      identifier: [{ system: 'http://hl7.org/fhir/sid/us-npi', value: '1' }],
      active: true,
      name: 'x',
    };
    const reports = validate(organization);
    assert.deepEqual([last(reports), found(reports)], [`${core}/us-core-organization|3.1.1`, []]);
    assert.deepEqual(
      found(validate({ ...organization, meta: { profile: [`${core}/us-core-organization|6.1.0`] } })),
      ['invariant Organization.identifier[0]', 'invariant Organization.identifier[0]'],
    );
  });

  test('a version that is not at hand judges nothing', () => {
    assert.deepEqual(found(validate(declaring(`${core}/us-core-patient|99.0.0`))), [
      'information unknown-profile Patient.meta.profile',
    ]);
  });
});

describe('what validation may cost', () => {
  test('is bounded in problems, and errors are not hidden by warnings', () => {
    const many = Array.from({ length: 300 }, () => concept('http://x', 'y'));
    const resource = { ...patient, communication: many.map((language) => ({ language })), gender: 'x' };
    const [base] = validate({ ...resource, maritalStatus: concept('http://x', 'y') });
    assert.ok(base!.problems.length <= 50);
    assert.ok(found([base!]).includes('binding Patient.gender'));
  });

  test('is bounded in time, and says so', async () => {
    let time = 0;
    const slow = await openValidator(loadProfiles(), structure, () => (time += 200));
    const reports = slow.validate(pharmacy, { milliseconds: 100 });
    assert.ok(found(reports).includes('information not-finished ExplanationOfBenefit'));
  });

  test('a rule whose regular expression backtracks without end says nothing, within the time', async () => {
    const expression = "name.family.matches('^(a+)+$')";
    const guide = {
      ...guideOf([{ id: '', invariants: [0] }]),
      invariants: [{ key: 'r-1', expression }],
    };
    const own = await openValidator(profileLibrary([guide]), structure);
    const resource = {
      resourceType: 'Patient',
      meta: { profile: ['http://x.example/made'] },
      name: [{ family: `${'a'.repeat(60)}!` }],
    };
    const started = performance.now();
    own.validate(resource, { milliseconds: 500 });
    const took = performance.now() - started;
    assert.ok(took > 500 && took < 5000, `${took} ms`);
  });

  test('what contains thousands of resources takes no time for each pair of them', () => {
    const ids = Array.from({ length: 4000 }, (_, at) => `o${at}`);
    const contained = ids.map((id) => ({ resourceType: 'Organization', id, name: 'x' }));
    const generalPractitioner = ids.map((id) => ({ reference: `#${id}` }));
    const resource = { resourceType: 'Patient', contained, generalPractitioner };
    const started = performance.now();
    // The time that a request has is over long before.
    validate(resource, { base: true, milliseconds: 500 });
    const took = performance.now() - started;
    assert.ok(took < 3000, `${took} ms`);
  });
});

test('a binding on a choice is not about a reference', () => {
  const planNet = 'http://hl7.org/fhir/us/davinci-pdex-plan-net/StructureDefinition';
  const whereValid = (value: object): Json => ({
    resourceType: 'PractitionerRole',
    meta: { profile: [`${planNet}/plannet-PractitionerRole|1.2.0`] },
    extension: [{ url: `${planNet}/qualification`, extension: [{ url: 'whereValid', ...value }] }],
  });
  const bindings = (value: object) =>
    found(validate(whereValid(value))).filter((problem) =>
      /binding .*whereValid|binding .*value/.test(problem),
    );
  assert.deepEqual(bindings({ valueReference: { reference: 'Location/a' } }), []);
  assert.ok(bindings({ valueCodeableConcept: { text: 'Oregon' } }).length > 0);
});
