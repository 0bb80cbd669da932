// history of a type and of an instance (https://hl7.org/fhir/R4/http.html#history): what was, as far as who asks may see it now.
import assert from 'node:assert/strict';
import type { FhirResource } from '../../src/fhir/fhir-resource.ts';
import type { Write } from '../../src/fhir/store/write-resources.ts';
import { structureCheck } from '../../src/fhir/validate/check-structure.ts';
import { testOnEachDatabase } from '../databases.ts';
import { type RunningPortico, startPortico, type Token } from '../portico.ts';

const me = 'cco-100001';
const other = 'cco-100004';

interface Bundle {
  readonly type: string;
  readonly link: readonly { readonly relation: string; readonly url: string }[];
  readonly entry?: readonly {
    readonly fullUrl: string;
    readonly resource?: FhirResource;
    readonly request: { readonly method: string; readonly url: string };
    readonly response: { readonly status: string; readonly etag: string; readonly lastModified: string };
  }[];
}

const goal = (id: string, patient: string, text: string): Write => ({
  resource: {
    resourceType: 'Goal',
    id,
    lifecycleStatus: 'active',
    description: { text },
    subject: { reference: `Patient/${patient}` },
  },
});

const observation = (id: string, category: string, text: string): Write => ({
  resource: {
    resourceType: 'Observation',
    id,
    status: 'final',
    category: [
      { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: category }] },
    ],
    code: { text },
    subject: { reference: `Patient/${me}` },
  },
});

const write = (server: RunningPortico, ...writes: Write[]) =>
  server.portico.plan.store.writing('cco', (writer) => writer.write(writes));

/** Entries of all pages, as `METHOD id version text`. */
async function collect(server: RunningPortico, path: string, token: Token | undefined) {
  const found: string[] = [];
  const check = structureCheck();
  let pages = 0;
  for (let next: string | undefined = path; next !== undefined; pages++) {
    const answer = await server.get(next, token);
    const text = await answer.text();
    assert.equal(answer.status, 200, `${next} ${text}`);
    const bundle = JSON.parse(text) as Bundle;
    assert.deepEqual(
      check(bundle).filter(({ severity }) => severity === 'error'),
      [],
    );
    assert.equal(bundle.type, 'history');
    for (const { fullUrl, resource, request, response } of bundle.entry ?? []) {
      const said = JSON.stringify(resource?.['description'] ?? resource?.['code'] ?? '');
      found.push(
        `${request.method} ${fullUrl.split('/').at(-1)} ${response.etag} ${/"text":"([^"]*)"/.exec(said)?.[1] ?? '-'}`,
      );
    }
    next = bundle.link.find(({ relation }) => relation === 'next')?.url;
  }
  return { found, pages };
}

testOnEachDatabase(
  'the history of a type has every version, newest first, page by page',
  async (place, context) => {
    const server = await startPortico(context, place);
    const token = await server.token('cco', 'maria.delgado');
    const before = await collect(server, '/cco/fhir/Goal/_history', token);
    const since = new Date().toISOString();
    await write(server, goal('new-1', me, 'one'), goal('new-2', me, 'two'), goal('theirs', other, 'secret'));
    await write(server, goal('new-1', me, 'one again'), goal('theirs', other, 'secret again'));
    await write(
      server,
      { delete: { type: 'Goal', id: 'new-2' } },
      { delete: { type: 'Goal', id: 'theirs' } },
    );
    await write(server, goal('new-2', me, 'two is back'));
    const expected = [
      'PUT new-2 W/"3" two is back',
      'DELETE new-2 W/"2" -',
      'PUT new-1 W/"2" one again',
      'POST new-2 W/"1" two',
      'POST new-1 W/"1" one',
    ];
    const whole = await collect(server, '/cco/fhir/Goal/_history?_count=2', token);
    assert.deepEqual(whole.found, [...expected, ...before.found]);
    assert.ok(whole.pages >= 3);
    assert.deepEqual(
      (await collect(server, `/cco/fhir/Goal/_history?_since=${since}&_count=1`, token)).found,
      expected,
    );
    assert.deepEqual((await collect(server, '/cco/fhir/Goal/_history?_since=2100-01-01', token)).found, []);

    // What is written between two pages disturbs nothing.
    const first = (await (await server.get('/cco/fhir/Goal/_history?_count=3', token)).json()) as Bundle;
    await write(server, goal('new-3', me, 'three'));
    const onward = first.link.find(({ relation }) => relation === 'next')!.url;
    assert.deepEqual((await collect(server, onward, token)).found, [...expected.slice(3), ...before.found]);
    const theirs = await server.token('cco', 'james.okafor');
    for (const url of [`${onward.slice(0, -4)}AAAA`, onward.replace('Goal', 'Condition')])
      assert.equal((await server.get(url, token)).status, 400, url);
    assert.equal((await server.get(onward, theirs)).status, 400);

    const instance = await collect(server, '/cco/fhir/Goal/new-2/_history?_count=1', token);
    assert.deepEqual(instance, {
      found: ['PUT new-2 W/"3" two is back', 'DELETE new-2 W/"2" -', 'POST new-2 W/"1" two'],
      pages: 3,
    });
    assert.deepEqual(
      (await collect(server, '/cco/fhir/Goal/new-2/_history?_since=2100-01-01', token)).found,
      [],
    );
    assert.equal((await server.get('/cco/fhir/Goal/theirs/_history', token)).status, 404);
    assert.equal((await server.get('/cco/fhir/Goal/theirs/_history?_since=2100-01-01', token)).status, 404);

    for (const [query, says] of [
      ['_count=0', /_count: '0'/],
      ['_count=x', /_count: 'x'/],
      ['_since=soon', /_since: 'soon' is not an instant/],
      ['_since=2024-13-01', /no month 13/],
      ['_at=2024', /'_at' is no parameter/],
      ['_page=forged', /_page: /],
      ['_count=1&_count=2', /_count is given more than once/],
    ] as const) {
      for (const path of ['Goal', 'Goal/new-1']) {
        const answer = await server.get(`/cco/fhir/${path}/_history?${query}`, token);
        assert.equal(answer.status, 400, `${path} ${query}`);
        assert.match(await answer.text(), says);
      }
    }
    for (const [path, as, status] of [
      ['Slot', token, 404],
      ['Group', token, 403],
      ['Goal', undefined, 401],
      ['Practitioner', undefined, 200],
      ['Binary', token, 200],
    ] as const)
      assert.equal((await server.get(`/cco/fhir/${path}/_history`, as)).status, status, path);
  },
);

