// What the HL7 validator said of the Inferno server's records, as it is recorded, against what this one says of them, where
// both are beside the project. The recorded run was of the same data under other ids, so kinds are compared: which element,
// which value set or rule.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { loadProfiles, ownProfiles } from '../../src/fhir/definitions/load-profiles.ts';
import { loadStructure } from '../../src/fhir/definitions/r4-structure.ts';
import { structureCheck } from '../../src/fhir/validate/check-structure.ts';
import type { Json } from '../../src/fhir/validate/occurrences.ts';
import { declaredProfiles, openValidator } from '../../src/fhir/validate/validate-resource.ts';

const data = fileURLToPath(new URL('../../../shared/data', import.meta.url));
const skip = existsSync(join(data, 'validator-oracle'))
  ? false
  : 'the recorded messages are not beside the project';
const { validate, library, fhirPath } = await openValidator(loadProfiles([ownProfiles]), loadStructure());

/** Recorded messages that are about nothing a profile demands. */
const beside =
  /dom-6|Best Practice|could not be found|could not be resolved|status of inactive|start or finish with whitespace|without an actual reference|has not been checked|UCUM Codes that contain/;

type Reason =
  | 'list not at hand'
  | 'the profile’s own pattern demands the code'
  | 'says why it is absent'
  | 'other data';
/** Kinds that are recorded and not said here. */
const notSaid: Readonly<Record<string, Reason>> = {
  // SNOMED CT, CPT, NUCC, VSAC and IHE's format codes are in no package; the form of the codes is right.
  'CareTeam.participant.role us-core-careteam-provider-roles': 'list not at hand',
  'CareTeam.participant.role 2.16.840.1.113762.1.4.1099.30': 'list not at hand',
  'PractitionerRole.code 2.16.840.1.113762.1.4.1099.30': 'list not at hand',
  'AllergyIntolerance.code 2.16.840.1.113762.1.4.1186.8': 'list not at hand',
  'Immunization.vaccineCode 2.16.840.1.113762.1.4.1010.6': 'list not at hand',
  'Medication.code 2.16.840.1.113762.1.4.1010.4': 'list not at hand',
  'MedicationDispense.medication 2.16.840.1.113762.1.4.1010.4': 'list not at hand',
  'MedicationRequest.medication 2.16.840.1.113762.1.4.1010.4': 'list not at hand',
  'Condition.code us-core-condition-code': 'list not at hand',
  'Encounter.type us-core-encounter-type': 'list not at hand',
  'Procedure.code us-core-procedure-code': 'list not at hand',
  'DocumentReference.content.format IHE.FormatCode.codesystem#urn:ihe:iti:xds:2017:mimeTypeSufficient':
    'list not at hand',
  'DocumentReference.content.format formatcode#urn:ihe:iti:xds-sd:pdf:2008': 'list not at hand',
  'Observation.code observation-vitalsignresult': 'the profile’s own pattern demands the code',
  'Observation.component.code observation-vitalsignresult': 'the profile’s own pattern demands the code',
  'Observation.component.value min': 'the profile’s own pattern demands the code',
  'Condition.category us-core-condition-category': 'says why it is absent',
  'Condition.category condition-category': 'other data',
  'DocumentReference.category us-core-documentreference-category': 'other data',
  'Coverage.identifier.type identifier-type': 'other data',
};

/** Errors here, of resources that the recorded run did not have or that were found right. */
const wrong: Readonly<Record<string, string>> = {
  'Patient/908 Patient.gender min': 'the record has none',
  'Patient/908 Patient.extension[0].value type': 'us-core-sex of a later US Core has a Coding',
  'Observation/405f9fe5-4ca1-4beb-a946-60774e6878cf Observation.value binding':
    'the value set that bounds the binding has SNOMED CT only, and the value is "unknown" of another system',
  'Observation/usqualitycore-us-core-smokingstatus Observation.issued min':
    '3.1.1 wants it, and the record is of 6.1.0',
};

interface Recorded {
  readonly test_id?: string;
  readonly messages?: readonly { readonly type: string; readonly message: string }[];
}

function recordedKinds(file: string): Set<string> {
  const kinds = new Set<string>();
  for (const { test_id, messages = [] } of JSON.parse(
    gunzipSync(readFileSync(file)).toString(),
  ) as Recorded[]) {
    if (test_id?.endsWith('_validation_test') !== true) continue;
    for (const { type, message } of messages) {
      assert.notEqual(type, 'error', message);
      const [, path = '', text = ''] = /^\S+: (\S+?): (.*)$/s.exec(message) ?? [];
      if (type !== 'warning' || beside.test(text)) continue;
      const about = /Constraint failed: (\S+):/.exec(text)?.[1] ?? /\((http[^|)]*)/.exec(text)?.[1] ?? text;
      kinds.add(`${path.replaceAll(/\.ofType\(\w+\)|\[\d+\]/g, '')} ${about.replace(/.*\//, '')}`);
    }
  }
  return kinds;
}

const resources = (): Json[] =>
  globSync(join(data, 'inferno/*.ndjson')).flatMap((file) =>
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Json),
  );

describe('the recorded messages of the HL7 validator', { skip }, () => {
  for (const [version, file] of [
    ['3.1.1', 'us_core_311_expected.json.gz'],
    ['6.1.0', 'us_core_610_expected.json.gz'],
  ] as const)
    test(`of US Core ${version} agree with what is said here`, () => {
      const check = structureCheck();
      const said = new Set<string>();
      const errors = new Set<string>();
      let judged = 0;
      for (const resource of resources()) {
        if (check(resource).some(({ severity }) => severity === 'error')) continue;
        const { meta: _, ...bare } = resource;
        for (const canonical of declaredProfiles(resource)) {
          const profile = `${canonical.replace(/\|.*/, '')}|${version}`;
          if (!profile.includes('/us/core/') || library.find(profile).length === 0) continue;
          judged++;
          for (const { problems } of validate(bare, { profiles: [profile] }))
            for (const { severity, rule, path, text } of problems) {
              const place = fhirPath(path);
              const about = /http[^|\s]*/.exec(text)?.[0] ?? / the rule (\S+)/.exec(text)?.[1] ?? text;
              if (severity === 'error')
                errors.add(`${resource['resourceType']}/${resource['id']} ${place} ${rule}`);
              else said.add(`${place.replaceAll(/\[\d+\]/g, '')} ${about.replace(/.*\//, '')}`);
            }
        }
      }
      assert.ok(judged > 700, String(judged));
      const missed = [...recordedKinds(join(data, 'validator-oracle', file))].filter(
        (kind) => !said.has(kind) && notSaid[kind] === undefined,
      );
      assert.deepEqual(missed.sort(), []);
      assert.deepEqual(
        [...errors].filter((error) => wrong[error] === undefined),
        [],
      );
    });
});
