// Holds the generated records of members to what the claims and prior authorizations of a plan are, and their codes to the
// code systems in the guides' packages, where these are at hand.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { displaysIn, type Json, objects } from '../../../test/code-displays.ts';
import { personas, type SandboxLine } from '../personas.ts';
import type { Resource } from './building.ts';
import { generateClaims } from './claims.ts';
import { generateClinical } from './clinical.ts';
import { generateFormulary } from './formulary.ts';
import type { MemberContext } from './member-context.ts';
import { generatePatient } from './patient.ts';
import { seededRandom } from './seeded-random.ts';

const today = '2026-11-01';
const lines = ['cco', 'advantage'] as const;

/** What this folder makes of one member: Patient, RelatedPerson, Coverage, ExplanationOfBenefit; and the visits billed. */
function memberOf(line: SandboxLine, key: string): { records: Resource[]; visits: Resource[] } {
  const persona = personas.find((one) => one.key === key)!;
  const patient = persona.patient[line]!;
  const context: MemberContext = { line, persona, patient, today, random: seededRandom(`${line} ${key}`) };
  const own = [...generatePatient(context)];
  if (persona.features.includes('patient-only')) return { records: own, visits: [] };
  const visits = [...generateClinical(context)].filter((one) => one.resourceType === 'Encounter');
  return { records: [...own, ...generateClaims(context, visits)], visits };
}

const members = lines.flatMap((line) =>
  personas
    .filter((persona) => persona.patient[line] !== undefined)
    .map((persona) => ({ line, persona, ...memberOf(line, persona.key) })),
);
const formularies = lines.flatMap((line) => [...generateFormulary(line, today)]);
const everything = [...members.flatMap((member) => member.records), ...formularies];
const nameOf = (resource: Resource) => `${resource.resourceType}/${resource.id}`;
const profilesOf = (resource: Resource) => (resource['meta'] as { profile: string[] }).profile;
const claimsOf = (records: readonly Resource[], use: string) =>
  records.filter((one) => one.resourceType === 'ExplanationOfBenefit' && one['use'] === use);

describe('the claims of the sandbox', () => {
  test('are the same bytes at every run', () => {
    for (const { line, persona, records } of members)
      assert.equal(JSON.stringify(memberOf(line, persona.key).records), JSON.stringify(records));
    assert.equal(
      JSON.stringify(lines.flatMap((line) => [...generateFormulary(line, today)])),
      JSON.stringify(formularies),
    );
  });

  test('come in all five CARIN BB types for a persona that is complete', () => {
    for (const { persona, records } of members) {
      if (!persona.features.includes('complete')) continue;
      for (const [version, also] of [
        ['2.0.0', ''],
        ['2.1.0', ''],
        ['2.1.0', '-Basis'],
      ] as const) {
        const types = claimsOf(records, 'claim').flatMap((claim) =>
          profilesOf(claim).map((profile) => profile.split('Benefit-')[1]!),
        );
        for (const kind of [
          ...['Inpatient-Institutional', 'Outpatient-Institutional', 'Oral', 'Pharmacy'],
          'Professional-NonClinician',
        ])
          assert.ok(types.includes(`${kind}${also}|${version}`), `${kind}${also}|${version}`);
      }
    }
  });

  test('bill every visit exactly once, on its days', () => {
    for (const { visits, records } of members) {
      const billed = claimsOf(records, 'claim').flatMap((claim) =>
        (claim['item'] as { encounter?: { reference: string }[] }[]).flatMap((item) =>
          (item.encounter ?? []).map((encounter) => encounter.reference),
        ),
      );
      assert.deepEqual(billed.sort(), visits.map(nameOf).sort());
    }
  });

  test('number several hundred for a persona with many claims', () => {
    for (const { persona, records } of members)
      if (persona.features.includes('many-claims'))
        assert.ok(claimsOf(records, 'claim').length > 300, persona.key);
  });

  test('settle to sums that agree: allowed is benefit and what the member owes', () => {
    for (const claim of everything.filter((one) => one['use'] === 'claim')) {
      const total = (code: string) =>
        (claim['total'] as { category: { coding: { code: string }[] }; amount: { value: number } }[]).find(
          (one) => one.category.coding[0]!.code === code,
        )!.amount.value;
      const { amount } = claim['payment'] as { amount: { value: number } };
      assert.ok(total('eligible') <= total('submitted') && total('benefit') >= 0, nameOf(claim));
      assert.ok(
        Math.abs(total('benefit') + total('memberliability') - total('eligible')) < 0.005,
        nameOf(claim),
      );
      assert.equal(amount.value, total('benefit'), nameOf(claim));
    }
  });

  test('carry institutional adjudication amounts at the header or at the item, not at both', () => {
    for (const claim of everything.filter((one) => profilesOf(one)[0]!.includes('Institutional'))) {
      const amounts = (of: unknown) =>
        ((of as Json[] | undefined) ?? []).some((one) => one['amount'] !== undefined);
      const items = (claim['item'] as Json[]).some((item) => amounts(item['adjudication']));
      assert.notEqual(amounts(claim['adjudication']), items, nameOf(claim));
    }
  });

  test('give every coding a display', () => {
    for (const resource of everything)
      for (const [name, value] of objects(resource))
        if (name === 'coding' || name.endsWith('Coding'))
          assert.ok(value['display'], `${nameOf(resource)} ${JSON.stringify(value)}`);
  });

  test('refer to nothing but this member and the directory and formulary of the line', () => {
    const shared =
      /^(Organization\/\w+-(payer|hospital-[12]|clinic-[1-3]|pharmacy-1|dental-1|lab-1)|Practitioner\/\w+-prac-[1-9]|Location\/\w+-loc-[1-5]|PractitionerRole\/\w+-role-5)$/;
    for (const { line, persona, records } of members)
      for (const resource of records)
        for (const [, { reference }] of objects(resource)) {
          if (typeof reference !== 'string') continue;
          const id = reference.split('/')[1]!;
          const patient = persona.patient[line]!;
          const own = id === patient || id.startsWith(`${patient}-`);
          assert.ok(
            own || (shared.test(reference) && id.startsWith(`${line}-`)),
            `${nameOf(resource)} → ${reference}`,
          );
        }
  });
});

