// The conformance runner must be able to fail: a server that is spoilt in one way, and the row that tells.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Row } from '../../conformance/row.ts';
import { openConformanceValidator, runConformance } from '../../conformance/run-conformance.ts';
import type { Fetch } from '../../conformance/view.ts';
import { loadGuides } from '../../src/fhir/definitions/guides.ts';
import { sqlitePlace } from '../databases.ts';
import { startPortico } from '../portico.ts';

type Json = Record<string, unknown>;
interface Entry {
  readonly fullUrl?: string;
  readonly resource: Json & { readonly id: string };
  readonly search?: { readonly mode: string };
}

const types = ['Patient', 'Observation', 'MedicationRequest', 'PractitionerRole', 'Location', 'Provenance'];
const guides = loadGuides().filter(({ id }) => id === 'us-core-6.1.0' || id === 'plan-net-1.1.0');
const isWell = (row: Row) => row.outcome === 'passed' || row.outcome === 'not offered';
const titleOf = (row: Row) => `${row.type} ${row.kind} ${row.name}`;

/** Sends another request than was asked, or answers another body than came. */
interface Spoilt {
  readonly how: string;
  readonly request?: (url: URL) => void;
  readonly post?: (body: string) => string;
  readonly answer?: (body: Json, url: URL) => Json | undefined;
  /** What has to fail: `kind name` of some row. */
  readonly told: RegExp;
}

const asksSomething = (url: URL) => [...url.searchParams.keys()].some((name) => !name.startsWith('_count'));
const entriesOf = (body: Json) => (body['entry'] as Entry[] | undefined) ?? [];
const isSearch = (body: Json) => body['type'] === 'searchset';
const eachParam = (url: URL, change: (name: string, value: string) => [string, string] | undefined) => {
  const changed = [...url.searchParams].flatMap(([name, value]) => {
    const pair = change(name, value);
    return pair === undefined ? [] : [pair];
  });
  url.search = new URLSearchParams(changed).toString();
};
const without = (pattern: RegExp) => (url: URL) =>
  eachParam(url, (name, value) => (pattern.test(name) ? undefined : [name, value]));
/** Changes the resources of a type, alone or in a Bundle. */
const withEach = (body: Json, type: string, change: (resource: Json) => Json): Json => {
  const changed = <One extends Json>(one: One) => (one['resourceType'] === type ? (change(one) as One) : one);
  return body['entry'] === undefined
    ? changed(body)
    : { ...body, entry: entriesOf(body).map((entry) => ({ ...entry, resource: changed(entry.resource) })) };
};
let stray: Entry | undefined;

