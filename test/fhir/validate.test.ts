// $validate over HTTP (https://hl7.org/fhir/R4/resource-operation-validate.html)
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { structureCheck } from '../../src/fhir/validate/check-structure.ts';
import { sqlitePlace } from '../databases.ts';
import { startPortico, type Token } from '../portico.ts';

interface Outcome {
  readonly resourceType: string;
  readonly issue: readonly {
    readonly severity: string;
    readonly code: string;
    readonly diagnostics: string;
    readonly expression?: readonly string[];
  }[];
}

const member = 'cco-100001';
const profile = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient';
const patient = {
  resourceType: 'Patient',
  id: 'a',
  meta: { profile: [`${profile}|6.1.0`] },
  identifier: [{ system: 'http://plan.example/member', value: 'Secret-4711' }],
  name: [{ family: 'Secretperson', given: ['A'] }],
  gender: 'female',
};
const { gender: _, ...genderless } = patient;
const weight = {
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'weight' },
  valueQuantity: { value: 1, code: 'kg' },
};

test('$validate over HTTP', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const token = await server.token('cco', 'maria.delgado');
  const post = (
    path: string,
    body: unknown,
    as: Token | undefined = token,
    type = 'application/fhir+json',
  ): Promise<Response> =>
    fetch(`${server.base}/cco/fhir/${path}`, {
      method: 'POST',
      headers: {
        'content-type': type,
        ...(as === undefined ? {} : { authorization: `Bearer ${as.access_token}` }),
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const issues = async (answer: Response): Promise<string[]> => {
    assert.equal(answer.status, 200);
    const outcome = (await answer.json()) as Outcome;
    assert.deepEqual(structureCheck()(outcome), []);
    assert.doesNotMatch(JSON.stringify(outcome), /Secret/);
    return outcome.issue.map(
      ({ severity, code, diagnostics, expression }) =>
        `${severity} ${code} ${expression?.[0] ?? ''}: ${diagnostics}`,
    );
  };
  const parameters = (...parameter: object[]) => ({ resourceType: 'Parameters', parameter });

  await context.test('says that nothing is wrong', async () => {
    assert.deepEqual(await issues(await post('Patient/$validate', patient)), [
      'information informational : nothing wrong was found',
    ]);
  });

  await context.test('names the element, the profile and the rule', async () => {
    assert.deepEqual(await issues(await post('Patient/$validate', genderless)), [
      'error required Patient.gender: gender must be there (us-core-patient)',
    ]);
  });

  await context.test('is held by base R4 where no profile is declared, with FHIRPath places', async () => {
    assert.deepEqual(await issues(await post('Observation/$validate', weight)), [
      'error invariant Observation.value: Quantity breaks the rule qty-3 (Observation)',
    ]);
  });

  await context.test('takes a profile from the query and from Parameters', async () => {
    const { meta: __, ...bare } = genderless;
    const expected = ['error required Patient.gender: gender must be there (us-core-patient)'];
    assert.deepEqual(await issues(await post('Patient/$validate', bare)), [
      'information informational : nothing wrong was found',
    ]);
    const byQuery = await post(`Patient/$validate?profile=${encodeURIComponent(profile)}`, bare);
    assert.deepEqual(await issues(byQuery), expected);
    const body = parameters(
      { name: 'resource', resource: bare },
      { name: 'mode', valueCode: 'create' },
      { name: 'profile', valueUri: profile },
    );
    assert.deepEqual(await issues(await post('Patient/$validate', body)), expected);
  });

  await context.test('tells what is no R4 before any profile', async () => {
    assert.deepEqual(await issues(await post('Patient/$validate', { ...genderless, colour: 'blue' })), [
      'error structure Patient.colour: R4 has no such element in Patient',
      'information incomplete : profiles are not looked at until the structure is right',
    ]);
  });

  await context.test('checks what is held, as far as the token sees it', async () => {
    const held = await server.get(`/cco/fhir/Patient/${member}/$validate`, token);
    assert.deepEqual(
      (await issues(held)).filter((issue) => issue.startsWith('error')),
      [],
    );
    assert.equal((await server.get('/cco/fhir/Patient/cco-100002/$validate', token)).status, 404);
    assert.equal((await post('Patient/cco-100002/$validate', '')).status, 404);
    assert.equal((await post(`Patient/${member}/$validate`, { ...patient, id: member })).status, 200);
  });

  const wrong: [title: string, path: string, body: unknown, status: number, says: RegExp][] = [
    ['no body', 'Patient/$validate', '', 400, /The body must be the resource/],
    ['a body that is no JSON', 'Patient/$validate', '{"Secret', 400, /no valid JSON/],
    ['a body that is no resource', 'Patient/$validate', [], 400, /is no JSON object/],
    ['another type', 'Observation/$validate', patient, 400, /resource: must be the Observation/],
    ['another id', 'Patient/b/$validate', patient, 400, /resource: its id/],
    ['an unknown profile', 'Patient/$validate?profile=http://x', patient, 400, /profile: this profile/],
    ['an unknown mode', 'Patient/$validate?mode=delete', patient, 400, /mode: is none of/],
    ['an unknown parameter', 'Patient/$validate?strict=true', patient, 400, /'strict' is no parameter/],
    ['a type that is not served', 'Basket/$validate', patient, 404, /'Basket' is no FHIR R4/],
    [
      'a foreign name in Parameters',
      'Patient/$validate',
      parameters({ name: 'Secret' }),
      400,
      /resource, mode and profile/,
    ],
    [
      'Parameters without the resource',
      'Patient/$validate',
      parameters({ name: 'mode', valueCode: 'create' }),
      400,
      /resource: Parameters must have it/,
    ],
    [
      'a resource over the limit',
      'Patient/$validate',
      { ...patient, language: 'x'.repeat(300_000) },
      413,
      /resource: has more than 262144/,
    ],
    [
      'a body over the limit',
      'Patient/$validate',
      { ...patient, language: 'x'.repeat(1_100_000) },
      413,
      /larger/,
    ],
  ];
  for (const [title, path, body, status, says] of wrong)
    await context.test(`refuses ${title}`, async () => {
      const answer = await post(path, body);
      const text = await answer.text();
      assert.deepEqual([answer.status, says.test(text), /Secret/.test(text)], [status, true, false], text);
    });

  await context.test('needs a token, also for what is public', async () => {
    const organization = { resourceType: 'Organization', name: 'x' };
    for (const [path, body] of [
      ['Patient/$validate', patient],
      ['Organization/$validate', organization],
    ] as const) {
      const anonymous = await fetch(`${server.base}/cco/fhir/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/fhir+json' },
        body: JSON.stringify(body),
      });
      assert.equal(anonymous.status, 401, path);
    }
  });

  await context.test('reads no other media type', async () => {
    assert.equal((await post('Patient/$validate', 'x', token, 'text/plain')).status, 415);
  });

  await context.test('is declared in /metadata', async () => {
    const metadata = await (await server.get('/cco/fhir/metadata')).text();
    assert.match(metadata, /OperationDefinition\/Resource-validate/);
    assert.doesNotMatch(metadata, /"code":"validate"/);
  });

  await context.test('ends soon on a resource that is made to take long', async () => {
    const many = (count: number, make: (at: number) => object) =>
      Array.from({ length: count }, (_, at) => make(at));
    const claim = {
      resourceType: 'ExplanationOfBenefit',
      meta: {
        profile: ['http://hl7.org/fhir/us/carin-bb/StructureDefinition/C4BB-ExplanationOfBenefit-Oral|2.1.0'],
      },
      status: 'active',
      item: many(1500, (at) => ({
        sequence: at + 1,
        informationSequence: [at + 1, at + 2, at + 3],
        subSite: [{ text: 'x' }],
      })),
      supportingInfo: many(1500, (at) => ({
        sequence: at + 1,
        category: { coding: [{ code: 'additionalbodysite' }] },
      })),
    };
    const text = JSON.stringify(claim);
    assert.ok(text.length < 262_144 && text.length > 200_000, String(text.length));
    const started = performance.now();
    const answer = await post('ExplanationOfBenefit/$validate', text);
    assert.equal(answer.status, 200);
    assert.ok(performance.now() - started < 5000, String(performance.now() - started));
  });
});
