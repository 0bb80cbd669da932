// The classes of data that a person understands, and the resources each stands for. Consent shows these;
// `patientapi.<class>.read` grants them; the FHIR side compiles their filters into every query.
// The one table of what a scope may reach: nothing outside it is ever served to a member's app.
// https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html

/** Resources of a type whose token parameter `param` has one of `codes` (`system|code`, of an element that is a code `|code`), or none of them. */
export interface TypeFilter {
  readonly param: string;
  readonly codes: readonly string[];
  readonly exclude?: boolean;
}

export interface TypeRule {
  readonly type: string;
  /** All must hold; none: every resource of the type in the member's record. */
  readonly filters: readonly TypeFilter[];
}

export interface DataClass {
  readonly code: string;
  /** Short name and one sentence, for consent. */
  readonly title: string;
  readonly explains: string;
  readonly rules: readonly TypeRule[];
}

const observationCategory = 'http://terminology.hl7.org/CodeSystem/observation-category';

const all = (type: string): TypeRule => ({ type, filters: [] });
const observations = (...categories: string[]): TypeRule => ({
  type: 'Observation',
  filters: [{ param: 'category', codes: categories.map((code) => `${observationCategory}|${code}`) }],
});
/** `use` is a code and no Coding, so it has no system. */
const authorization = '|preauthorization';

export const dataClasses: readonly DataClass[] = [
  {
    code: 'demographics',
    title: 'Who you are',
    explains: 'Your name, date of birth, address, phone, language, and people related to you.',
    rules: [all('Patient'), all('RelatedPerson')],
  },
  {
    code: 'coverage',
    title: 'Coverage',
    explains: 'Your plan, member number and dates of coverage.',
    rules: [all('Coverage')],
  },
  {
    code: 'claims',
    title: 'Claims and costs',
    explains:
      'Visits, hospital stays, dental work and prescriptions the plan was billed for, and what was paid.',
    rules: [
      { type: 'ExplanationOfBenefit', filters: [{ param: 'use', codes: [authorization], exclude: true }] },
    ],
  },
  {
    code: 'priorauthorizations',
    title: 'Prior authorizations',
    explains: 'Requests for approval of care, with decisions and reasons.',
    rules: [{ type: 'ExplanationOfBenefit', filters: [{ param: 'use', codes: [authorization] }] }],
  },
  {
    code: 'encounters',
    title: 'Visits',
    explains: 'Visits to doctors, clinics and hospitals.',
    rules: [all('Encounter')],
  },
  {
    code: 'conditions',
    title: 'Health conditions',
    explains: 'Diagnoses and health concerns.',
    rules: [all('Condition')],
  },
  {
    code: 'medications',
    title: 'Medications',
    explains: 'Medicines prescribed and dispensed.',
    rules: [
      all('MedicationRequest'),
      all('MedicationDispense'),
      all('MedicationAdministration'),
      all('MedicationStatement'),
    ],
  },
  {
    code: 'allergies',
    title: 'Allergies',
    explains: 'Allergies and bad reactions.',
    rules: [all('AllergyIntolerance')],
  },
  {
    code: 'immunizations',
    title: 'Immunizations',
    explains: 'Vaccines you were given.',
    rules: [all('Immunization')],
  },
  {
    code: 'labs',
    title: 'Lab results',
    explains: 'Results of laboratory tests, their samples and reports.',
    rules: [
      observations('laboratory'),
      all('Specimen'),
      {
        type: 'DiagnosticReport',
        filters: [{ param: 'category', codes: ['http://terminology.hl7.org/CodeSystem/v2-0074|LAB'] }],
      },
    ],
  },
  {
    code: 'vitals',
    title: 'Vital signs',
    explains: 'Height, weight, blood pressure and similar measurements.',
    rules: [observations('vital-signs')],
  },
  {
    code: 'observations',
    title: 'Social history and other observations',
    explains: 'Smoking status, living situation, screenings, exams and other findings.',
    rules: [
      {
        type: 'Observation',
        filters: [
          {
            param: 'category',
            codes: [`${observationCategory}|laboratory`, `${observationCategory}|vital-signs`],
            exclude: true,
          },
        ],
      },
      all('QuestionnaireResponse'),
      all('FamilyMemberHistory'),
    ],
  },
  {
    code: 'procedures',
    title: 'Procedures',
    explains: 'Operations, treatments and orders for them.',
    rules: [all('Procedure'), all('ServiceRequest'), all('NutritionOrder'), all('DeviceRequest')],
  },
  {
    code: 'documents',
    title: 'Documents and reports',
    explains: 'Clinical notes, imaging and other reports.',
    rules: [
      all('DocumentReference'),
      {
        type: 'DiagnosticReport',
        filters: [
          { param: 'category', codes: ['http://terminology.hl7.org/CodeSystem/v2-0074|LAB'], exclude: true },
        ],
      },
      all('Media'),
      all('ImagingStudy'),
      all('Binary'),
    ],
  },
  {
    code: 'careplans',
    title: 'Care team and care plans',
    explains: 'The people who care for you and the plans they made with you.',
    rules: [all('CareTeam'), all('CarePlan')],
  },
  { code: 'goals', title: 'Goals', explains: 'Health goals set with your care team.', rules: [all('Goal')] },
  {
    code: 'devices',
    title: 'Devices',
    explains: 'Implants and other medical devices.',
    rules: [all('Device'), all('DeviceUseStatement')],
  },
  {
    code: 'consents',
    title: 'Consents',
    explains: 'What you agreed or refused to have shared between your plan, your doctors and others.',
    rules: [all('Consent')],
  },
  {
    code: 'provenance',
    title: 'Where records come from',
    explains: 'Who recorded each item and when.',
    rules: [all('Provenance')],
  },
];

/**
 * Types that name no member. An app that was granted any data may read them: the directory and the formulary
 * whole, `Medication` and the like only where the member's own record refers to them.
 */
export const referenceTypes: readonly string[] = [
  'Organization',
  'OrganizationAffiliation',
  'Practitioner',
  'PractitionerRole',
  'Location',
  'HealthcareService',
  'Endpoint',
  'InsurancePlan',
  'MedicationKnowledge',
  'List',
  'Basic',
  'Questionnaire',
];
export const referredTypes: readonly string[] = ['Medication', 'Substance', 'Binary'];

/** Types with a data class: those a member's own record consists of, as far as an app may see it. */
export const memberTypes: readonly string[] = [
  ...new Set(dataClasses.flatMap((dataClass) => dataClass.rules.map((rule) => rule.type))),
];
