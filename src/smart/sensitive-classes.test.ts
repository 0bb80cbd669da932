import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sensitiveClasses, sensitiveClassesOf } from './sensitive-classes.ts';
import { labelSensitive, usualSensitiveCodes } from './sensitive-codes.ts';

const act = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const confidentiality = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';

/** InformationSensitivityPolicy of R4, its groups left out. */
const sensitivityPolicy =
  'ETH GDIS HIV MST SCA SDV SEX SPI BH COGN DVD EMOTDIS MH PSY PSYTHPN SUD ETHUD OPIOIDUD STD TBOO VIO SICKLE DEMO DOB GENDER LIVARG MARST RACE REL B EMPL LOCIS SSP ADOL CEL DIA DRGIS EMP PDS PHY PRS';

const classesOf = (...security: object[]) => sensitiveClassesOf({ meta: { security } });

test('every code of HL7’s InformationSensitivityPolicy is of one class, as are Confidentiality R and V', () => {
  for (const code of sensitivityPolicy.split(' '))
    assert.equal(classesOf({ system: act, code }).length, 1, code);
  for (const code of ['R', 'V'])
    assert.deepEqual(classesOf({ system: confidentiality, code }), ['restricted']);
  for (const code of ['N', 'L', 'M', 'U']) assert.deepEqual(classesOf({ system: confidentiality, code }), []);
  assert.deepEqual(
    classesOf({ system: act, code: 'HTEST' }, { system: 'http://example.org', code: 'HIV' }),
    [],
  );
  const labels = sensitiveClasses.flatMap((one) => one.labels);
  assert.equal(new Set(labels).size, labels.length);
});

test('confidentiality R beside another label says nothing further; V does', () => {
  const psychiatry = { system: act, code: 'PSY' };
  assert.deepEqual(classesOf(psychiatry, { system: confidentiality, code: 'R' }), ['behavioral-health']);
  assert.deepEqual(classesOf({ system: confidentiality, code: 'V' }, psychiatry), [
    'behavioral-health',
    'restricted',
  ]);
  assert.deepEqual(classesOf({ system: act, code: 'HIV' }, { system: act, code: 'ETH' }), [
    'substance-use',
    'hiv',
  ]);
});

test('labels of older names, without a system and of what is contained count', () => {
  assert.deepEqual(classesOf({ system: 'http://hl7.org/fhir/v3/ActCode', code: 'HIV' }), ['hiv']);
  assert.deepEqual(classesOf({ system: 'urn:oid:2.16.840.1.113883.5.25', code: 'V' }), ['restricted']);
  assert.deepEqual(classesOf({ code: 'HIV' }), ['hiv']);
  assert.deepEqual(
    sensitiveClassesOf({ contained: [{ meta: { security: [{ system: act, code: 'SUD' }] } }] }),
    ['substance-use'],
  );
  for (const odd of [
    {},
    { meta: null },
    { meta: { security: 'HIV' } },
    { meta: { security: [null, 'x', {}] } },
  ])
    assert.deepEqual(sensitiveClassesOf(odd), []);
});

test('the usual code list labels diagnoses, with and without their dot', () => {
  const label = labelSensitive();
  const of = (code: string, system = 'http://hl7.org/fhir/sid/icd-10-cm') =>
    sensitiveClassesOf(
      label({ resourceType: 'ExplanationOfBenefit', diagnosis: [{ code: { coding: [{ system, code }] } }] }),
    );
  for (const [code, classes] of [
    ['F10', ['substance-use']],
    ['F11.10', ['substance-use']],
    ['F1910', ['substance-use']],
    ['F20', ['behavioral-health']],
    ['f32.9', ['behavioral-health']],
    ['F99', ['behavioral-health']],
    ['F03.90', []],
    ['B20', ['hiv']],
    ['Z21', ['hiv']],
    ['B18.2', []],
    ['O00.1', ['reproductive-health']],
    ['O9A.2', ['reproductive-health']],
    ['O98.71', ['reproductive-health', 'hiv']],
    ['O99.320', ['substance-use', 'reproductive-health']],
    ['Z30.9', ['reproductive-health']],
    ['Z39.0', ['reproductive-health']],
    ['Z40', []],
    ['T74.11XA', ['restricted']],
    ['E11.9', []],
    ['', []],
  ] as const)
    assert.deepEqual(of(code), classes, code);
  assert.deepEqual(of('F32.9', 'urn:oid:2.16.840.1.113883.6.90'), ['behavioral-health']);
  assert.deepEqual(of('F32.9', 'http://example.org'), []);
});

