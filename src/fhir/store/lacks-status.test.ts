// US Core's missing data, and R4's invariants that let a status be absent (ait-2, con-3, con-4, con-5).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusElements } from '../definitions/status-elements.ts';
import { lacksStatus } from './lacks-status.ts';

const terminology = 'http://terminology.hl7.org/CodeSystem';
const concept = (system: string, code: string) => ({
  coding: [{ system: `${terminology}/${system}`, code }],
});
const unknown = {
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
};
const allergy = { resourceType: 'AllergyIntolerance', id: 'a' };
const condition = { resourceType: 'Condition', id: 'c' };
const problem = { ...condition, category: [concept('condition-category', 'problem-list-item')] };
const diagnosis = { ...condition, category: [concept('condition-category', 'encounter-diagnosis')] };
const wrongAllergy = concept('allergyintolerance-verification', 'entered-in-error');
const wrongCondition = concept('condition-ver-status', 'entered-in-error');

const cases: [title: string, resource: Record<string, unknown>, lacks: boolean][] = [
  ['an Immunization without', { resourceType: 'Immunization' }, true],
  ['an Immunization with', { resourceType: 'Immunization', status: 'completed' }, false],
  ['an Immunization with an empty status', { resourceType: 'Immunization', status: '' }, true],
  ['an Immunization with a reason only', { resourceType: 'Immunization', _status: unknown }, true],
  ['a DocumentReference without', { resourceType: 'DocumentReference', docStatus: 'final' }, true],
  ['a DocumentReference with', { resourceType: 'DocumentReference', status: 'current' }, false],
  ['a Goal without', { resourceType: 'Goal', achievementStatus: concept('goal-achievement', 'x') }, true],
  ['a Goal with', { resourceType: 'Goal', lifecycleStatus: 'active' }, false],
  ['an allergy without', allergy, true],
  [
    'an allergy with',
    { ...allergy, clinicalStatus: concept('allergyintolerance-clinical', 'active') },
    false,
  ],
  ['an allergy with a reason only', { ...allergy, clinicalStatus: unknown }, true],
  ['an allergy with a text only', { ...allergy, clinicalStatus: { text: 'active' } }, true],
  [
    'an allergy with a coding without a code',
    { ...allergy, clinicalStatus: { coding: [{ display: 'Active' }] } },
    true,
  ],
  [
    'an allergy with a reason as its code',
    { ...allergy, clinicalStatus: concept('data-absent-reason', 'unknown') },
    true,
  ],
  ['an allergy entered in error (ait-2)', { ...allergy, verificationStatus: wrongAllergy }, false],
  ['an allergy in error of another system', { ...allergy, verificationStatus: wrongCondition }, true],
  ['a problem without', problem, true],
  ['a problem with', { ...problem, clinicalStatus: concept('condition-clinical', 'active') }, false],
  ['a problem entered in error (con-5)', { ...problem, verificationStatus: wrongCondition }, false],
  [
    'a problem that is a diagnosis too',
    { ...condition, category: [diagnosis.category[0], problem.category[0]] },
    true,
  ],
  ['a diagnosis without (con-3)', diagnosis, false],
  ['a Condition without a category', condition, false],
  ['a diagnosis that has abated (con-4)', { ...diagnosis, abatementDateTime: '2024' }, true],
  [
    'an abated diagnosis entered in error',
    { ...diagnosis, abatementString: 'x', verificationStatus: wrongCondition },
    false,
  ],
  ['an Observation without', { resourceType: 'Observation' }, false],
];

for (const [title, resource, lacks] of cases)
  test(`${title} ${lacks ? 'lacks its status' : 'lacks none'}`, () => {
    assert.equal(lacksStatus(statusElements, { resourceType: '', id: 'x', ...resource }), lacks);
  });

test('what is no resource that can be read is no error', () => {
  for (const value of [null, 1, [], [null], { coding: 'x' }, { coding: [null, 'x'] }])
    assert.equal(
      lacksStatus(statusElements, {
        ...problem,
        clinicalStatus: value,
        verificationStatus: value,
        category: [...problem.category, value],
      }),
      true,
    );
});
