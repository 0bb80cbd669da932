// Random grants and requests, and what the answer to each must be by `MaySee`.
import fc from 'fast-check';
import { categoryScopes } from '../../../src/smart/category-scopes.ts';
import { memberTypes, referenceTypes } from '../../../src/smart/data-classes.ts';
import { classScopes, granularScopes, resourceScopes } from '../../../src/smart/scopes.ts';
import { sensitiveClasses } from '../../../src/smart/sensitive-classes.ts';
import {
  type Clause,
  chainClause,
  hasCode,
  hasProvenance,
  idClause,
  referenceClause,
  tokenClause,
} from './clauses.ts';
import { type Allowed, allowedBy, type Grant, type MaySee, referencesOf } from './may-see.ts';
import { codes, type Held, type Line, observationCategory, ownTypes, people } from './world.ts';

export interface Expected {
  readonly status: number;
  /** `Type/id` or, of histories, `Type/id/version`, sorted; undefined: any of those that may be seen at all. */
  readonly matches?: readonly string[];
  readonly included?: readonly string[];
  readonly total?: number;
  /** Whether the answer says that there is more without a status; undefined: not looked at. */
  readonly suppressed?: boolean;
}

export interface Request {
  /** Below the base of the line. */
  readonly path: string;
  expected(world: MaySee, grant: Grant): Expected;
}

const fewScopes = fc.constantFrom(...classScopes, ...resourceScopes, ...granularScopes, 'fhirUser');
const wholeScopes = fc.constantFrom(
  ...classScopes,
  ...memberTypes.map((type) => `patient/${type}.rs`),
  ...categoryScopes.map(({ type, category }) => `user/${type}.rs?category=${category}`),
);
const nothingScopes = fc.constantFrom(
  'openid',
  'patient/*.rs',
  'system/Observation.rs',
  'patient/Observation.cruds',
  `patient/Observation.read?category=${observationCategory}|laboratory`,
  'patient/Observation.rs?code=x',
);

/** Those that give a part of a type. */
const parts = [
  ...[
    'observations',
    'labs',
    'vitals',
    'claims',
    'priorauthorizations',
    'documents',
    'provenance',
    'demographics',
  ].map((code) => `patientapi.${code}.read`),
  'fhirUser',
];

export function grants(line: Line): fc.Arbitrary<Grant> {
  const some = people[line];
  const granted = fc.record({
    token: fc.constant(true),
    patients: fc.subarray([...some], { minLength: 1, maxLength: Math.min(3, some.length) }),
    scopes: fc.oneof(
      fc.array(fewScopes, { minLength: 1, maxLength: 8 }),
      fc.array(fc.oneof({ weight: 9, arbitrary: wholeScopes }, nothingScopes), {
        minLength: 6,
        maxLength: 30,
      }),
      fc.constant([...classScopes, 'fhirUser']),
      fc.subarray(parts, { minLength: 1, maxLength: 4 }),
    ),
    sensitive: fc.oneof(
      fc.constant([]),
      fc.subarray([...sensitiveClasses.map(({ code }) => code), 'withheld']),
      fc.constant(sensitiveClasses.map(({ code }) => code)),
    ),
    fhirUser: fc.oneof(
      fc.constant(undefined),
      fc.constantFrom(...some.flatMap((id) => [`Patient/${id}`, `RelatedPerson/relatedperson-${id}-0`])),
    ),
  });
  const nobody: Grant = { token: false, patients: [], scopes: [], sensitive: [], fhirUser: undefined };
  return fc.oneof({ weight: 19, arbitrary: granted }, fc.constant(nobody));
}

