// Six people of one line and two of another, some with the same ids: every type of a record, with labels, without statuses,
// with references to each other, with versions and deletions, and data that is nobody's. Small, and made for isolation only.

export type Json = {
  readonly resourceType: string;
  readonly id: string;
  readonly [element: string]: unknown;
};

/** All that was ever written of one resource, oldest first; undefined where it was deleted. */
export interface Held {
  readonly type: string;
  readonly id: string;
  readonly versions: readonly (Json | undefined)[];
}

export type Line = 'cco' | 'advantage';

export const people: Readonly<Record<Line, readonly string[]>> = {
  cco: ['pa', 'pb', 'pc', 'pd', 'pe', 'pf'],
  advantage: ['pa', 'pz'],
};

const terminology = 'http://terminology.hl7.org/CodeSystem';
export const observationCategory = `${terminology}/observation-category`;
const usCore = 'http://hl7.org/fhir/us/core/CodeSystem';
const concept = (system: string, code: string) => ({ coding: [{ system, code }] });
const ref = (type: string, id: string) => ({ reference: `${type}/${id}` });
const act = (code: string) => ({ system: `${terminology}/v3-ActCode`, code });
const confidentiality = (code: string) => ({ system: `${terminology}/v3-Confidentiality`, code });

/** In turn, so that every type has each of them somewhere. */
const labels: readonly (readonly object[])[] = [
  [],
  [act('HIV')],
  [],
  [act('PSY'), confidentiality('R')],
  [act('ETH'), act('HIV')],
  [],
  [confidentiality('R')],
  [act('SEX'), confidentiality('V')],
  [confidentiality('N')],
];

const observationCategories = [
  [concept(observationCategory, 'laboratory')],
  [concept(observationCategory, 'vital-signs')],
  [concept(observationCategory, 'social-history')],
  [concept(observationCategory, 'survey'), concept(`${usCore}/us-core-category`, 'sdoh')],
  [concept(observationCategory, 'laboratory'), concept(observationCategory, 'vital-signs')],
  [],
];
const conditionCategories = [
  concept(`${terminology}/condition-category`, 'problem-list-item'),
  concept(`${terminology}/condition-category`, 'encounter-diagnosis'),
  concept(`${usCore}/condition-category`, 'health-concern'),
];
export const codes = ['c0', 'c1', 'c2'].map((code) => ({ system: 'http://example.org/code', code }));
const codeOf = (n: number) => ({ coding: [codes[n % codes.length]!] });
const active = concept(`${terminology}/condition-clinical`, 'active');