test('labels are added to those there are, once, and to no Patient and nothing that is nobody’s', () => {
  const label = labelSensitive();
  const code = { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'F32.9' }] };
  const condition = {
    resourceType: 'Condition',
    meta: { profile: ['x'], security: [{ system: act, code: 'HIV' }] },
    code,
  };
  const labelled = label(condition);
  assert.deepEqual(labelled.meta, {
    profile: ['x'],
    security: [
      { system: act, code: 'HIV' },
      { system: act, code: 'BH', display: 'behavioral health information sensitivity' },
    ],
  });
  assert.deepEqual(label(labelled), labelled);
  const already = { ...condition, meta: { security: [{ system: act, code: 'PSY' }] } };
  assert.equal(label(already), already);
  for (const resourceType of ['Patient', 'Practitioner', 'Basic', 'Nonsense']) {
    const other = { resourceType, code };
    assert.equal(label(other), other);
  }
});

test('a plan’s own list takes the place of the usual one; a class that is none is refused by its name', () => {
  const drug = { system: 'http://hl7.org/fhir/sid/ndc', code: '00054018913' };
  const label = labelSensitive([{ class: 'substance-use', system: drug.system, codes: [drug.code] }]);
  const claim = { resourceType: 'ExplanationOfBenefit', item: [{ productOrService: { coding: [drug] } }] };
  assert.deepEqual(sensitiveClassesOf(label(claim)), ['substance-use']);
  assert.deepEqual(sensitiveClassesOf(labelSensitive()(claim)), []);
  assert.deepEqual(sensitiveClassesOf(labelSensitive([])(claim)), []);
  assert.throws(
    () => labelSensitive([{ ...usualSensitiveCodes[0]!, class: 'gossip' }]),
    /sensitive_codes: class 'gossip'/,
  );
});

test('what a code list adds takes no class away, and is added once', () => {
  const label = labelSensitive();
  const claim = (codes: readonly string[], security: readonly object[] = []) => ({
    resourceType: 'ExplanationOfBenefit',
    meta: { security },
    diagnosis: codes.map((code) => ({
      code: { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code }] },
    })),
  });
  const abused = label(claim(['T74.11XA', 'F43.1']));
  assert.deepEqual(sensitiveClassesOf(abused), ['behavioral-health', 'restricted']);
  assert.equal(label(abused), abused);
  const restricted = label(claim(['F43.1'], [{ system: confidentiality, code: 'R' }]));
  assert.deepEqual(sensitiveClassesOf(restricted), ['behavioral-health', 'restricted']);
  assert.equal(label(restricted), restricted);
});

test('a plan’s list may name a system by its OID; a prefix of nothing is refused', () => {
  const system = 'urn:oid:2.16.840.1.113883.6.90';
  const label = labelSensitive([{ class: 'hiv', system, codes: ['B20'] }]);
  for (const named of [system, 'http://hl7.org/fhir/sid/icd-10-cm'])
    assert.deepEqual(
      sensitiveClassesOf(
        label({ resourceType: 'Condition', code: { coding: [{ system: named, code: 'b20' }] } }),
      ),
      ['hiv'],
    );
  assert.throws(
    () => labelSensitive([{ class: 'hiv', system, prefixes: ['.'] }]),
    /sensitive_codes: prefix '\.'/,
  );
});
