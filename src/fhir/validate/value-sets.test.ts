// Whether a value set holds a code: what is listed, what is not at hand, and the form of licensed codes.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { profileLibrary } from '../definitions/load-profiles.ts';
import { checkedByForm, hasForm } from './code-formats.ts';
import { type Membership, valueSetChecks } from './value-sets.ts';

const cpt = 'http://www.ama-assn.org/go/cpt';
const checks = valueSetChecks(
  profileLibrary([
    {
      name: 'made',
      version: '1',
      profiles: [],
      invariants: [],
      codeSystems: { 'http://s': ['a', 'b', 'c'] },
      valueSets: {
        'http://v/listed|1': { include: [{ system: 'http://s', codes: ['a'] }] },
        'http://v/whole|1': { include: [{ system: 'http://s' }] },
        'http://v/some|1': { include: [{ system: 'http://s', some: true }] },
        'http://v/licensed|1': { include: [{ system: cpt }, { system: 'http://s', codes: ['a'] }] },
        'http://v/nested|1': { include: [{ valueSets: ['http://v/listed|1'] }] },
        'http://v/both|1': { include: [{ system: 'http://s', valueSets: ['http://v/listed'] }] },
        'http://v/except|1': {
          include: [{ system: 'http://s' }],
          exclude: [{ system: 'http://s', codes: ['b'] }],
        },
        'http://v/circle|1': { include: [{ valueSets: ['http://v/circle|1'] }] },
      },
    },
  ]),
);

const cases: [valueSet: string, system: string | undefined, code: string, Membership][] = [
  ['listed', 'http://s', 'a', 'in'],
  ['listed', 'http://s', 'b', 'out'],
  ['listed', 'http://t', 'a', 'out'],
  ['listed', '', 'a', 'out'],
  ['listed', undefined, 'a', 'in'],
  ['whole', 'http://s', 'c', 'in'],
  ['whole', 'http://s', 'd', 'out'],
  ['some', 'http://s', 'a', 'unknown'],
  ['licensed', cpt, '99213', 'unknown'],
  ['licensed', cpt, 'office visit', 'malformed'],
  ['licensed', 'http://s', 'a', 'in'],
  ['licensed', 'http://s', 'b', 'out'],
  ['nested', 'http://s', 'a', 'in'],
  ['nested', 'http://s', 'b', 'out'],
  ['both', 'http://s', 'a', 'in'],
  ['both', 'http://s', 'c', 'out'],
  ['except', 'http://s', 'a', 'in'],
  ['except', 'http://s', 'b', 'out'],
  ['absent', 'http://s', 'a', 'unknown'],
  ['absent', cpt, 'x', 'malformed'],
  ['circle', 'http://s', 'a', 'unknown'],
];

describe('value sets', () => {
  for (const [valueSet, system, code, expected] of cases)
    test(`${valueSet}: ${system ?? 'a code'} ${code} is ${expected}`, () => {
      assert.equal(checks(`http://v/${valueSet}|1`)({ system, code }), expected);
    });
});

test('the forms of licensed codes take real codes and no words', () => {
  const real: Record<string, string[]> = {
    [cpt]: ['99213', '0001A', '3008F', '25'],
    'https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets': ['J1100', 'G0008', 'TC'],
    'http://www.ada.org/cdt': ['D0120'],
    'https://www.nubc.org/CodeSystem/RevenueCodes': ['0450'],
    'https://www.nubc.org/CodeSystem/TypeOfBill': ['0111', '131'],
    'https://x12.org/codes/claim-adjustment-reason-codes': ['45', 'A1', 'P14'],
    'https://x12.org/codes/remittance-advice-remark-codes': ['N130', 'MA01', 'M15'],
    'http://hl7.org/fhir/sid/ndc': ['00093505698', '0093-5056-98', '54868-6348-0'],
    'http://nucc.org/provider-taxonomy': ['207Q00000X'],
    'http://loinc.org': ['2339-0', '85354-9', 'LA6576-8'],
    'http://snomed.info/sct': ['44054006'],
    'http://hl7.org/fhir/sid/icd-10-cm': ['E11.9', 'J45909', 'Z00.00', 'S52.501A'],
    'http://www.cms.gov/Medicare/Coding/ICD10': ['0DB68ZX'],
  };
  for (const [system, codes] of Object.entries(real))
    for (const code of codes) assert.equal(hasForm(system, code), true, `${system} ${code}`);
  for (const system of checkedByForm()) assert.equal(hasForm(system, 'not a code'), false, system);
  assert.equal(hasForm('http://unheard-of', 'x'), undefined);
});