testOnEachDatabase(
  'a history shows nothing that is another’s now, nor what the scopes leave out',
  async (place, context) => {
    const server = await startPortico(context, place);
    await write(server, goal('moved', other, 'of the other'), goal('leaves', me, 'was mine'));
    await write(server, goal('moved', me, 'of me'), goal('leaves', other, 'is theirs'));
    await write(
      server,
      observation('lab', 'laboratory', 'blood'),
      observation('social', 'social-history', 'smoker'),
    );
    await write(
      server,
      observation('lab', 'social-history', 'drinker'),
      observation('social', 'laboratory', 'urine'),
    );
    await write(
      server,
      observation('gone', 'social-history', 'private'),
      observation('gone-lab', 'laboratory', 'iron'),
    );
    await write(server, observation('gone', 'social-history', 'private still'));
    await write(
      server,
      { delete: { type: 'Observation', id: 'gone' } },
      { delete: { type: 'Observation', id: 'gone-lab' } },
    );
    const mine = await server.token('cco', 'maria.delgado');
    const goals = (await collect(server, '/cco/fhir/Goal/_history', mine)).found.filter((entry) =>
      /moved|leaves/.test(entry),
    );
    assert.deepEqual(goals, ['PUT moved W/"2" of me']);
    const ours = /^(?:lab|social|gone|gone-lab)$/;
    const seenBy = async (token: Token) =>
      (await collect(server, '/cco/fhir/Observation/_history?_count=500', token)).found.filter((entry) =>
        ours.test(entry.split(' ')[1]!),
      );
    const labs = await server.token('cco', 'maria.delgado', 'openid patientapi.labs.read');
    assert.deepEqual(await seenBy(labs), ['PUT social W/"2" urine']);
    // Everything but labs and vital signs; of what is deleted it is not known any more which it was.
    const social = await server.token('cco', 'maria.delgado', 'openid patientapi.observations.read');
    assert.deepEqual(await seenBy(social), ['PUT lab W/"2" drinker']);
    for (const path of [
      'gone',
      'gone/_history',
      'gone/_history/1',
      'gone-lab',
      'gone-lab/_history',
      'gone-lab/_history/1',
    ]) {
      for (const token of [labs, social])
        assert.equal((await server.get(`/cco/fhir/Observation/${path}`, token)).status, 404, path);
    }
    // Who sees the whole type, by whatever scopes, sees that it is gone.
    const all = await seenBy(mine);
    assert.deepEqual(all.filter((entry) => entry.startsWith('DELETE')).sort(), [
      'DELETE gone W/"3" -',
      'DELETE gone-lab W/"2" -',
    ]);
    assert.equal((await server.get('/cco/fhir/Observation/gone', mine)).status, 410);
    const readOnly = await server.token('cco', 'maria.delgado', 'openid patient/Goal.r');
    assert.equal((await server.get('/cco/fhir/Goal/moved/_history', readOnly)).status, 200);
    assert.equal((await server.get('/cco/fhir/Goal/_history', readOnly)).status, 403);
  },
);