/** Elements of the n-th resource of each type of `me`; `other` is somebody whom it may mention. */
const types: Readonly<Record<string, (n: number, me: string, other: string) => object>> = {
  Observation: (n, me, other) => ({
    status: 'final',
    subject: ref('Patient', me),
    category: observationCategories[n % observationCategories.length],
    code: codeOf(n),
    // Who performs belongs to the compartment; whom it derives from does not.
    ...(n === 1 ? { performer: [ref('Patient', other)] } : {}),
    ...(n === 2 ? { derivedFrom: [ref('Observation', `observation-${other}-0`)] } : {}),
  }),
  Condition: (n, me, other) => ({
    subject: ref('Patient', me),
    category: [conditionCategories[n % 3]],
    code: codeOf(n),
    encounter: ref('Encounter', `encounter-${n === 4 ? other : me}-${n % 3}`),
    ...(n === 3 ? {} : { clinicalStatus: active }),
    ...(n === 2 ? { asserter: ref('Patient', other) } : {}),
  }),
  Encounter: (n, me) => ({
    status: 'finished',
    class: { code: 'AMB' },
    subject: ref('Patient', me),
    type: [codeOf(n)],
  }),
  AllergyIntolerance: (n, me, other) => ({
    patient: ref('Patient', me),
    ...(n === 1 ? {} : { clinicalStatus: active }),
    ...(n === 2 ? { recorder: ref('Patient', other) } : {}),
  }),
  Immunization: (n, me) => ({ patient: ref('Patient', me), ...(n === 0 ? {} : { status: 'completed' }) }),
  Procedure: (n, me, other) => ({
    status: 'completed',
    subject: ref('Patient', me),
    code: codeOf(n),
    ...(n === 2 ? { performer: [{ actor: ref('Patient', other) }] } : {}),
  }),
  MedicationRequest: (n, me) => ({
    status: 'active',
    intent: 'order',
    subject: ref('Patient', me),
    medicationReference: ref('Medication', `medication-${n}`),
  }),
  MedicationDispense: (n, me, other) => ({
    status: 'completed',
    subject: ref('Patient', me),
    medicationReference: ref('Medication', `medication-${n + 3}`),
    ...(n === 1 ? { receiver: [ref('Patient', other)] } : {}),
  }),
  DiagnosticReport: (n, me) => ({
    status: 'final',
    subject: ref('Patient', me),
    code: codeOf(n),
    category: [n === 1 ? concept('http://loinc.org', 'LP29684-5') : concept(`${terminology}/v2-0074`, 'LAB')],
    result: [ref('Observation', `observation-${me}-${n}`)],
  }),
  DocumentReference: (n, me, other) => ({
    ...(n === 2 ? {} : { status: 'current' }),
    subject: ref('Patient', me),
    ...(n === 0
      ? {}
      : { category: [concept(`${usCore}/us-core-documentreference-category`, 'clinical-note')] }),
    ...(n === 1 ? { author: [ref('Patient', other)] } : {}),
    content: [{ attachment: { url: `Binary/shared-${n}` } }],
  }),
  CarePlan: (n, me) => ({
    status: 'active',
    intent: 'plan',
    subject: ref('Patient', me),
    category: [codeOf(n)],
  }),
  CareTeam: (n, me, other) => ({
    status: 'active',
    subject: ref('Patient', me),
    participant: [{ member: n === 1 ? ref('Patient', other) : ref('Practitioner', 'practitioner-0') }],
  }),
  Goal: (n, me) => ({ subject: ref('Patient', me), ...(n === 1 ? {} : { lifecycleStatus: 'active' }) }),
  Coverage: (n, me, other) => ({
    status: 'active',
    beneficiary: ref('Patient', me),
    payor: [ref('Organization', 'organization-0')],
    ...(n === 1 ? { subscriber: ref('Patient', other) } : {}),
  }),
  ExplanationOfBenefit: (n, me, other) => ({
    status: 'active',
    use: n === 1 ? 'preauthorization' : 'claim',
    patient: ref('Patient', me),
    insurer: ref('Organization', 'organization-0'),
    ...(n === 2 ? { payee: { party: ref('Patient', other) } } : {}),
  }),
  RelatedPerson: (_n, me) => ({ patient: ref('Patient', me) }),
  Device: (_n, me) => ({ patient: ref('Patient', me) }),
  Specimen: (_n, me) => ({ subject: ref('Patient', me) }),
  ServiceRequest: (n, me, other) => ({
    status: 'active',
    intent: 'order',
    subject: ref('Patient', me),
    code: codeOf(n),
    category: [concept('http://snomed.info/sct', n === 0 ? '108252007' : '387713003')],
    ...(n === 1 ? { performer: [ref('Patient', other)] } : {}),
  }),
  QuestionnaireResponse: (n, me, other) => ({
    status: 'completed',
    subject: ref('Patient', me),
    ...(n === 1 ? { author: ref('Patient', other) } : {}),
  }),
  Consent: (_n, me) => ({ status: 'active', patient: ref('Patient', me) }),
  Binary: (n, me) => ({
    contentType: 'text/plain',
    securityContext: ref('Patient', me),
    data: btoa(`${me} ${n}`),
  }),
};

export const ownTypes: readonly string[] = Object.keys(types);

export function worldOf(line: Line): readonly Held[] {
  const world: Held[] = [];
  let turn = line === 'cco' ? 0 : 4;
  const labelled = (elements: object): object => {
    const security = labels[turn++ % labels.length]!;
    return security.length === 0 ? elements : { meta: { security }, ...elements };
  };
  const hold = (type: string, id: string, ...versions: (object | undefined)[]) => {
    const marked = versions.map((elements, version) =>
      elements === undefined
        ? undefined
        : ({ resourceType: type, id, language: `${line}-${version}`, ...elements } as Json),
    );
    world.push({ type, id, versions: marked });
  };
  const all = people[line];
  for (const [at, me] of all.entries()) {
    const other = all[(at + 1) % all.length]!;
    const name = [{ family: `family${me}` }];
    // The last has a record and no Patient; the fourth is labelled.
    if (me !== 'pf')
      hold('Patient', me, {
        ...(me === 'pd' ? { meta: { security: [confidentiality('R')] } } : {}),
        name,
        gender: at % 2 === 0 ? 'female' : 'male',
        link: [{ other: ref('Patient', other), type: 'seealso' }],
      });
    for (const [type, elementsOf] of Object.entries(types)) {
      const many = type === 'Observation' ? 6 : type === 'Condition' ? 5 : 3;
      for (let n = 0; n < many; n++)
        hold(type, `${type.toLowerCase()}-${me}-${n}`, labelled(elementsOf(n, me, other)));
    }
    versionsOf(me, other, hold);
    provenanceOf(me, other, hold);
  }
  sharedOf(all[0]!, hold);
  return world;
}

