// What other guides ask of scopes: CARIN Blue Button's list is granted, and US Core's granular scopes are granted and honoured.
// https://hl7.org/fhir/us/core/STU6.1/scopes.html
import type { Json } from '../view.ts';
import { type Session, type SmartTest, unless, wordsOf } from './session.ts';

const carinTypes = ['ExplanationOfBenefit', 'Coverage', 'Patient', 'Organization', 'Practitioner'];

export const carinScopes = [
  'launch/patient',
  'openid',
  'fhirUser',
  ...['patient', 'user'].flatMap((context) => carinTypes.map((type) => `${context}/${type}.read`)),
].join(' ');

const grantedOfCarin: SmartTest = {
  id: 'c4bb_v200_smart_scopes',
  title: 'all scopes that CARIN Blue Button names are granted',
  run(session) {
    if (session.token?.status !== 200) return undefined;
    const granted = new Set(wordsOf(session.token.json?.['scope']));
    return unless(
      ...wordsOf(carinScopes).map((scope) => [granted.has(scope), `${scope} was not granted`] as const),
    );
  },
};

export const carinGroup = [grantedOfCarin];

const condition = 'http://terminology.hl7.org/CodeSystem/condition-category';
const observation = 'http://terminology.hl7.org/CodeSystem/observation-category';
const usCore = 'http://hl7.org/fhir/us/core/CodeSystem';

/** Each of the two launches asks for one half. */
export const granularScopes = [
  [
    `patient/Condition.rs?category=${condition}|encounter-diagnosis`,
    `patient/Condition.rs?category=${usCore}/condition-category|health-concern`,
    `patient/Observation.rs?category=${observation}|laboratory`,
    `patient/Observation.rs?category=${observation}|social-history`,
  ],
  [
    `patient/Condition.rs?category=${condition}|problem-list-item`,
    `patient/Observation.rs?category=${observation}|vital-signs`,
    `patient/Observation.rs?category=${observation}|survey`,
    `patient/Observation.rs?category=${usCore}/us-core-category|sdoh`,
  ],
] as const;

const grantedGranular: SmartTest = {
  id: 'us_core_granted_granular_scopes',
  title: 'the granular scopes are granted as asked, and no wider one beside them',
  run(session) {
    if (session.token?.status !== 200) return undefined;
    const granted = wordsOf(session.token.json?.['scope']);
    const asked = wordsOf(session.launch.scopes).filter((scope) => scope.includes('?'));
    return unless(...asked.map((scope) => [granted.includes(scope), `${scope} was not granted`] as const), [
      !granted.some((scope) => /^(patient|user)\/(\*|Condition|Observation)\.[a-z]+$/.test(scope)),
      'a wider scope was granted',
    ]);
  },
};

interface Coded {
  readonly id: string;
  readonly category?: readonly { readonly coding?: readonly { system?: string; code?: string }[] }[];
}
type Clinical = Json & Coded;

const codes = (value: unknown) =>
  (Array.isArray(value) ? value : [value]).flatMap(
    (concept: { coding?: { system?: string; code?: string }[] } | undefined) =>
      (concept?.coding ?? []).map(({ system, code }) => `${system ?? ''}|${code ?? ''}`),
  );
const text = (value: unknown) => (typeof value === 'string' ? [value] : []);
const assertedDate = 'http://hl7.org/fhir/StructureDefinition/condition-assertedDate';

/** The values that a search by a parameter can be made of. */
const valuesOf: Readonly<Record<string, (resource: Clinical) => readonly string[]>> = {
  category: ({ category }) => codes(category),
  code: ({ code }) => codes(code),
  'clinical-status': ({ clinicalStatus }) => codes(clinicalStatus),
  status: ({ status }) => text(status),
  encounter: ({ encounter }) => text((encounter as { reference?: unknown } | undefined)?.reference),
  date: ({ effectiveDateTime }) => text(effectiveDateTime),
  'abatement-date': ({ abatementDateTime }) => text(abatementDateTime),
  'onset-date': ({ onsetDateTime }) => text(onsetDateTime),
  'recorded-date': ({ recordedDate }) => text(recordedDate),
  'asserted-date': ({ extension }) =>
    text(
      (extension as { url: string; valueDateTime?: string }[] | undefined)?.find(
        ({ url }) => url === assertedDate,
      )?.valueDateTime,
    ),
};

