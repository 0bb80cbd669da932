// Modifiers (https://hl7.org/fhir/R4/search.html#modifiers), combinations and `near`: what each finds, what it leaves, and what
// is refused with its name.
import assert from 'node:assert/strict';
import { classScopes, resourceScopes } from '../../src/smart/scopes.ts';
import { testOnEachDatabase } from '../databases.ts';
import { type RunningPortico, startPortico, type Token } from '../portico.ts';

const me = 'cco-100001';
const other = 'cco-100004';
const everything = `openid ${[...classScopes, ...resourceScopes.filter((scope) => /^patient\/.*\.rs$/.test(scope))].join(' ')}`;
const interpretation = 'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation';
const clinical = 'http://terminology.hl7.org/CodeSystem/condition-clinical';
const typeSystem = 'http://terminology.hl7.org/CodeSystem/v2-0203';

const condition = (id: string, status: string, subject: object, more: object = {}) => ({
  resourceType: 'Condition',
  id,
  clinicalStatus: { coding: [{ system: clinical, code: status }] },
  code: {
    coding: [{ system: 'http://snomed.info/sct', code: id, display: 'Pörtico fever (disorder)' }],
    text: 'Feverish spell',
  },
  subject,
  ...more,
});
const component = (code: string, value: number) => ({
  code: { coding: [{ system: 'http://loinc.org', code }] },
  valueQuantity: { value, system: 'http://unitsofmeasure.org', code: 'mm[Hg]' },
});
const location = (id: string, latitude: number, longitude: number) => ({
  resourceType: 'Location',
  id,
  name: id,
  position: { latitude, longitude },
});
const written = [
  condition('mod-active', 'active', {
    reference: `Patient/${me}`,
    identifier: { system: 'urn:mrn', value: 'M1' },
  }),
  condition('mod-relapse', 'relapse', { reference: `Patient/${me}` }),
  condition(
    'mod-resolved',
    'resolved',
    { reference: `Patient/${me}` },
    {
      identifier: [
        {
          type: { coding: [{ system: typeSystem, code: 'MR' }], text: 'Record number' },
          system: 'urn:a',
          value: 'x|1',
        },
      ],
      asserter: { identifier: { system: 'urn:npi', value: '99' } },
    },
  ),
  condition(
    'mod-other',
    'active',
    { reference: `Patient/${other}`, identifier: { system: 'urn:mrn', value: 'M1' } },
    {
      identifier: [
        {
          type: { coding: [{ system: typeSystem, code: 'MR' }], text: 'Record number' },
          system: 'urn:a',
          value: 'x|1',
        },
      ],
    },
  ),
  {
    resourceType: 'Observation',
    id: 'mod-bp',
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '85354-9' }] },
    subject: { reference: `Patient/${me}` },
    interpretation: [{ coding: [{ system: interpretation, code: 'HH' }] }],
    component: [component('8480-6', 140), component('8462-4', 80)],
  },
  // Honolulu to Lihue 163.9 km; on both sides of 180 degrees 22.2 km apart; the pole.
  location('near-honolulu', 21.3069, -157.8583),
  location('near-lihue', 21.9811, -159.3711),
  location('near-west-of-line', 0, 179.9),
  location('near-east-of-line', 0, -179.9),
  location('near-pole', 90, 0),
  {
    resourceType: 'PractitionerRole',
    id: 'near-role',
    location: [{ reference: 'Location/near-honolulu' }],
  },
  { resourceType: 'HealthcareService', id: 'near-service', location: [{ reference: 'Location/near-lihue' }] },
];

interface Answer {
  readonly entry?: readonly { readonly resource: { readonly id: string } }[];
  readonly issue?: readonly { readonly code: string; readonly diagnostics: string }[];
}

async function ask(server: RunningPortico, token: Token, path: string, status = 200): Promise<Answer> {
  const answer = await server.get(`/cco/fhir/${path.replaceAll('|', '%7C').replaceAll(' ', '%20')}`, token);
  const text = await answer.text();
  assert.equal(answer.status, status, `${path}: ${text.slice(0, 400)}`);
  return JSON.parse(text) as Answer;
}

