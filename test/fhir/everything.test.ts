// Patient/[id]/$everything (https://hl7.org/fhir/R4/patient-operation-everything.html)
import assert from 'node:assert/strict';
import type { OAuthTables } from '../../src/oauth/schema.ts';
import { tokenDigest } from '../../src/oauth/token-digest.ts';
import { memberTypes } from '../../src/smart/data-classes.ts';
import { testOnEachDatabase } from '../databases.ts';
import { startPortico, type Token } from '../portico.ts';

interface Bundle {
  readonly entry?: readonly {
    readonly resource: { readonly resourceType: string; readonly id: string };
    readonly search: { readonly mode: string };
  }[];
  readonly link: readonly { readonly relation: string; readonly url: string }[];
  readonly total?: number;
  readonly issue?: readonly { readonly diagnostics: string }[];
}

const me = 'cco-100001';
const other = 'cco-100004';

testOnEachDatabase(
  '$everything is all that the searches of each type find, once, page by page',
  async (place, context) => {
    const server = await startPortico(context, place);
    const token = await server.token('cco', 'maria.delgado');
    const collect = async (path: string) => {
      const found: string[] = [];
      let pages = 0;
      for (let next: string | undefined = path; next !== undefined; pages++) {
        const answer = await server.get(next, token);
        assert.equal(answer.status, 200, next);
        const bundle = (await answer.json()) as Bundle;
        const matches = (bundle.entry ?? []).filter((entry) => entry.search.mode === 'match');
        found.push(...matches.map(({ resource }) => `${resource.resourceType}/${resource.id}`));
        next = bundle.link.find((link) => link.relation === 'next')?.url;
      }
      return { found, pages };
    };
    const expected: string[] = [];
    for (const type of memberTypes.filter((name) => server.portico.plan.definitions.servedTypes.has(name)))
      expected.push(...(await collect(`/cco/fhir/${type}?_count=500`)).found);
    const whole = await collect(`/cco/fhir/Patient/${me}/$everything?_count=37`);
    assert.ok(whole.pages > 3);
    assert.deepEqual(whole.found.toSorted(), expected.sort());
    assert.equal(whole.found[0], `Patient/${me}`);
    const exact = await collect(`/cco/fhir/Patient/${me}/$everything?_count=1&_type=Patient,Coverage`);
    assert.deepEqual(
      exact.found.toSorted(),
      expected.filter((name) => /^(Patient|Coverage)\//.test(name)),
    );
    const later = await collect(`/cco/fhir/Patient/${me}/$everything?_since=2100-01-01`);
    assert.deepEqual(later.found, []);
    const first = (await (await server.get(`/cco/fhir/Patient/${me}/$everything`, token)).json()) as Bundle;
    const included = first.entry!.filter((entry) => entry.search.mode === 'include');
    assert.ok(included.some(({ resource }) => resource.resourceType === 'Practitioner'));
  },
);

testOnEachDatabase(
  '$everything is of the patient that was granted, as far as the scopes go',
  async (place, context) => {
    const server = await startPortico(context, place);
    const ask = async (token: Token | undefined, path: string) => {
      const answer = await server.get(`/cco/fhir/Patient/${path}`, token);
      return { status: answer.status, text: (await answer.text()).replace(/\(request [^)]*\)/, '') };
    };
    const mine = await server.token('cco', 'maria.delgado');
    const foreign = await ask(mine, `${other}/$everything`);
    assert.equal(foreign.status, 404);
    assert.deepEqual(foreign, await ask(mine, 'no-such-id/$everything'));
    assert.equal((await ask(undefined, `${me}/$everything`)).status, 401);
    const narrow = await server.token(
      'cco',
      'maria.delgado',
      'openid patientapi.demographics.read patientapi.coverage.read',
    );
    const { entry } = JSON.parse((await ask(narrow, `${me}/$everything?_count=500`)).text) as Bundle;
    const types = new Set(
      entry!.filter(({ search }) => search.mode === 'match').map(({ resource }) => resource.resourceType),
    );
    for (const type of types) assert.ok(['Patient', 'RelatedPerson', 'Coverage'].includes(type), type);
    // A refresh may narrow the scopes of a grant between two pages.
    const narrowed = await server.token('cco', 'maria.delgado');
    const path = `/cco/fhir/Patient/${me}/$everything?_count=2&_type=Patient,Coverage,Observation`;
    const before = (await (await server.get(path, narrowed)).json()) as Bundle;
    await server.portico.plan.db
      .as<OAuthTables>()
      .updateTable('oauth_record')
      .set({ scope: 'openid patientapi.demographics.read' })
      .where('id_hash', '=', tokenDigest(narrowed.access_token))
      .execute();
    const onward = await server.get(before.link.find((link) => link.relation === 'next')!.url, narrowed);
    assert.equal(onward.status, 400);
    assert.match(((await onward.json()) as Bundle).issue![0]!.diagnostics, /^_page: /);
    const claims = await server.token('cco', 'maria.delgado', 'openid patientapi.claims.read');
    assert.equal((await ask(claims, `${me}/$everything`)).status, 403);
    for (const [query, said] of [
      ['_type=Nonsense', '_type'],
      ['_type=Organization', '_type'],
      ['_since=yesterday', '_since'],
      ['_count=0', '_count'],
      ['_count=x', '_count'],
      ['start=yesterday', 'start: '],
      ['end=2020-02-30', 'end: '],
      ['start=2021&end=2020', 'end: is before start'],
      ['_pretty=perhaps', '_pretty: '],
      ['_page=forged', '_page'],
    ] as const) {
      const { status, text } = await ask(mine, `${me}/$everything?${query}`);
      assert.equal(status, 400, query);
      assert.ok((JSON.parse(text) as Bundle).issue![0]!.diagnostics.includes(said), text);
    }
  },
);