/** As the suite repeats them. */
const searches: Readonly<Record<'Condition' | 'Observation', readonly (readonly string[])[]>> = {
  Condition: [
    [],
    ['category'],
    ['category', 'clinical-status'],
    ['category', 'encounter'],
    ['clinical-status'],
    ['code'],
    ['abatement-date'],
    ['asserted-date'],
    ['onset-date'],
    ['recorded-date'],
  ],
  Observation: [['category'], ['category', 'date'], ['category', 'status'], ['code'], ['code', 'date']],
};

/** @param wide the same person's token with the scopes of the whole types */
function honoured(type: 'Condition' | 'Observation', wide: () => string): readonly SmartTest[] {
  const ask = (session: Session, token: string, path: string) =>
    session.ask(`${session.base}/${path}`, {
      headers: { accept: 'application/fhir+json', authorization: `Bearer ${token}` },
    });
  const found = async (session: Session, token: string, query: readonly (readonly [string, string])[]) => {
    const path = `${type}?${new URLSearchParams(query.map(([name, value]) => [name, value]))}`;
    const all: Clinical[] = [];
    for (let next: string | undefined = path; next !== undefined; ) {
      const { status, json } = await ask(session, token, next.replace(`${session.base}/`, ''));
      if (status !== 200) return undefined;
      for (const entry of (json?.['entry'] ?? []) as { resource: Clinical }[])
        if (entry.resource['resourceType'] === type) all.push(entry.resource);
      next = ((json?.['link'] ?? []) as { relation: string; url: string }[]).find(
        ({ relation }) => relation === 'next',
      )?.url;
    }
    return all;
  };
  const categories = (session: Session) =>
    wordsOf(session.launch.scopes).flatMap((scope) => {
      const [whole, of, value] = /^patient\/(\w+)\.rs\?category=(.+)$/.exec(scope) ?? [];
      return whole !== undefined && of === type && value !== undefined ? [value] : [];
    });
  const isInside = (session: Session, resource: Clinical) => {
    const inside = categories(session);
    return codes(resource.category).some((code) => inside.includes(code));
  };
  const samples = async (session: Session) =>
    session.token?.status === 200
      ? await found(session, wide(), [['patient', String(session.token.json?.['patient'])]])
      : undefined;

  const search = (names: readonly string[]): SmartTest => ({
    id: `us_core_v610_${type.toLowerCase()}_patient_${names.map((name) => `${name.replaceAll('-', '_')}_`).join('')}granular_scope_search_test`,
    title: `${type} by ${['patient', ...names].join(', ')}: what is inside the scopes, no more and no less`,
    async run(session) {
      const all = await samples(session);
      if (all === undefined) return undefined;
      const patient = String(session.token?.json?.['patient']);
      // One sample for each category, so that searches inside and outside the scopes are made.
      const asked = new Map<string, (readonly [string, string])[]>();
      for (const resource of all) {
        const values = names.map((name) => valuesOf[name]?.(resource)[0]);
        if (values.includes(undefined)) continue;
        const query = names.map((name, index) => [name, values[index] ?? ''] as const);
        const kind = codes(resource.category).sort().join();
        if (!asked.has(kind)) asked.set(kind, [['patient', patient], ...query]);
      }
      if (asked.size === 0) return undefined;
      const problems: string[] = [];
      for (const query of asked.values()) {
        const before = await found(session, wide(), query);
        const after = await found(session, session.bearer(), query);
        const ids = after
          ?.map(({ id }) => id)
          .sort()
          .join();
        const expected = before?.filter((resource) => isInside(session, resource)).map(({ id }) => id);
        const isRefusedOutside = after === undefined && expected?.length === 0;
        if (ids !== expected?.sort().join() && !isRefusedOutside)
          problems.push(`other resources than inside the scopes for ${names.join(', ') || 'patient'}`);
      }
      return [...new Set(problems)];
    },
  });

  const read: SmartTest = {
    id: `us_core_v610_${type.toLowerCase()}_granular_scope_read_test`,
    title: `${type} by id: read inside the scopes, refused outside`,
    async run(session) {
      const all = await samples(session);
      if (all === undefined || all.length === 0) return undefined;
      const inside = all.find((resource) => isInside(session, resource));
      const outside = all.find((resource) => !isInside(session, resource));
      if (inside === undefined || outside === undefined) return undefined;
      const statusOf = async ({ id }: Clinical) =>
        (await ask(session, session.bearer(), `${type}/${id}`)).status;
      return unless(
        [(await statusOf(inside)) === 200, 'one inside is refused'],
        [(await statusOf(outside)) !== 200, 'one outside is read'],
      );
    },
  };
  return [...searches[type].map(search), read];
}

export const granularGroup = (wide: () => string): readonly SmartTest[] => [
  grantedGranular,
  ...honoured('Condition', wide),
  ...honoured('Observation', wide),
];
