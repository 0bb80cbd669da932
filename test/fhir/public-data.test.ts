// The provider directory and the formulary: for everybody, without a token, and without a trace of any member.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memberTypes, referenceTypes, referredTypes } from '../../src/smart/data-classes.ts';
import { sqlitePlace, testOnEachDatabase } from '../databases.ts';
import { startPortico } from '../portico.ts';

interface Bundle {
  readonly total?: number;
  readonly entry?: readonly { readonly resource: { readonly resourceType: string; readonly id: string } }[];
  readonly link: readonly { readonly relation: string; readonly url: string }[];
  readonly issue?: readonly { readonly code: string; readonly diagnostics: string }[];
}

/** Ids of the sandbox's members. */
const aMember = /(cco-1|adv-2)0\d{4}/;

testOnEachDatabase(
  'everybody reads the directory and the formulary, and no member is in them',
  async (place, context) => {
    const server = await startPortico(context, place);
    // A list of somebody's, and a location that names somebody, are no reference data.
    await server.portico.plan.store.writing('cco', (writer) =>
      writer.write(
        [
          {
            resourceType: 'List',
            id: 'of-a-member',
            status: 'current',
            mode: 'working',
            subject: { reference: 'Patient/cco-100001' },
          },
          {
            resourceType: 'Basic',
            id: 'about-a-member',
            code: { text: 'x' },
            subject: { reference: 'Patient/cco-100001' },
          },
          {
            resourceType: 'Location',
            id: 'home-of-a-member',
            name: 'x',
            extension: [
              { url: 'http://example.org/of', valueReference: { reference: 'Patient/cco-100001' } },
            ],
          },
        ].map((resource) => ({ resource })),
      ),
    );
    for (const line of ['cco', 'advantage']) {
      for (const type of referenceTypes) {
        let next: string | undefined = `/${line}/fhir/${type}?_count=200`;
        let found = 0;
        while (next !== undefined) {
          const answer = await server.get(next);
          const text = await answer.text();
          assert.equal(answer.status, 200, `${type}: ${text.slice(0, 200)}`);
          assert.equal(answer.headers.get('cache-control'), 'public, max-age=300');
          assert.equal(answer.headers.get('access-control-allow-origin'), '*');
          assert.doesNotMatch(text, aMember, type);
          const bundle = JSON.parse(text) as Bundle;
          found += bundle.entry?.length ?? 0;
          next = bundle.link.find((link) => link.relation === 'next')?.url;
        }
        assert.ok(found > 0, `no ${type} in ${line}`);
      }
    }
    for (const path of ['List/of-a-member', 'Basic/about-a-member', 'Location/home-of-a-member']) {
      assert.equal((await server.get(`/cco/fhir/${path}`)).status, 404, path);
    }
    const one = await server.get('/cco/fhir/Practitioner/cco-prac-1');
    assert.equal(one.status, 200);
    assert.ok(one.headers.get('etag'));
    assert.equal((await server.get('/advantage/fhir/Practitioner/cco-prac-1')).status, 404);
  },
);

testOnEachDatabase('nothing else is open', async (place, context) => {
  const server = await startPortico(context, place);
  for (const type of [...memberTypes, ...referredTypes]) {
    if (!server.portico.plan.definitions.servedTypes.has(type)) continue;
    for (const path of [type, `${type}?_count=0`, `${type}/x`, `${type}/x/_history`]) {
      assert.equal((await server.get(`/cco/fhir/${path}`)).status, 401, path);
    }
  }
  for (const path of [
    'Practitioner?_revinclude=Provenance:target',
    'Organization?_revinclude=Coverage:payor&_revinclude=ExplanationOfBenefit:insurer',
    'List?_include=List:subject&_include=List:source',
    'Basic?_include=Basic:*',
  ]) {
    const text = await (await server.get(`/cco/fhir/${path}`)).text();
    assert.doesNotMatch(text, aMember, path);
    assert.doesNotMatch(text, /"resourceType":"(Patient|Coverage|ExplanationOfBenefit|Provenance)"/, path);
  }
  for (const path of [
    'Organization?_has:Coverage:payor:_id=x',
    'Practitioner?_has:ExplanationOfBenefit:provider:_id=x',
    'List?subject:Patient.family=Delgado',
  ]) {
    assert.equal((await server.get(`/cco/fhir/${path}`)).status, 403, path);
  }
  const wrong = await server.get('/cco/fhir/Practitioner', {
    access_token: 'x'.repeat(43),
    patient: '',
    scope: '',
  });
  assert.equal(wrong.status, 401, 'a wrong token is told, even where none is needed');
});

testOnEachDatabase(
  'a search by drug names the plan (seed, rule of the formulary)',
  async (place, context) => {
    const server = await startPortico(context, place);
    const ask = async (query: string) => {
      const answer = await server.get(`/cco/fhir/MedicationKnowledge?${query}`);
      return { status: answer.status, bundle: (await answer.json()) as Bundle };
    };
    for (const query of [
      'DrugTier=generic',
      'drugtier=generic',
      'drugname=a',
      'DrugName:contains=in&status=active',
    ]) {
      const { status, bundle } = await ask(query);
      assert.equal(status, 400, query);
      assert.match(bundle.issue![0]!.diagnostics, /needs DrugPlan \(or drugplan\)/);
      assert.equal(bundle.issue![0]!.code, 'required');
    }
    const all = await ask('_count=100');
    const plan = JSON.stringify(all.bundle).match(/PlanID-extension","valueString":"([^"]+)"/)?.[1];
    assert.ok(plan, 'the sandbox has a formulary of version 1.1.0');
    for (const query of [`DrugPlan=${plan}`, `drugplan=${plan}`, `DRUGPLAN=${plan}&drugname=a`]) {
      const { status, bundle } = await ask(query);
      assert.equal(status, 200, query);
      assert.ok((bundle.entry ?? []).length > 0, query);
    }
    assert.equal((await ask('drug-name=a')).status, 200, 'the form of version 2.0.1 needs none');
    assert.equal((await ask('status=active')).status, 200);
  },
);

test('requests without a token are counted for each address', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context), { publicRequestsPerMinute: 20 });
  const token = await server.token('cco', 'maria.delgado');
  const first = await server.get('/cco/fhir/Organization?_count=1');
  assert.equal(first.headers.get('ratelimit-limit'), '20');
  const left = Number(first.headers.get('ratelimit-remaining'));
  for (let n = 0; n < left; n++)
    assert.equal((await server.get('/cco/fhir/Organization?_count=1')).status, 200);
  const refused = await server.get('/cco/fhir/Organization?_count=1');
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  assert.equal(refused.headers.get('access-control-allow-origin'), '*');
  const outcome = (await refused.json()) as Bundle;
  assert.equal(outcome.issue![0]!.code, 'throttled');
  assert.match(outcome.issue![0]!.diagnostics, /20 requests a minute/);
  assert.equal((await server.get('/cco/fhir/Organization?_count=1', token)).status, 200);
});