export function requests(line: Line, world: MaySee, anyParams: readonly string[]): fc.Arbitrary<Request> {
  const references = [...world.all()].map(({ type, id }) => `${type}/${id}`);
  const reference = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...references) },
    // Such as have something to hide.
    {
      weight: 2,
      arbitrary: fc.constantFrom(...references.filter((one) => /[a-z]ed-p|gone|back|Patient|Prov/.test(one))),
    },
    fc.constantFrom('Patient/nobody', 'Observation/nothing'),
  );
  const version = fc.integer({ min: 1, max: 4 });
  const member = fc.constantFrom(...people[line]);
  const any: fc.Arbitrary<Request> = fc.oneof(
    { weight: 5, arbitrary: reference.map(readOf) },
    // Whom `fhirUser` may name.
    {
      weight: 3,
      arbitrary: member
        .chain((id) => fc.constantFrom(`Patient/${id}`, `RelatedPerson/relatedperson-${id}-0`))
        .map(readOf),
    },
    { weight: 3, arbitrary: fc.tuple(reference, version).map(([held, number]) => vreadOf(held, number)) },
    { weight: 2, arbitrary: reference.map(historyOf) },
    {
      weight: 1,
      arbitrary: fc
        .oneof(
          fc.constantFrom('Observation', 'ExplanationOfBenefit'),
          fc.constantFrom(...ownTypes, 'Provenance', 'Patient', 'Medication', 'Practitioner'),
        )
        .map(typeHistoryOf),
    },
    { weight: 12, arbitrary: searches(references, member) },
    { weight: 2, arbitrary: member.map(everythingOf) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.constantFrom(...anyParams), reference)
        .map(([param, value]) => oddOf(param, value)),
    },
    { weight: 1, arbitrary: member.map((id) => oddOf('DocumentReference/$docref?patient', id)) },
  );
  // A counterexample is told by its path.
  return any.map((request) => ({ ...request, [fc.toStringMethod]: () => request.path }));
}

const refused = (grant: Grant, type: string): Expected => ({
  status: grant.token || referenceTypes.includes(type) ? 403 : 401,
});

function knownTo(grant: Grant, type: string): boolean {
  return grant.token || referenceTypes.includes(type);
}

/** What is read with `fhirUser` instead: this one resource, and of a Patient whoever the grant is for. */
function asUser(grant: Grant, reference: string): [Grant, Allowed] | undefined {
  if (grant.fhirUser !== reference || !grant.scopes.includes('fhirUser')) return undefined;
  const [type = '', id = ''] = reference.split('/');
  const patients = type === 'Patient' ? [id] : grant.patients;
  return [{ ...grant, patients }, new Map([[type, { read: [[]], search: [] }]])];
}

function readOf(reference: string): Request {
  const [type = ''] = reference.split('/');
  return {
    path: reference,
    expected(world, grant) {
      if (!knownTo(grant, type)) return { status: 401 };
      const [reading, allowed] = asUser(grant, reference) ?? [grant, allowedBy(grant)];
      if ((allowed.get(type)?.read ?? []).length === 0) return refused(grant, type);
      const held = world.find(reference);
      if (held === undefined || !world.sees(reading, allowed, held, 'read')) return { status: 404 };
      if (held.versions.at(-1) === undefined) return { status: 410 };
      return { status: 200, matches: [`${reference}/${held.versions.length}`] };
    },
  };
}

function instance(world: MaySee, grant: Grant, reference: string): Held | Expected {
  const [type = ''] = reference.split('/');
  if (!knownTo(grant, type)) return { status: 401 };
  const allowed = allowedBy(grant);
  if ((allowed.get(type)?.read ?? []).length === 0) return refused(grant, type);
  const held = world.find(reference);
  return held !== undefined && world.sees(grant, allowed, held, 'read') ? held : { status: 404 };
}

function vreadOf(reference: string, number: number): Request {
  return {
    path: `${reference}/_history/${number}`,
    expected(world, grant) {
      const held = instance(world, grant, reference);
      if ('status' in held) return held;
      if (!world.versions(held).includes(number)) return { status: 404 };
      if (held.versions[number - 1] === undefined) return { status: 410 };
      return { status: 200, matches: [`${reference}/${number}`] };
    },
  };
}