type Hold = (type: string, id: string, ...versions: (object | undefined)[]) => void;

/** What changes: whose it is, its labels, its category, its status, whether it is there. */
function versionsOf(me: string, other: string, hold: Hold): void {
  const observation = (category: number, of: string, more: object = {}) => ({
    ...types['Observation']!(category, of, other),
    ...more,
  });
  const security = (...security: object[]) => ({ meta: { security } });
  hold('Observation', `twice-${me}`, observation(0, me), observation(0, me, { valueString: 'again' }));
  hold('Observation', `moved-${me}`, observation(0, other), observation(0, me));
  hold(
    'Observation',
    `recategorized-${me}`,
    observation(0, me),
    observation(3, me),
    observation(3, me, { valueString: 'x' }),
  );
  hold('Observation', `labelled-${me}`, observation(0, me), observation(0, me, security(act('HIV'))));
  hold('Observation', `unlabelled-${me}`, observation(3, me, security(act('HIV'))), observation(3, me));
  hold('Observation', `gone-${me}`, observation(0, me), undefined);
  hold('Observation', `gone-labelled-${me}`, observation(0, me, security(act('ETH'))), undefined);
  hold('Observation', `back-${me}`, observation(0, me), undefined, observation(0, me));
  hold(
    'Immunization',
    `completed-${me}`,
    types['Immunization']!(0, me, other),
    types['Immunization']!(1, me, other),
  );
  hold(
    'Immunization',
    `withheld-${me}`,
    types['Immunization']!(1, me, other),
    types['Immunization']!(0, me, other),
  );
  hold('ExplanationOfBenefit', `gone-${me}`, types['ExplanationOfBenefit']!(1, me, other), undefined);
  hold('Encounter', `gone-${me}`, types['Encounter']!(0, me, other), undefined);
}

function provenanceOf(me: string, other: string, hold: Hold): void {
  const about = (name: string, targets: readonly (readonly [string, string])[], more: object = {}) =>
    hold('Provenance', `provenance-${me}-${name}`, {
      target: targets.map(([type, id]) => ref(type, id)),
      recorded: '2025-01-01T00:00:00Z',
      agent: [{ who: ref('Organization', 'organization-0') }],
      ...more,
    });
  for (let n = 0; n < 6; n++) about(`observation-${n}`, [['Observation', `observation-${me}-${n}`]]);
  about('patient', [['Patient', me]]);
  about('two', [
    ['Procedure', `procedure-${me}-0`],
    ['Goal', `goal-${me}-0`],
  ]);
  about('labels', [
    ['Encounter', `encounter-${me}-0`],
    ['Encounter', `encounter-${me}-1`],
    ['Encounter', `encounter-${me}-2`],
  ]);
  about('both', [
    ['Device', `device-${me}-0`],
    ['Device', `device-${other}-0`],
  ]);
  about('withheld', [['Immunization', `immunization-${me}-0`]]);
  about('withheld-too', [
    ['Immunization', `immunization-${me}-0`],
    ['Consent', `consent-${me}-0`],
  ]);
  about('moved', [['Observation', `labelled-${me}`]]);
  about('itself', [['Consent', `consent-${me}-1`]], { meta: { security: [act('HIV')] } });
  about('nothing', [['Observation', 'never-written']]);
}

function sharedOf(somebody: string, hold: Hold): void {
  hold('Practitioner', 'practitioner-0', { name: [{ family: 'Doctor' }] });
  hold('Practitioner', 'practitioner-labelled', {
    meta: { security: [act('HIV')] },
    name: [{ family: 'Doctor' }],
  });
  // Reference data that names a member is nobody's.
  hold('Practitioner', 'practitioner-named', {
    extension: [{ url: 'http://example.org', valueReference: ref('Patient', somebody) }],
  });
  hold('Organization', 'organization-0', { name: 'Plan' });
  hold('List', 'list-0', { status: 'current', mode: 'working', subject: ref('Patient', somebody) });
  hold('Group', 'group-0', { type: 'person', actual: true, member: [{ entity: ref('Patient', somebody) }] });
  for (let n = 0; n < 7; n++)
    hold('Medication', `medication-${n}`, {
      ...(n === 1 ? { meta: { security: [act('ETH')] } } : {}),
      code: codeOf(n),
    });
  for (let n = 0; n < 3; n++)
    hold('Binary', `shared-${n}`, { contentType: 'text/plain', data: btoa(`shared ${n}`) });
}