describe('prior authorizations', () => {
  const outcomes = (key: string, line: SandboxLine) =>
    claimsOf(
      members.find((one) => one.line === line && one.persona.key === key)!.records,
      'preauthorization',
    );

  test('are approved, partly approved, pended, denied and cancelled', () => {
    for (const [key, line] of [
      ['aisha-rahman', 'cco'],
      ['helen-castillo', 'advantage'],
    ] as const)
      assert.deepEqual(
        outcomes(key, line).map((one) => `${one['status']} ${one['outcome']}`),
        ['active complete', 'active partial', 'active queued', 'active complete', 'cancelled complete'],
      );
  });

  test('say in the review action what was decided, and when', () => {
    for (const { line, persona } of members) {
      if (!persona.features.includes('prior-authorizations')) continue;
      const decisions = outcomes(persona.key, line).map((one) => {
        const texts = [one['adjudication'], (one['item'] as Json[])[0]!['adjudication']].map((part) =>
          JSON.stringify(part),
        );
        for (const text of texts) assert.match(text, /base-ext-when-adjudicated","valueDateTime":"2026/);
        const codes = texts.map((text) => /005010\/306","code":"(\w+)"/.exec(text)?.[1]);
        assert.equal(codes[0], codes[1]);
        return codes[0];
      });
      assert.deepEqual(decisions, ['A1', 'A2', 'A4', 'A3', 'C'], persona.key);
    }
  });

  test('say the specific reason of a denial in a code and in words, of a part as of the whole', () => {
    for (const [key, line] of [
      ['aisha-rahman', 'cco'],
      ['george-mbeki', 'advantage'],
    ] as const)
      for (const [position, refused] of [false, true, false, true, false].entries()) {
        const text = JSON.stringify(outcomes(key, line)[position]);
        assert.equal(text.includes('"denialreason"'), refused);
        assert.equal(text.includes('claim-adjustment-reason-codes'), refused);
      }
  });
});

const folder = join(import.meta.dirname, '../../../../shared/ig');
const wanted = [
  ['us/carin-bb/', 'hl7.fhir.us.carin-bb-2.0.0'],
  ['us/carin-bb/', 'hl7.fhir.us.carin-bb-2.1.0'],
  ['us/davinci-pdex/', 'hl7.fhir.us.davinci-pdex-2.0.0'],
  ['us/davinci-pdex/', 'hl7.fhir.us.davinci-pdex-2.1.0'],
  ['us/davinci-drug-formulary/', 'hl7.fhir.us.davinci-drug-formulary-1.1.0'],
  ['us/davinci-drug-formulary/', 'hl7.fhir.us.davinci-drug-formulary-2.0.1'],
] as const;
const absent = existsSync(folder)
  ? wanted.filter(([, name]) => !readdirSync(folder).includes(`${name}.tgz`))
  : wanted;
const skip = absent.length > 0 ? 'the packages of the guides are not beside the project' : false;

describe('the code systems of the guides', { skip }, () => {
  for (const [base, name] of wanted)
    test(`call codes as the records do: ${name}`, () => {
      const displayOf = displaysIn(join(folder, `${name}.tgz`));
      const found = new Set<string>();
      let checked = 0;
      for (const resource of everything) {
        if (!profilesOf(resource).some((profile) => profile.includes(base))) continue;
        for (const [, value] of objects(resource)) {
          const display = displayOf(value);
          if (display === undefined) continue;
          checked++;
          if (display === null) found.add(`no code ${value['system']} ${value['code']}`);
          else if (display !== value['display'])
            found.add(`${value['code']} is called ${display}, not ${value['display']}`);
        }
      }
      assert.ok(checked > 0);
      assert.deepEqual([...found].sort(), []);
    });
});