function historyOf(reference: string): Request {
  return {
    path: `${reference}/_history`,
    expected(world, grant) {
      const held = instance(world, grant, reference);
      if ('status' in held) return held;
      return { status: 200, matches: world.versions(held).map((number) => `${reference}/${number}`) };
    },
  };
}

function typeHistoryOf(type: string): Request {
  return {
    path: `${type}/_history?_count=500`,
    expected(world, grant) {
      if (!knownTo(grant, type)) return { status: 401 };
      const allowed = allowedBy(grant);
      if ((allowed.get(type)?.search ?? []).length === 0) return refused(grant, type);
      const seen = [...world.all()].filter(
        (held) => held.type === type && world.sees(grant, allowed, held, 'search'),
      );
      const versions = seen.flatMap((held) =>
        world.versions(held).map((number) => `${type}/${held.id}/${number}`),
      );
      return { status: 200, matches: versions };
    },
  };
}

function everythingOf(id: string): Request {
  return {
    path: `Patient/${id}/$everything?_count=500`,
    expected(world, grant) {
      const held = instance(
        world,
        { ...grant, patients: grant.patients.filter((one) => one === id) },
        `Patient/${id}`,
      );
      if ('status' in held) return held;
      const allowed = allowedBy(grant);
      const own = { ...grant, patients: [id] };
      const matches = [...world.all()].filter(
        (one) => memberTypes.includes(one.type) && isThere(one) && world.sees(own, allowed, one, 'search'),
      );
      return { status: 200, matches: matches.map(nameOf) };
    },
  };
}

/** A parameter that nothing is known about here, with an id of anybody's. */
function oddOf(param: string, value: string): Request {
  return {
    path: `${param}=${encodeURIComponent(value)}${param.includes('$') ? '' : '&_count=500'}`,
    expected: () => ({ status: 0 }),
  };
}

const referenceParams: Readonly<Record<string, readonly string[]>> = {
  Observation: ['patient', 'performer'],
  Condition: ['patient', 'asserter', 'encounter'],
  Coverage: ['patient', 'subscriber'],
  ExplanationOfBenefit: ['patient', 'payee'],
  DocumentReference: ['patient', 'author'],
  AllergyIntolerance: ['patient', 'recorder'],
  MedicationRequest: ['patient', 'medication'],
  Provenance: ['patient', 'target'],
};
const tokenParams: Readonly<Record<string, readonly string[]>> = {
  Observation: ['code', 'category'],
  Condition: ['code', 'category'],
  ServiceRequest: ['code', 'category'],
  DiagnosticReport: ['category'],
  DocumentReference: ['category'],
  ExplanationOfBenefit: ['use'],
};
const tokens = [
  ...codes.map(({ system, code }) => `${system}|${code}`),
  ...categoryScopes.map(({ category }) => category),
  '|preauthorization',
];
const searched = [
  ...ownTypes.filter((type) => type !== 'Binary'),
  'Patient',
  'Provenance',
  'Practitioner',
  'Medication',
];