testOnEachDatabase('modifiers find what they say, of the member only', async (place, context) => {
  const server = await startPortico(context, place);
  await server.portico.plan.store.writing('cco', (writer) =>
    writer.write(written.map((resource) => ({ resource }))),
  );
  const token = await server.token('cco', 'maria.delgado', everything);
  const found = async (path: string, prefix = 'mod-') =>
    ((await ask(server, token, `${path}&_count=500`)).entry ?? [])
      .map(({ resource }) => resource.id)
      .filter((id) => id.startsWith(prefix))
      .map((id) => id.slice(prefix.length))
      .sort()
      .join(' ');
  const all = 'active relapse resolved';
  for (const [path, expected] of [
    ['Condition?code:text=portico', all],
    ['Condition?code:text=FEVERISH spell', all],
    // As a string, so from the beginning.
    ['Condition?code:text=spell', ''],
    [`Condition?clinical-status:below=${clinical}|active`, 'active relapse'],
    [`Condition?clinical-status:above=${clinical}|relapse`, 'active relapse'],
    [`Condition?clinical-status:below=${clinical}|inactive`, 'resolved'],
    ['Condition?clinical-status:in=http://hl7.org/fhir/ValueSet/condition-clinical', all],
    ['Condition?clinical-status:in=http://hl7.org/fhir/ValueSet/condition-clinical|4.0.1', all],
    ['Condition?clinical-status:not-in=http://hl7.org/fhir/ValueSet/condition-clinical', ''],
    ['Condition?clinical-status:not-in=http://hl7.org/fhir/ValueSet/condition-ver-status', all],
    ['Observation?_id=mod-bp&status:in=http://hl7.org/fhir/ValueSet/observation-status', 'bp'],
    ['Condition?patient:identifier=urn:mrn|M1', 'active'],
    ['Condition?patient:identifier=M1', 'active'],
    ['Condition?patient:identifier=urn:other|M1', ''],
    ['Condition?asserter:identifier=urn:npi|99', 'resolved'],
    [`Condition?identifier:of-type=${typeSystem}|MR|x\\|1`, 'resolved'],
    [`Condition?identifier:ofType=${typeSystem}|MR|x\\|1`, 'resolved'],
    ['Condition?identifier:of-type=|MR|x\\|1', 'resolved'],
    [`Condition?identifier:of-type=${typeSystem}|MR|x`, ''],
    [`Condition?identifier:of-type=${typeSystem}|SS|x\\|1`, ''],
    ['Condition?identifier:text=record', 'resolved'],
    ['Observation?component-code-value-quantity=8480-6$gt130', 'bp'],
    ['Observation?component-code-value-quantity=8480-6$gt150', ''],
    // Either combination, but each of one component.
    ['Observation?component-code-value-quantity=8480-6$gt150,8462-4$80', 'bp'],
    ['Observation?component-code-value-quantity=8480-6$80,8462-4$140', ''],
    ['Observation?component-code-value-quantity=8480-6$140&component-code-value-quantity=8462-4$80', 'bp'],
    [`Patient?_has:Condition:patient:code:text=portico&_id=${me}`, ''],
  ] as const)
    assert.equal(await found(path), expected, path);
  // https://hl7.org/fhir/R4/search_filter.html
  const status = `"${clinical}|active"`;
  for (const [filter, expected] of [
    ['code eq mod-active', 'active'],
    [`clinical-status eq ${status}`, 'active'],
    [`clinical-status ss ${status}`, 'active relapse'],
    [`not (clinical-status ss ${status})`, 'resolved'],
    ['code eq mod-active or code eq mod-relapse', 'active relapse'],
    // From left to right, unless parentheses say otherwise.
    ['code eq mod-active or code eq mod-relapse and code eq mod-resolved', ''],
    ['code eq mod-active or (code eq mod-relapse and code eq mod-resolved)', 'active'],
    [
      'not (code eq mod-active or code eq mod-relapse) and code in http://hl7.org/fhir/ValueSet/condition-clinical',
      '',
    ],
    ['code eq mod-active and patient.name co "a"', 'active'],
    ['code eq mod-active and patient.name eq "nobody of this name"', ''],
    ['asserter pr true', ''],
    ['patient pr true and code eq "mod-active"', 'active'],
    [`patient re Patient/${me} and code eq mod-active`, 'active'],
    [`patient eq Patient/${other} or code eq mod-other`, ''],
    [`not (patient eq Patient/${me})`, ''],
    ['_id eq mod-active or _lastUpdated lt 2000-01-01', 'active'],
  ] as const)
    assert.equal(await found(`Condition?_filter=${encodeURIComponent(filter)}`), expected, filter);
  for (const [filter, expected] of [
    ['name eq "NEAR HONOLULU"', 'honolulu'],
    ['name sw near-l', 'lihue'],
    ['name ew "pole"', 'pole'],
    ['name ew "pol"', ''],
    ['name co "of line" and not (name sw "near west")', 'east-of-line'],
  ] as const)
    assert.equal(await found(`Location?_filter=${encodeURIComponent(filter)}`, 'near-'), expected, filter);
  const patients = await ask(server, token, `Patient?_has:Condition:patient:code:text=portico`);
  assert.deepEqual(
    patients.entry?.map(({ resource }) => resource.id),
    [me],
  );
  for (const [path, expected] of [
    ['Location?near=21.3069|-157.8583', 'honolulu'],
    ['Location?near=21.3069|-157.8583|163|km', 'honolulu'],
    ['Location?near=21.3069|-157.8583|175', 'honolulu lihue'],
    ['Location?near=21.3069|-157.8583|109|[mi_i]', 'honolulu lihue'],
    ['Location?near=21.3069|-157.8583|0|m', 'honolulu'],
    ['Location?near=0|180|10', ''],
    ['Location?near=0|180|11.2', 'east-of-line west-of-line'],
    ['Location?near=0|-179.9|23000|m', 'east-of-line west-of-line'],
    ['Location?near=89.99|123|5', 'pole'],
    ['Location?near=21.3069|-157.8583,90|0', 'honolulu pole'],
    ['Location?near=21.3069|-157.8583|300&name=near-l', 'lihue'],
    ['Location?near=21.3069|-157.8583|40000', 'east-of-line honolulu lihue pole west-of-line'],
    ['PractitionerRole?location.near=21.3|-157.85|5', 'role'],
    ['PractitionerRole?location.near=21.9|-159.37|5', ''],
    ['HealthcareService?location.near=21.9|-159.37|15', 'service'],
    ['Location?_has:PractitionerRole:location:_id=near-role', 'honolulu'],
    ['Location?_id=near-pole&near:missing=false', 'pole'],
  ] as const)
    assert.equal(await found(path, 'near-'), expected, path);
});

