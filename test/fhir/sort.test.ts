// _sort (https://hl7.org/fhir/R4/search.html#sort): in order over all pages, each match once.
import assert from 'node:assert/strict';
import { testOnEachDatabase } from '../databases.ts';
import { startPortico } from '../portico.ts';

interface Bundle {
  readonly entry?: readonly {
    readonly resource: { readonly id: string; readonly [name: string]: unknown };
  }[];
  readonly link: readonly { readonly relation: string; readonly url: string }[];
  readonly issue?: readonly { readonly diagnostics: string }[];
}

type Resource = NonNullable<Bundle['entry']>[number]['resource'];

const text = (value: unknown, ...path: (string | number)[]): string =>
  path.reduce<unknown>(
    (at, name) => (at as Record<string | number, unknown> | undefined)?.[name],
    value,
  ) as string;

testOnEachDatabase(
  'pages come in the order asked for, with what has no value last',
  async (place, context) => {
    const server = await startPortico(context, place);
    const token = await server.token('cco', 'maria.delgado');
    // Two without a date, and two that differ in nothing that is sorted by.
    await server.portico.plan.store.writing('cco', (writer) =>
      writer.write(
        ['undated-1', 'undated-2'].map((id) => ({
          resource: {
            resourceType: 'Observation',
            id,
            status: 'final',
            code: { text: 'x' },
            subject: { reference: 'Patient/cco-100001' },
          },
        })),
      ),
    );
    const all = async (path: string): Promise<Resource[]> => {
      const found: Resource[] = [];
      for (let next: string | undefined = `/cco/fhir/${path}`; next !== undefined; ) {
        const answer = await server.get(next, token);
        assert.equal(answer.status, 200, `${next}: ${await answer.clone().text()}`);
        const bundle = (await answer.json()) as Bundle;
        found.push(...(bundle.entry ?? []).map(({ resource }) => resource));
        next = bundle.link.find((link) => link.relation === 'next')?.url;
      }
      return found;
    };
    const plain = (await all('Observation?_count=500')).map(({ id }) => id).sort();
    for (const [sort, value] of [
      [
        'date',
        (resource: Resource) =>
          text(resource, 'effectiveDateTime') ?? text(resource, 'effectivePeriod', 'start'),
      ],
      ['_id', (resource: Resource) => resource.id],
      ['_lastUpdated', (resource: Resource) => text(resource, 'meta', 'lastUpdated')],
    ] as const) {
      for (const descending of [false, true]) {
        const found = await all(`Observation?_sort=${descending ? '-' : ''}${sort}&_count=17`);
        assert.deepEqual(found.map(({ id }) => id).sort(), plain, `${sort}: each once`);
        const values = found.map(value);
        const dated = values.filter((one) => one !== undefined);
        assert.deepEqual(values.slice(0, dated.length), dated, `${sort}: those without a value come last`);
        const instants = dated.map((one) =>
          sort === 'date' ? Date.parse(one.length === 10 ? `${one}T00:00:00Z` : one) : one,
        );
        for (let at = 1; at < instants.length; at++)
          assert.ok(
            descending ? instants[at - 1]! >= instants[at]! : instants[at - 1]! <= instants[at]!,
            `${sort}: ${instants[at - 1]} before ${instants[at]}`,
          );
      }
    }
    const two = await all('Observation?_sort=status,-date&_count=11&category=laboratory');
    const pairs = two.map(
      (resource) => [text(resource, 'status'), text(resource, 'effectiveDateTime')] as const,
    );
    for (let at = 1; at < pairs.length; at++) {
      const [before, here] = [pairs[at - 1]!, pairs[at]!];
      assert.ok(before[0] < here[0] || (before[0] === here[0] && before[1] >= here[1]));
    }
    const directory = await all('Practitioner?_sort=family&_count=3');
    const families = directory.map((resource) => text(resource, 'name', 0, 'family').toLowerCase());
    assert.deepEqual(families, families.toSorted());
  },
);

testOnEachDatabase('what has no order is refused', async (place, context) => {
  const server = await startPortico(context, place);
  const token = await server.token('cco', 'maria.delgado');
  for (const [query, said] of [
    ['_sort=nonsense', "'nonsense' is no search parameter"],
    ['_sort=patient', 'is a reference, which has no order'],
    ['_sort=', "''"],
    ['_sort=date,status,code,category', 'more than 3'],
    ['_sort=date&_sort=code', 'more than once'],
    ['_sortedAfter=[1]', '_sortedAfter'],
  ] as const) {
    const answer = await server.get(`/cco/fhir/Observation?${query}`, token);
    const { issue } = (await answer.json()) as Bundle;
    assert.equal(answer.status, 400, query);
    assert.ok(issue![0]!.diagnostics.includes(said), `${query}: ${issue![0]!.diagnostics}`);
  }
});