const spoilt: readonly Spoilt[] = [
  {
    how: 'leaves out a match',
    answer: (body, url) =>
      isSearch(body) && asksSomething(url) && entriesOf(body).length > 1
        ? { ...body, total: undefined, entry: entriesOf(body).slice(1) }
        : undefined,
    told: /parameter patient/,
  },
  {
    how: 'adds a resource that does not match',
    answer: (body, url) => {
      const [first] = entriesOf(body).filter(({ resource }) => resource['resourceType'] === 'Observation');
      if (!isSearch(body) || first === undefined) return undefined;
      if (!asksSomething(url)) stray = first;
      if (stray === undefined || entriesOf(body).some(({ resource }) => resource.id === stray?.resource.id))
        return undefined;
      return { ...body, total: undefined, entry: [...entriesOf(body), stray] };
    },
    told: /parameter code/,
  },
  {
    how: 'answers an entry twice',
    answer: (body) =>
      isSearch(body) && entriesOf(body).length > 0
        ? { ...body, entry: [...entriesOf(body), entriesOf(body)[0]] }
        : undefined,
    told: /interaction search-type/,
  },
  {
    how: 'ignores comparators',
    request: (url) =>
      eachParam(url, (name, value) => [name, value.replace(/^(gt|ge|lt|le|sa|eb)(?=\d)/, '')]),
    told: /parameter date/,
  },
  {
    how: 'takes ge for gt',
    request: (url) => eachParam(url, (name, value) => [name, value.replace(/^ge(?=\d)/, 'gt')]),
    told: /parameter date/,
  },
  { how: 'ignores a parameter', request: without(/^category$/), told: /parameter category/ },
  {
    how: 'ignores a part of a combination',
    request: (url) => {
      if (url.searchParams.has('patient')) url.searchParams.delete('code');
    },
    told: /combination patient \+ code/,
  },
  {
    how: 'takes only the first of several values',
    request: (url) => eachParam(url, (name, value) => [name, value.split(',')[0]!]),
    told: /parameter \w+ or/,
  },
  { how: 'ignores _include', request: without(/^_include$/), told: /_include PractitionerRole:/ },
  { how: 'ignores _revinclude', request: without(/^_revinclude$/), told: /_revinclude Provenance:target/ },
  {
    how: 'includes what nothing refers to',
    answer: (body, url) =>
      isSearch(body) && url.searchParams.has('_include')
        ? {
            ...body,
            entry: [
              ...entriesOf(body),
              {
                fullUrl: `${url.origin}/cco/fhir/Organization/stranger`,
                resource: { resourceType: 'Organization', id: 'stranger' },
                search: { mode: 'include' },
              },
            ],
          }
        : undefined,
    told: /_include PractitionerRole:/,
  },
  { how: 'ignores chains', request: without(/\./), told: /chain / },
  { how: 'ignores _has', request: without(/^_has/), told: /_has / },
  {
    how: 'takes :exact for the beginning of a text',
    request: (url) => eachParam(url, (name, value) => [name.replace(':exact', ''), value.slice(0, 3)]),
    told: /parameter (address|name)/,
  },
  { how: 'forgets what is posted', post: () => '', told: /parameter |interaction search-type/ },
  {
    how: 'reads another resource than asked',
    answer: (body) => (body['resourceType'] === 'Location' ? { ...body, id: 'another' } : undefined),
    told: /Location interaction read/,
  },
  {
    how: 'has no versions',
    request: (url) => {
      url.pathname = url.pathname.replace(/\/_history.*$/, '/_nothing');
    },
    told: /interaction (vread|history-instance)/,
  },
  {
    how: 'forgets the next page',
    answer: (body) =>
      isSearch(body)
        ? { ...body, link: (body['link'] as Json[]).filter((link) => link['relation'] !== 'next') }
        : undefined,
    told: /problem|parameter|search-type/,
  },
  {
    how: 'does not say what it instantiates',
    answer: (body) =>
      body['resourceType'] === 'CapabilityStatement' ? { ...body, instantiates: [] } : undefined,
    told: /statement instantiates/,
  },
  {
    how: 'never sends an element that must be supported',
    answer: (body) => withEach(body, 'Patient', ({ birthDate: _, ...patient }) => patient),
    told: /Patient must support us-core-patient birthDate/,
  },
  {
    how: 'breaks a profile',
    answer: (body) => withEach(body, 'Patient', (patient) => ({ ...patient, gender: 'unheard' })),
    told: /Patient validity us-core-patient/,
  },
  {
    how: 'refuses references that it gives out',
    answer: (body) =>
      body['resourceType'] === 'Practitioner' ? { ...body, resourceType: 'Patient' } : undefined,
    told: /./,
  },
];

test('a spoilt server is caught', { timeout: 280_000 }, async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const base = `${server.base}/cco/fhir`;
  const { access_token } = await server.token('cco', 'james.okafor');
  const callers = [{ name: 'james.okafor', token: access_token }];
  const validator = await openConformanceValidator();
  const run = (send: Fetch) => runConformance({ base, guides, callers, types, fetch: send, validator });

  const sound = await run(fetch);
  assert.deepEqual(
    sound.rows.filter((row) => row.outcome === 'failed'),
    [],
  );
  assert.deepEqual(sound.problems, []);
  assert.ok(sound.rows.filter((row) => row.outcome === 'passed').length > 200);

  const before = new Set(sound.rows.filter((row) => !isWell(row)).map(titleOf));
  for (const { how, request, post, answer, told } of spoilt) {
    await context.test(`a server that ${how}`, async () => {
      stray = undefined;
      const { rows, problems } = await run(async (address, init = {}) => {
        const url = new URL(address);
        request?.(url);
        const body = typeof init.body === 'string' ? init.body : undefined;
        const sent = body === undefined || post === undefined ? init : { ...init, body: post(body) };
        const response = await fetch(url, sent);
        const changed =
          response.ok && answer !== undefined
            ? answer((await response.clone().json()) as Json, url)
            : undefined;
        return changed === undefined ? response : new Response(JSON.stringify(changed), response);
      }).catch((error: unknown) => ({ rows: [], problems: [String(error)] }));
      const failed = rows.filter((row) => !isWell(row) && !before.has(titleOf(row))).map(titleOf);
      assert.ok(
        [...failed, ...problems.map((problem) => `problem ${problem}`)].some((title) => told.test(title)),
        `it was not caught; what failed: ${failed.join(', ')}`,
      );
    });
  }
});
