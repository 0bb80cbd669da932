// batch at the base (https://hl7.org/fhir/R4/http.html#transaction): each entry is answered as a request of its own would be.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadStructure } from '../../src/fhir/definitions/r4-structure.ts';
import { xmlReader } from '../../src/fhir/format/xml-reader.ts';
import { xmlWriter } from '../../src/fhir/format/xml-text.ts';
import { structureCheck } from '../../src/fhir/validate/check-structure.ts';
import { sqlitePlace } from '../databases.ts';
import { startPortico, type Token } from '../portico.ts';

const member = 'cco-100001';
const other = 'cco-100004';

interface Entry {
  readonly resource?: { readonly resourceType: string; readonly id: string };
  readonly response: {
    readonly status: string;
    readonly etag?: string;
    readonly lastModified?: string;
    readonly outcome?: { readonly issue: readonly [{ readonly diagnostics: string }] };
  };
}

test('batch over HTTP', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const token = await server.token('cco', 'maria.delgado');
  const check = structureCheck();
  const post = (body: unknown, as: Token | null = token, headers: Record<string, string> = {}) =>
    fetch(`${server.base}/cco/fhir`, {
      method: 'POST',
      headers: {
        'content-type': 'application/fhir+json',
        ...(as === null ? {} : { authorization: `Bearer ${as.access_token}` }),
        ...headers,
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const batch = (requests: readonly object[]) => ({
    resourceType: 'Bundle',
    type: 'batch',
    entry: requests.map((request) => ({ request })),
  });
  const ask = async (requests: readonly object[], as: Token | null = token): Promise<Entry[]> => {
    const answer = await post(batch(requests), as);
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    const bundle = JSON.parse(text) as { type: string; entry: Entry[] };
    assert.equal(bundle.type, 'batch-response');
    assert.deepEqual(check(bundle), []);
    assert.equal(bundle.entry.length, requests.length);
    return bundle.entry;
  };

  const cases: [request: object, status: string, says: RegExp, not: RegExp | undefined][] = [
    [
      { method: 'GET', url: `Patient/${member}` },
      '200 OK',
      /"etag":"W\/\\"1\\"","lastModified":"20/,
      undefined,
    ],
    [{ method: 'GET', url: `Patient/${member}/_history/1` }, '200 OK', /"resourceType":"Patient"/, undefined],
    [
      { method: 'GET', url: 'Observation?category=laboratory&_count=2' },
      '200 OK',
      /"type":"searchset"/,
      undefined,
    ],
    [{ method: 'GET', url: `Patient/${member}/_history?_count=1` }, '200 OK', /"type":"history"/, undefined],
    [{ method: 'GET', url: 'Coverage/_history' }, '200 OK', /"type":"history"/, undefined],
    [
      { method: 'GET', url: `Patient/${member}/$everything?_type=Patient` },
      '200 OK',
      /"type":"searchset"/,
      undefined,
    ],
    [
      { method: 'GET', url: `DocumentReference/$docref?patient=${member}` },
      '200 OK',
      /"type":"searchset"/,
      undefined,
    ],
    [{ method: 'GET', url: 'metadata' }, '200 OK', /CapabilityStatement/, undefined],
    [
      { method: 'GET', url: `${server.base}/cco/fhir/Patient/${member}` },
      '200 OK',
      /"resourceType":"Patient"/,
      undefined,
    ],
    [
      { method: 'GET', url: `Patient/${member}?_format=xml&_pretty=true` },
      '200 OK',
      /"resourceType":"Patient"/,
      undefined,
    ],
    [{ method: 'HEAD', url: `Patient/${member}` }, '200 OK', /"etag"/, /resource/],
    [
      { method: 'GET', url: `Patient/${member}`, ifNoneMatch: 'W/"1"' },
      '304 Not Modified',
      /"etag"/,
      /resource/,
    ],
    [{ method: 'GET', url: `Patient/${member}`, ifNoneMatch: 'W/"9"' }, '200 OK', /"resource"/, undefined],
    [
      { method: 'GET', url: `Patient/${member}`, ifModifiedSince: '2100-01-01T00:00:00Z' },
      '304 Not Modified',
      /"etag"/,
      /resource/,
    ],
    [
      { method: 'GET', url: `Patient/${member}`, ifModifiedSince: 'once' },
      '400 Bad Request',
      /ifModifiedSince: is no instant/,
      undefined,
    ],
    // Nothing that is turned into a text by what it says of itself.
    [
      { method: 'GET', url: `Patient/${member}`, ifModifiedSince: { toString: 1, valueOf: 1 } },
      '400 Bad Request',
      /ifModifiedSince: is no instant/,
      undefined,
    ],
    [
      { method: 'GET', url: `Patient/${member}`, ifNoneMatch: 'a\nb: c' },
      '400 Bad Request',
      /ifNoneMatch: is no ETag/,
      undefined,
    ],
    [{ method: 'GET', url: `Patient/${other}` }, '404 Not Found', /holds no Patient/, /"resource"/],
    [
      { method: 'GET', url: 'Patient?nickname=x' },
      '400 Bad Request',
      /no search parameter 'nickname'/,
      /"resource"/,
    ],
    [{ method: 'GET', url: 'Group' }, '403 Forbidden', /do not cover Group/, undefined],
    [{ method: 'GET', url: 'Slot/1' }, '404 Not Found', /not served/, undefined],
    [
      { method: 'GET', url: '.well-known/smart-configuration' },
      '404 Not Found',
      /url: names no resource/,
      /jwks/,
    ],
    [
      { method: 'POST', url: 'Patient' },
      '405 Method Not Allowed',
      /Bundle.entry\[\d+\].request.method: only GET and HEAD/,
      undefined,
    ],
    [
      { method: 'DELETE', url: `Patient/${member}` },
      '405 Method Not Allowed',
      /only GET and HEAD/,
      undefined,
    ],
    [
      { method: 'GET', url: 'https://elsewhere.example/Patient/1' },
      '400 Bad Request',
      /not below this FHIR base/,
      /elsewhere/,
    ],
    [
      { method: 'GET', url: '../../advantage/fhir/metadata' },
      '400 Bad Request',
      /not below this FHIR base/,
      undefined,
    ],
    [
      { method: 'GET', url: 'Patient/../../connect/userinfo' },
      '400 Bad Request',
      /not below this FHIR base/,
      undefined,
    ],
    [
      { method: 'GET', url: 'Patient/%2e%2e/%2e%2e/%2e%2e/healthz' },
      '400 Bad Request',
      /not below this FHIR base/,
      undefined,
    ],
    [{ method: 'GET', url: '//localhost/x' }, '400 Bad Request', /not below this FHIR base/, undefined],
    [{ method: 'GET', url: 'javascript:alert(1)' }, '400 Bad Request', /not below this FHIR base/, undefined],
    [{ method: 'GET' }, '400 Bad Request', /request: needs a method and a url/, undefined],
    [{ method: 'GET', url: 7 }, '400 Bad Request', /needs a method and a url/, undefined],
  ];
  await context.test('each entry is answered for itself', async () => {
    const entries = await ask(cases.map(([request]) => request));
    for (const [position, [request, status, says, not]] of cases.entries()) {
      const text = JSON.stringify(entries[position]);
      const name = `${JSON.stringify(request)}: ${text.slice(0, 300)}`;
      assert.equal(entries[position]!.response.status, status, name);
      assert.match(text, says, name);
      if (not !== undefined) assert.doesNotMatch(text, not, name);
      assert.equal(
        entries[position]!.response.outcome !== undefined,
        Number(status.slice(0, 3)) >= 400,
        name,
      );
    }
  });

  await context.test('is the same as the requests one by one', async () => {
    const paths = [
      `Patient/${member}`,
      'Coverage',
      `Patient/${other}`,
      'Practitioner?_count=3',
      'Observation?_count=600',
    ];
    const entries = await ask(paths.map((url) => ({ method: 'GET', url })));
    const plain = (text: string) =>
      text.replaceAll(/"id":"[0-9a-f-]{36}"|_page=[\w-]+|\(request [^)]*\)/g, '');
    for (const [position, path] of paths.entries()) {
      const alone = await server.get(`/cco/fhir/${path}`, token);
      const { resource, response } = entries[position]!;
      assert.equal(response.status.slice(0, 3), String(alone.status));
      assert.equal(plain(JSON.stringify(resource ?? response.outcome)), plain(await alone.text()));
    }
  });

  await context.test('without a token it shows what is public and nothing else', async () => {
    const entries = await ask(
      [
        { method: 'GET', url: 'Practitioner?_count=1' },
        { method: 'GET', url: `Patient/${member}` },
        { method: 'GET', url: 'metadata' },
      ],
      null,
    );
    assert.deepEqual(
      entries.map(({ response }) => response.status),
      ['200 OK', '401 Unauthorized', '200 OK'],
    );
    const forged = await post(batch([{ method: 'GET', url: 'metadata' }]), { ...token, access_token: 'x' });
    assert.equal(forged.status, 401);
  });

  await context.test('goes as far as the scopes of the token', async () => {
    const labs = await server.token('cco', 'maria.delgado', 'openid patientapi.labs.read');
    const entries = await ask(
      [
        { method: 'GET', url: `Patient/${member}` },
        { method: 'GET', url: 'Observation' },
      ],
      labs,
    );
    assert.deepEqual(
      entries.map(({ response }) => response.status),
      ['403 Forbidden', '200 OK'],
    );
  });

  const refused: [title: string, body: unknown, status: number, says: RegExp][] = [
    ['a transaction', { resourceType: 'Bundle', type: 'transaction' }, 422, /a transaction writes/],
    ['a collection', { resourceType: 'Bundle', type: 'collection' }, 422, /only a batch/],
    ['another resource', { resourceType: 'Patient' }, 400, /no Bundle/],
    ['entries that are none', { resourceType: 'Bundle', type: 'batch', entry: {} }, 400, /must be an array/],
    [
      'too many entries',
      batch(Array.from({ length: 101 }, () => ({ method: 'GET', url: 'metadata' }))),
      400,
      /at most 100 entries/,
    ],
  ];
  for (const [title, body, status, says] of refused) {
    await context.test(`refuses ${title}`, async () => {
      const answer = await post(body);
      const text = await answer.text();
      assert.equal(answer.status, status, text);
      assert.match(text, says);
    });
  }

  await context.test('ends before the answers become too many', async () => {
    const large = { method: 'GET', url: 'ExplanationOfBenefit?_count=500&_include=ExplanationOfBenefit:*' };
    const chronic = await server.token('cco', 'tomas.reyes');
    const entries = await ask(
      Array.from({ length: 100 }, () => large),
      chronic,
    );
    const statuses = entries.map(({ response }) => response.status);
    assert.equal(statuses[0], '200 OK');
    const first = statuses.indexOf('400 Bad Request');
    assert.ok(first > 2, String(first));
    assert.ok(statuses.slice(first).every((status) => status === '400 Bad Request'));
    assert.match(JSON.stringify(entries.at(-1)), /send a smaller batch/);
  });

  await context.test('comes and goes as XML', async () => {
    const structure = loadStructure();
    const body = xmlWriter(structure)(JSON.stringify(batch([{ method: 'GET', url: `Patient/${member}` }])));
    const answer = await post(body, token, {
      'content-type': 'application/fhir+xml; charset=utf-8; fhirVersion=4.0',
      accept: 'application/fhir+xml',
    });
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    const { value } = xmlReader(structure)(text);
    const [entry] = JSON.parse(JSON.stringify(value['entry'])) as Entry[];
    assert.equal(entry!.response.status, '200 OK');
    assert.equal(entry!.resource!.id, member);
  });

  await context.test('counts what is public for each entry', async (inner) => {
    const small = await startPortico(inner, await sqlitePlace(inner), { publicRequestsPerMinute: 4 });
    const answer = await fetch(`${small.base}/cco/fhir`, {
      method: 'POST',
      headers: { 'content-type': 'application/fhir+json' },
      body: JSON.stringify(
        batch(Array.from({ length: 6 }, () => ({ method: 'GET', url: 'Practitioner?_count=1' }))),
      ),
    });
    const { entry } = (await answer.json()) as { entry: Entry[] };
    assert.deepEqual(
      entry.map(({ response }) => response.status.slice(0, 3)),
      ['200', '200', '200', '429', '429', '429'],
    );
  });
});