testOnEachDatabase(
  '$everything of a time is the care of that time and what has no date',
  async (place, context) => {
    const server = await startPortico(context, place);
    const token = await server.token('cco', 'maria.delgado');
    const collect = async (first: Response) => {
      const found: { resourceType: string; id: string; [element: string]: unknown }[] = [];
      let answer = first;
      for (;;) {
        const text = await answer.text();
        assert.equal(answer.status, 200, text);
        const bundle = JSON.parse(text) as Bundle;
        for (const { resource, search } of bundle.entry ?? [])
          if (search.mode === 'match') found.push(resource);
        const next = bundle.link.find(({ relation }) => relation === 'next')?.url;
        if (next === undefined) return found;
        answer = await server.get(next, token);
      }
    };
    const ask = async (query: string) =>
      collect(await server.get(`/cco/fhir/Patient/${me}/$everything?${query}`, token));
    const whole = await ask('_count=500');
    const year = await ask('start=2024&end=2024&_count=50');
    const names = (found: readonly { resourceType: string; id: string }[], type: string) =>
      found
        .filter(({ resourceType }) => resourceType === type)
        .map(({ id }) => id)
        .sort();
    // Without a date of care they are of every time.
    for (const type of ['Patient', 'Coverage', 'Goal', 'CareTeam', 'Provenance'])
      assert.deepEqual(names(year, type), names(whole, type), type);
    const of = (found: readonly Record<string, unknown>[], type: string, date: (resource: Json) => unknown) =>
      found
        .filter(({ resourceType }) => resourceType === type)
        .map((resource) => String(date(resource as Json)));
    type Json = Record<string, Record<string, unknown>>;
    for (const [type, date] of [
      [
        'Observation',
        (resource: Json) => resource['effectiveDateTime'] ?? resource['effectivePeriod']?.['start'],
      ],
      ['ExplanationOfBenefit', (resource: Json) => resource['billablePeriod']!['start']],
      ['Encounter', (resource: Json) => resource['period']!['start']],
      ['Immunization', (resource: Json) => resource['occurrenceDateTime']],
      ['DocumentReference', (resource: Json) => (resource['context']!['period'] as Json)['start']],
    ] as const) {
      const expected = of(whole, type, date)
        .filter((value) => value.startsWith('2024'))
        .sort();
      assert.ok(expected.length > 0, type);
      assert.deepEqual(of(year, type, date).sort(), expected, type);
    }
    const before = await ask('end=2023-12-31&_type=Encounter');
    const after = await ask('start=2025-01-01&_type=Encounter');
    const within = names(year, 'Encounter');
    assert.deepEqual(
      [...names(before, 'Encounter'), ...within, ...names(after, 'Encounter')].sort(),
      names(whole, 'Encounter'),
    );

    const post = (body: string, type: string) =>
      fetch(`${server.base}/cco/fhir/Patient/${me}/$everything`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token.access_token}`, 'content-type': type },
        body,
      });
    const parameter = [
      { name: 'start', valueDate: '2024-01-01' },
      { name: 'end', valueDate: '2024-12-31' },
      { name: '_type', valueCode: 'Encounter' },
      { name: '_count', valueInteger: 1 },
    ];
    const posted = await collect(
      await post(JSON.stringify({ resourceType: 'Parameters', parameter }), 'application/fhir+json'),
    );
    assert.deepEqual(names(posted, 'Encounter'), within);
    const form = await collect(
      await post('start=2024&end=2024&_type=Encounter', 'application/x-www-form-urlencoded'),
    );
    assert.deepEqual(names(form, 'Encounter'), within);
    assert.equal(
      (
        await post(
          '{"resourceType":"Parameters","parameter":[{"name":"nick","valueCode":"x"}]}',
          'application/json',
        )
      ).status,
      400,
    );
  },
);
