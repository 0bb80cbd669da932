// The granular scopes: one category of a type instead of the whole, as US Core names them
// (https://hl7.org/fhir/us/core/STU7/scopes.html; those of Condition, and of Observation as far as sdoh, it demands of a server).
// https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#finer-grained-resource-constraints-using-search-parameters
import type { TypeRule } from './data-classes.ts';

export interface CategoryScope {
  readonly type: string;
  /** `system|code` of the search parameter `category`. */
  readonly category: string;
  /** Short name and one sentence, for consent. */
  readonly title: string;
  readonly explains: string;
}

const conditionCategory = 'http://terminology.hl7.org/CodeSystem/condition-category';
const observationCategory = 'http://terminology.hl7.org/CodeSystem/observation-category';
const usCoreCategory = 'http://hl7.org/fhir/us/core/CodeSystem/us-core-category';

type Row = readonly [category: string, title: string, explains: string];

const rows: Readonly<Record<string, readonly Row[]>> = {
  Condition: [
    [`${conditionCategory}|encounter-diagnosis`, 'Diagnoses of visits', 'What was diagnosed at a visit.'],
    [`${conditionCategory}|problem-list-item`, 'Problem list', 'Health problems that are kept track of.'],
    [
      'http://hl7.org/fhir/us/core/CodeSystem/condition-category|health-concern',
      'Health concerns',
      'What you or those who care for you worry about.',
    ],
  ],
  Observation: [
    [`${observationCategory}|laboratory`, 'Laboratory results', 'Values that a laboratory measured.'],
    [
      `${observationCategory}|vital-signs`,
      'Vital signs',
      'Height, weight, blood pressure and similar measurements.',
    ],
    [`${observationCategory}|social-history`, 'Social history', 'Smoking, occupation and ways of life.'],
    [`${observationCategory}|survey`, 'Questionnaires', 'Answers to screenings and questionnaires.'],
    [
      `${usCoreCategory}|sdoh`,
      'Living conditions',
      'Food, housing, transport and other needs of daily life.',
    ],
    [`${usCoreCategory}|functional-status`, 'Abilities', 'What you can do on your own.'],
    [`${usCoreCategory}|disability-status`, 'Disabilities', 'Disabilities that were assessed.'],
    [`${usCoreCategory}|cognitive-status`, 'Memory and thinking', 'Assessments of memory and thinking.'],
    [
      `${usCoreCategory}|treatment-intervention-preference`,
      'Wishes about treatment',
      'What you want done, or not done, in grave illness.',
    ],
    [`${usCoreCategory}|care-experience-preference`, 'Wishes about care', 'How you want to be cared for.'],
    [`${observationCategory}|activity`, 'Activity', 'Exercise and other activity.'],
    [`${observationCategory}|imaging`, 'Findings of imaging', 'Measurements made on images.'],
    [`${observationCategory}|procedure`, 'Findings of procedures', 'What was measured during a procedure.'],
  ],
  DiagnosticReport: [
    [
      'http://terminology.hl7.org/CodeSystem/v2-0074|LAB',
      'Laboratory reports',
      'Reports of laboratories about your samples.',
    ],
    ['http://loinc.org|LP29684-5', 'Imaging reports', 'Reports about X-rays and other images.'],
    ['http://loinc.org|LP29708-2', 'Heart reports', 'Reports about examinations of the heart.'],
    ['http://loinc.org|LP7839-6', 'Pathology reports', 'Reports about tissue that was examined.'],
  ],
  DocumentReference: [
    [
      'http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category|clinical-note',
      'Clinical notes',
      'Notes that doctors and nurses wrote about you.',
    ],
  ],
  ServiceRequest: [
    ['http://snomed.info/sct|108252007', 'Orders of laboratory tests', 'Laboratory tests that were ordered.'],
    ['http://snomed.info/sct|363679005', 'Orders of imaging', 'Images that were ordered.'],
    ['http://snomed.info/sct|387713003', 'Orders of operations', 'Operations that were ordered.'],
    ['http://snomed.info/sct|409063005', 'Orders of counselling', 'Counselling that was ordered.'],
    ['http://snomed.info/sct|409073007', 'Orders of education', 'Teaching that was ordered.'],
    [
      `${usCoreCategory}|sdoh`,
      'Help with living conditions',
      'Help that was ordered for needs of daily life.',
    ],
    [
      `${usCoreCategory}|functional-status`,
      'Orders about abilities',
      'Help that was ordered for daily tasks.',
    ],
    [
      `${usCoreCategory}|disability-status`,
      'Orders about disabilities',
      'Help that was ordered for disabilities.',
    ],
    [
      `${usCoreCategory}|cognitive-status`,
      'Orders about memory and thinking',
      'Help that was ordered for memory and thinking.',
    ],
  ],
};

export const categoryScopes: readonly CategoryScope[] = Object.entries(rows).flatMap(([type, ofType]) =>
  ofType.map(([category, title, explains]) => ({ type, category, title, explains })),
);

const byEnding = new Map(categoryScopes.map((one) => [`${one.type} ${one.category}`, one]));

/** What a scope such as `patient/Observation.rs?category=…|laboratory` is about; undefined for all other scopes. */
export function categoryScopeOf(scope: string): CategoryScope | undefined {
  const [, type, category] = /^(?:patient|user)\/([A-Za-z]+)\.(?:rs|r|s)\?category=(.+)$/.exec(scope) ?? [];
  return byEnding.get(`${type} ${category}`);
}

export function categoryRule({ type, category }: CategoryScope): TypeRule {
  return { type, filters: [{ param: 'category', codes: [category] }] };
}
