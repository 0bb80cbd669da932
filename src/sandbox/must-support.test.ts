// That between them the personas of each line fill every must-support element of the newest version of every guide, and that
// everything in a record has its Provenance.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { reasonNotHeld } from '../../conformance/deviations.ts';
import { loadProfiles } from '../fhir/definitions/load-profiles.ts';
import { loadStructure } from '../fhir/definitions/r4-structure.ts';
import { openValidator, type Validator } from '../fhir/validate/validate-resource.ts';
import type { Resource } from './generate/building.ts';
import { generateLine } from './generate.ts';
import { personas, type SandboxLine } from './personas.ts';

const options = { today: '2026-11-01' };
const lines = ['cco', 'advantage'] as const;
const records = new Map(lines.map((line) => [line, [...generateLine(line, options)]]));
const nameOf = (resource: Resource) => `${resource.resourceType}/${resource.id}`;
const profilesOf = (resource: Resource) =>
  (resource['meta'] as { profile?: readonly string[] } | undefined)?.profile ?? [];

/** One version of each guide, and beside it the older formulary that the plan serves as well. */
const guides = [
  'hl7.fhir.us.core-6.1.0',
  'hl7.fhir.us.carin-bb-2.1.0',
  'hl7.fhir.us.davinci-pdex-2.1.0',
  'hl7.fhir.us.davinci-pdex-plan-net-1.2.0',
  'hl7.fhir.us.davinci-drug-formulary-2.0.1',
  'hl7.fhir.us.davinci-drug-formulary-1.1.0',
];

/** Of the exchange between plans, and of the registry through which they find each other. */
const betweenPlans = /\/(mtls-\w+|pdex-member-(no-)?match-group)\|/;

const people = ['Organization', 'Patient', 'Practitioner', 'RelatedPerson'];
/** Types that a reference must support, as the guides mark them. */
const targets: readonly (readonly [profile: string, path: string, types: readonly string[]])[] = [
  ['us-core-careteam', 'participant.member', ['Practitioner', 'PractitionerRole', 'RelatedPerson']],
  ['us-core-diagnosticreport-lab', 'performer', ['Practitioner', 'Organization']],
  ['us-core-diagnosticreport-note', 'performer', ['Practitioner', 'Organization']],
  ['us-core-encounter', 'reasonReference', ['Condition']],
  ['us-core-medicationdispense', 'performer.actor', ['Practitioner', 'Organization']],
  ['us-core-medicationrequest', 'reportedReference', ['Practitioner']],
  ['us-core-observation-screening-assessment', 'derivedFrom', ['Observation', 'QuestionnaireResponse']],
  ['us-core-observation-screening-assessment', 'performer', [...people, 'PractitionerRole', 'CareTeam']],
  ['us-core-simple-observation', 'performer', [...people, 'PractitionerRole', 'CareTeam']],
  ['us-core-questionnaireresponse', 'author', ['Practitioner']],
  ['us-core-provenance', 'agent.who', ['Organization', 'Practitioner']],
  ...['Inpatient-Institutional', 'Outpatient-Institutional', 'Professional-NonClinician', 'Oral', 'Pharmacy']
    .map((kind) => `C4BB-ExplanationOfBenefit-${kind}`)
    .flatMap(
      (profile) =>
        [
          [profile, 'payee.party', people],
          [profile, 'careTeam.provider', ['Organization', 'Practitioner']],
          [
            profile,
            'provider',
            profile.includes('Inst') ? ['Organization'] : ['Organization', 'Practitioner'],
          ],
        ] as const,
    ),
  ['pdex-priorauthorization', 'enterer', ['Practitioner', 'PractitionerRole']],
  ['pdex-priorauthorization', 'provider', ['Organization', 'Practitioner', 'PractitionerRole']],
  ['pdex-priorauthorization', 'careTeam.provider', ['Organization', 'Practitioner', 'PractitionerRole']],
];

let validator: Validator;
before(async () => {
  validator = await openValidator(loadProfiles(), loadStructure());
});

/** The newest version of a profile counts for any version that a resource declares, but of the formulary, which uses its canonicals twice. */
function countsFor(canonical: string, declared: readonly string[]): boolean {
  const [url, version] = canonical.split('|') as [string, string];
  return declared.some((one) => {
    const [declaredUrl, declaredVersion] = one.split('|');
    if (declaredUrl !== url) return false;
    return url.includes('drug-formulary') ? (declaredVersion ?? '1.1.0') === version : true;
  });
}