function searches(references: readonly string[], member: fc.Arbitrary<string>): fc.Arbitrary<Request> {
  const type = fc.oneof(
    fc.constantFrom(...searched),
    fc.constantFrom('Patient', 'Observation', 'Condition', 'Provenance'),
  );
  return type.chain((searchedType) => {
    const params = referenceParams[searchedType] ?? (ownTypes.includes(searchedType) ? ['patient'] : []);
    const ofType = references.filter((one) => one.startsWith(`${searchedType}/`));
    const ids = fc
      .subarray(ofType, { minLength: 1, maxLength: Math.min(4, ofType.length) })
      .map((some) => idClause(some));
    const clauses: fc.Arbitrary<Clause>[] = [ids];
    const someReference = fc.constantFrom(...references);
    if (params.length > 0)
      clauses.push(
        fc
          .tuple(
            fc.constantFrom(...params),
            fc.oneof(
              member.map((id) => `Patient/${id}`),
              someReference,
            ),
          )
          .map(referenceClause),
        fc.tuple(fc.constantFrom(...params), member).map(chainClause),
      );
    const ofTokens = tokenParams[searchedType];
    if (ofTokens !== undefined)
      clauses.push(fc.tuple(fc.constantFrom(...ofTokens), fc.constantFrom(...tokens)).map(tokenClause));
    if (searchedType === 'Patient' || searchedType === 'Encounter')
      clauses.push(
        fc
          .tuple(fc.constantFrom('Observation', 'Condition', 'ServiceRequest'), fc.constantFrom(...tokens))
          .map(hasCode(searchedType)),
      );
    clauses.push(
      fc.constantFrom(...references.filter((one) => one.startsWith('Provenance/'))).map(hasProvenance),
    );
    const includes = fc.subarray([...params.map((param) => `${searchedType}:${param}`)]);
    const reverse = fc.subarray([
      'Provenance:target',
      ...(searchedType === 'Patient' ? ['Observation:performer', 'Condition:patient'] : []),
    ]);
    return fc
      .record({
        clauses: fc.array(fc.oneof(...clauses), { maxLength: 2 }),
        includes,
        reverse: fc.oneof(fc.constant([]), reverse),
        count: fc.constantFrom(500, 500, 0),
      })
      .map((search) => searchOf(searchedType, search));
  });
}

function searchOf(
  type: string,
  search: {
    readonly clauses: readonly Clause[];
    readonly includes: readonly string[];
    readonly reverse: readonly string[];
    readonly count: number;
  },
): Request {
  const { clauses, includes, reverse, count } = search;
  const query = [
    ...clauses.map(({ text }) => text),
    ...(count === 0
      ? []
      : [...includes.map((one) => `_include=${one}`), ...reverse.map((one) => `_revinclude=${one}`)]),
    `_count=${count}`,
    '_total=accurate',
  ];
  return {
    path: `${type}?${query.join('&')}`,
    expected(world, grant) {
      if (!knownTo(grant, type)) return { status: 401 };
      const allowed = allowedBy(grant);
      const mayAsk = (one: string) => (allowed.get(one)?.search ?? []).length > 0;
      if (![type, ...clauses.flatMap(({ needs }) => needs)].every(mayAsk)) return refused(grant, type);
      const matching = [...world.all()].filter((held) => {
        const now = held.versions.at(-1);
        return (
          held.type === type &&
          now !== undefined &&
          clauses.every((clause) => clause.holds(world, grant, allowed, now))
        );
      });
      const matches = matching.filter((held) => world.sees(grant, allowed, held, 'search'));
      const suppressed = matching.some(
        (held) =>
          world.isWithheld(held) &&
          type !== 'Provenance' &&
          world.seesWithStatus(grant, allowed, held, 'search'),
      );
      if (count === 0) return { status: 200, matches: [], included: [], total: matches.length, suppressed };
      const names = new Set(matches.map(nameOf));
      const brought = new Set<string>();
      for (const include of includes)
        for (const held of matches)
          for (const target of referencesOf(held.versions.at(-1)!, include.split(':')[1]!))
            brought.add(target);
      const included = [...world.all()].filter((held) => {
        if (!isThere(held) || names.has(nameOf(held)) || !world.sees(grant, allowed, held, 'search'))
          return false;
        const refers = reverse.some((one) => {
          const [source, param = ''] = one.split(':');
          return (
            held.type === source &&
            referencesOf(held.versions.at(-1)!, param).some((target) => names.has(target))
          );
        });
        return refers || brought.has(nameOf(held));
      });
      return {
        status: 200,
        matches: [...names],
        included: included.map(nameOf),
        total: matches.length,
        suppressed,
      };
    },
  };
}

export const nameOf = ({ type, id }: Held) => `${type}/${id}`;
const isThere = ({ versions }: Held) => versions.at(-1) !== undefined;