testOnEachDatabase('what a modifier cannot answer is refused with its name', async (place, context) => {
  const server = await startPortico(context, place);
  const token = await server.token('cco', 'maria.delgado', everything);
  for (const [path, code, says] of [
    [
      'Condition?code:in=http://example.com/no-such',
      'invalid',
      /^code:in: the value set 'http:\/\/example.com\/no-such' is not known/,
    ],
    [
      'Condition?code:in=http://hl7.org/fhir/us/core/ValueSet/us-core-condition-code',
      'invalid',
      /^code:in: .* cannot be listed/,
    ],
    [
      'Condition?code:below=http://snomed.info/sct|1',
      'not-supported',
      /^code:below: .*'http:\/\/snomed.info\/sct', whose hierarchy/,
    ],
    ['Condition?code:below=__proto__|constructor', 'not-supported', /code system '__proto__'/],
    ['Condition?code:above=5', 'invalid', /^code:above: '5' is not of the form system\|code/],
    [
      'Condition?code:exact=5',
      'not-supported',
      /^code:exact: the modifier ':exact' is not supported on this parameter, which is a token/,
    ],
    ['Condition?code:=5', 'not-supported', /^code:: /],
    ['Condition?patient:above=x', 'not-supported', /^patient:above: .* which is a reference/],
    ['Condition?patient:Device=x', 'not-supported', /^patient:Device: /],
    ['Condition?patient:identifier=', 'invalid', /the value is empty/],
    [
      'Condition?identifier:of-type=a|b',
      'invalid',
      /^identifier:of-type: 'a\|b' is not of the form system\|code\|value/,
    ],
    ['Condition?onset-date:text=x', 'not-supported', /^onset-date:text: .* which is a date/],
    ['Patient?name:in=x', 'not-supported', /^name:in: .* which is a string/],
    ['Observation?value-quantity:not=5', 'not-supported', /^value-quantity:not: .* which is a quantity/],
    [
      'Observation?code-value-quantity:missing=true',
      'not-supported',
      /^code-value-quantity:missing: .* a composite/,
    ],
    ['Observation?code-value-quantity=a', 'invalid', /'a' is not two values joined/],
    ['Observation?code-value-quantity=a$1,b', 'invalid', /'b' is not two values joined/],
    ['Condition?_profile:contains=x', 'not-supported', /^_profile:contains: .* which is a uri/],
    ['Location?near:exact=1|2', 'not-supported', /^near:exact: .* which is a special/],
    ['Location?near=1', 'invalid', /^near: the longitude '' is not a number from -180 to 180/],
    ['Location?near=91|0', 'invalid', /latitude '91' is not a number from -90 to 90/],
    ['Location?near=0|181', 'invalid', /longitude '181'/],
    ['Location?near=NaN|0', 'invalid', /latitude 'NaN'/],
    ['Location?near=1e1|0', 'invalid', /latitude '1e1'/],
    ['Location?near=0|0|-1', 'invalid', /'-1' is negative/],
    ['Location?near=0|0|far', 'invalid', /distance 'far' is not a number/],
    ['Location?near=0|0|5|parsec', 'invalid', /unit 'parsec' is not one of km/],
    ['Location?near=0|0|5|constructor', 'invalid', /unit 'constructor'/],
    ['Location?near=0|0|5|km|x', 'invalid', /is not of the form latitude\|longitude/],
    ['Condition?_filter=', 'invalid', /^_filter: expected a parameter, an operator and a value/],
    ['Condition?_filter=code', 'invalid', /^_filter: expected a parameter/],
    ['Condition?_filter=code eq', 'invalid', /^_filter: expected a parameter/],
    ['Condition?_filter=code eq a b', 'invalid', /^_filter: there is no reading 'b'/],
    ['Condition?_filter=(code eq a', 'invalid', /^_filter: a parenthesis is not closed/],
    ['Condition?_filter=code eq a)', 'invalid', /^_filter: there is no reading '\)'/],
    ['Condition?_filter=code eq "a', 'invalid', /^_filter: it cannot be read/],
    ['Condition?_filter=nonsense eq a', 'not-supported', /no search parameter 'nonsense'/],
    [
      'Condition?_filter=code ne a',
      'not-supported',
      /^_filter: the operator 'ne' is not supported on 'code'/,
    ],
    ['Condition?_filter=code constructor a', 'not-supported', /^_filter: the operator 'constructor'/],
    ['Condition?_filter=code:not eq a', 'invalid', /^_filter: code: a modifier is not supported/],
    [
      'Condition?_filter=onset-date po 2020',
      'not-supported',
      /^_filter: the operator 'po' is not supported on 'onset-date'/,
    ],
    ['Condition?_filter=onset-date eq never', 'invalid', /^onset-date: 'eqnever' is not a date/],
    ['Condition?_filter=patient pr maybe', 'invalid', /^_filter: 'maybe' after pr/],
    [
      'Condition?_filter=patient[name eq a].name eq b',
      'invalid',
      /^_filter: 'patient\[name' is not supported/,
    ],
    [
      'Observation?_filter=code-value-quantity eq a$5',
      'not-supported',
      /^_filter: the operator 'eq' is not supported on 'code-value/,
    ],
    ['MedicationKnowledge?_filter=DrugTier eq x', 'required', /^DrugPlan: /],
    [
      `Condition?_filter=${'('.repeat(30)}code eq a`,
      'invalid',
      /^_filter: parentheses are more than 20 deep/,
    ],
    [
      `Condition?_filter=code eq a${' or code eq a'.repeat(60)}`,
      'invalid',
      /^_filter: more than 50 comparisons/,
    ],
    ['Location?_sort=near', 'invalid', /near' is a special/],
  ] as const) {
    const [issue] = (await ask(server, token, path, 400)).issue!;
    assert.equal(issue!.code, code, path);
    assert.match(issue!.diagnostics, says, path);
  }
});