for (const line of lines)
  describe(`must support in the sandbox of ${line}`, () => {
    test('has every element of every profile', () => {
      const canonicals = validator.library.profiles
        .filter(({ guide, facts }) => guides.includes(guide) && facts.type !== 'Extension')
        .map(({ canonical }) => canonical)
        .filter((canonical) => !betweenPlans.test(canonical) && reasonNotHeld(canonical) === undefined);
      const coverage = validator.coverage();
      for (const resource of records.get(line)!) {
        const declared = profilesOf(resource);
        coverage.add(
          resource,
          canonicals.filter((canonical) => countsFor(canonical, declared)),
        );
      }
      const report = coverage.report(canonicals);
      assert.ok(report.length > 60);
      assert.deepEqual(
        report.flatMap(({ profile, missing }) =>
          missing
            .filter((element) => reasonNotHeld(profile, element) === undefined)
            .map((element) => `${profile} ${element}`),
        ),
        [],
      );
    });

    for (const [profile, path, types] of targets)
      test(`refers from ${profile} ${path} to ${types.join(', ')}`, () => {
        const found = new Set<string>();
        for (const resource of records.get(line)!) {
          if (!profilesOf(resource).some((one) => one.split('|')[0]!.endsWith(`/${profile}`))) continue;
          let values: unknown[] = [resource];
          for (const name of path.split('.'))
            values = values.flatMap((value) => (value as Record<string, unknown>)[name] ?? []);
          for (const value of values) found.add((value as { reference: string }).reference.split('/')[0]!);
        }
        assert.deepEqual(
          types.filter((type) => !found.has(type)),
          [],
        );
      });

    test('has Provenance of everything in a record, from an author and a transmitter', () => {
      const targets = new Set<string>();
      for (const resource of records.get(line)!) {
        if (resource.resourceType !== 'Provenance') continue;
        for (const { reference } of resource['target'] as { reference: string }[]) targets.add(reference);
        const agents = JSON.stringify(resource['agent']);
        assert.match(agents, /"author"/);
        assert.match(agents, /"transmitter"/);
      }
      const without = membersOf(line).flatMap((own) =>
        own
          .filter(({ resourceType }) => resourceType !== 'Provenance' && resourceType !== 'Medication')
          .map(nameOf)
          .filter((name) => !targets.has(name)),
      );
      assert.deepEqual(without, []);
    });

    test('says what is unknown: by the extension, by a code, by dataAbsentReason', () => {
      const text = JSON.stringify(records.get(line));
      assert.match(text, /StructureDefinition\/data-absent-reason","valueCode":"unknown"/);
      assert.match(text, /CodeSystem\/data-absent-reason","code":"unknown"/);
    });

    test('has the clinical notes of US Core, reports with the same attachment in a document', () => {
      const codes = (resource: Resource, element: string) =>
        [resource[element]].flat().flatMap((one) => (one as { coding: { code: string }[] }).coding ?? []);
      const all = records.get(line)!;
      const documents = all.filter(({ resourceType }) => resourceType === 'DocumentReference');
      const types = new Set(documents.flatMap((one) => codes(one, 'type').map(({ code }) => code)));
      for (const type of [
        ...['11488-4', '18842-5', '34117-2', '28570-0', '11506-3', '18748-4', '11502-2', '11526-1'],
        ...['11504-8', '34111-5'],
      ])
        assert.ok(types.has(type), type);
      const attachments = new Set(
        documents.flatMap((one) =>
          (one['content'] as { attachment: object }[]).map(({ attachment }) => JSON.stringify(attachment)),
        ),
      );
      const categories = new Set<string>();
      for (const report of all.filter(({ resourceType }) => resourceType === 'DiagnosticReport')) {
        for (const { code } of codes(report, 'category')) categories.add(code);
        for (const form of (report['presentedForm'] as object[] | undefined) ?? [])
          assert.ok(attachments.has(JSON.stringify(form)), nameOf(report));
      }
      for (const category of ['LP29708-2', 'LP7839-6', 'LP29684-5', 'LAB'])
        assert.ok(categories.has(category));
    });
  });

/** The records of those that have more than the Patient. */
function membersOf(line: SandboxLine): Resource[][] {
  return personas.flatMap((persona) => {
    const patient = persona.patient[line];
    if (patient === undefined || persona.features.includes('patient-only')) return [];
    return [records.get(line)!.filter(({ id }) => id === patient || id.startsWith(`${patient}-`))];
  });
}
