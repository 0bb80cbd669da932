import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadDefinitions } from '../fhir/definitions/definitions.ts';
import { categoryScopes } from './category-scopes.ts';
import { granularScopes, narrowingParams, permissionsOf, supportedScopes } from './scopes.ts';

const observation = 'http://terminology.hl7.org/CodeSystem/observation-category';
const laboratory = `patient/Observation.rs?category=${observation}|laboratory`;

// What US Core demands of a server, and what its test kit asks for beside it.
const demanded = [
  'Condition.rs?category=http://terminology.hl7.org/CodeSystem/condition-category|encounter-diagnosis',
  'Condition.rs?category=http://terminology.hl7.org/CodeSystem/condition-category|problem-list-item',
  'Condition.rs?category=http://hl7.org/fhir/us/core/CodeSystem/condition-category|health-concern',
  ...['laboratory', 'social-history', 'vital-signs', 'survey'].map(
    (code) => `Observation.rs?category=${observation}|${code}`,
  ),
  ...['sdoh', 'treatment-intervention-preference', 'care-experience-preference'].map(
    (code) => `Observation.rs?category=http://hl7.org/fhir/us/core/CodeSystem/us-core-category|${code}`,
  ),
  'DiagnosticReport.rs?category=http://loinc.org|LP7839-6',
  'DiagnosticReport.rs?category=http://terminology.hl7.org/CodeSystem/v2-0074|LAB',
  'DocumentReference.rs?category=http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category|clinical-note',
  'ServiceRequest.rs?category=http://hl7.org/fhir/us/core/CodeSystem/us-core-category|functional-status',
  'ServiceRequest.rs?category=http://snomed.info/sct|387713003',
];

test('the granular scopes of US Core are supported, for patient and user', () => {
  for (const scope of demanded)
    for (const context of ['patient', 'user'])
      assert.ok(supportedScopes.includes(`${context}/${scope}`), `${context}/${scope}`);
  assert.ok(
    granularScopes.every((scope) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)),
    'RFC 6749 scope-token',
  );
  assert.ok(!supportedScopes.some((scope) => scope.includes('*')));
  assert.ok(!granularScopes.some((scope) => scope.includes('.read?')), 'granular scopes are of version 2');
});

test('each type with granular scopes has the parameter that they narrow by', () => {
  const definitions = loadDefinitions();
  for (const { type } of categoryScopes)
    assert.equal(definitions.searchParam(type, 'category')?.type, 'token', type);
  assert.ok(narrowingParams.has('category'));
});

test('a granular scope narrows its type, and only for what its suffix says', () => {
  const filter = [{ param: 'category', codes: [`${observation}|laboratory`] }];
  assert.deepEqual(permissionsOf(laboratory).get('Observation'), { read: [filter], search: [filter] });
  assert.deepEqual(permissionsOf(laboratory.replace('.rs', '.r')).get('Observation'), {
    read: [filter],
    search: [],
  });
  assert.deepEqual(
    permissionsOf(laboratory.replace('.rs', '.s').replace('patient', 'user')).get('Observation'),
    {
      read: [],
      search: [filter],
    },
  );
  assert.equal(permissionsOf(laboratory).has('Condition'), false);
  for (const unknown of [
    laboratory.replace('.rs', '.read'),
    `${laboratory}x`,
    laboratory.replace('Observation', 'Condition'),
    laboratory.replace('category=', 'code='),
    'patient/Observation.rs?',
    'patient/Observation.rs?category=laboratory',
  ])
    assert.equal(permissionsOf(unknown).size, 0, unknown);
});

test('granular scopes add up, and the whole type beside them is the whole type', () => {
  const vitals = laboratory.replace('laboratory', 'vital-signs');
  assert.deepEqual(
    permissionsOf(`${laboratory} ${vitals} ${laboratory.replace('patient', 'user')}`).get('Observation')
      ?.read,
    [[{ param: 'category', codes: [`${observation}|laboratory`, `${observation}|vital-signs`] }]],
  );
  assert.deepEqual(permissionsOf(`${laboratory} patient/Observation.r`).get('Observation'), {
    read: [[]],
    search: [[{ param: 'category', codes: [`${observation}|laboratory`] }]],
  });
});
