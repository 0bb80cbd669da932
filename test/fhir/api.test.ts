// The FHIR API over HTTP, as an app meets it: what each request answers, and what it must not contain.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { fhirErrors } from '../../src/fhir/operation-outcome.ts';
import { fhirRoutes } from '../../src/fhir/routes.ts';
import { structureCheck } from '../../src/fhir/validate/check-structure.ts';
import { sqlitePlace } from '../databases.ts';
import { startPortico } from '../portico.ts';

const member = 'cco-100001';
type Json = Record<string, unknown>;
interface Bundle {
  readonly type: string;
  readonly total?: number;
  readonly link: { relation: string; url: string }[];
  readonly entry?: { fullUrl: string; resource: Json; search: { mode: string } }[];
}

test('the public routes are these and no others', () => {
  assert.deepEqual(
    fhirRoutes.filter((route) => route.access === 'public').map((route) => route.path),
    ['/metadata', '/.well-known/smart-configuration'],
  );
});

test('these routes may be asked without a token, of what is public', () => {
  assert.deepEqual(
    fhirRoutes.filter((route) => route.access === 'optional').map((route) => `${route.method} ${route.path}`),
    ['POST /'],
  );
});

test('the FHIR API over HTTP', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const token = await server.token('cco', 'maria.delgado');
  const labsOnly = await server.token('cco', 'maria.delgado', 'openid patientapi.labs.read');
  const fhir = (path: string, as = token, headers: Record<string, string> = {}) =>
    server.get(`/cco/fhir/${path}`, as, headers);
  const check = structureCheck();

  const wrong: [title: string, path: string, status: number, says: RegExp][] = [
    ['an unknown search parameter', 'Patient?nickname=x', 400, /no search parameter 'nickname'/],
    ['an unknown modifier', 'Patient?name:sounds=x', 400, /modifier ':sounds' is not supported/],
    [
      'an impossible date',
      'Observation?date=2024-13-01',
      400,
      /date: '2024-13-01' is not a date: there is no month 13/,
    ],
    ['an impossible day', 'Observation?date=ge2023-02-29', 400, /there is no day 29 in 2023-02/],
    ['a date that is none', 'Observation?date=yesterday', 400, /is not a date/],
    ['a number that is none', 'Observation?value-quantity=much', 400, /is not a number/],
    ['a negative _count', 'Patient?_count=-1', 400, /_count: '-1'/],
    ['two _count', 'Patient?_count=1&_count=2', 400, /_count is given more than once/],
    ['a wrong _total', 'Patient?_total=perhaps', 400, /_total: 'perhaps'/],
    ['an empty value', 'Observation?code=', 400, /code: the value is empty/],
    ['an id that is none', 'Observation?patient=a%20b', 400, /patient: 'a b' is not an id/],
    ['a page link that was never given', 'Observation?_page=abc', 400, /_page: this link was not made/],
    [
      'a parameter that read does not know',
      `Patient/${member}?x=1`,
      400,
      /'x' is no parameter of this interaction/,
    ],
    ['a type that FHIR lacks', 'Persona', 404, /'Persona' is no FHIR R4 resource type/],
    ['a type that is not served', 'Slot', 404, /'Slot' is not served here/],
    ['an id that is not there', 'Patient/nobody', 404, /holds no Patient with this id/],
    ['a version that is not there', `Patient/${member}/_history/99`, 404, /holds no Patient/],
    ['a version that is none', `Patient/${member}/_history/x`, 404, /no version 'x'/],
    ['an address that is none', `Patient/${member}/_history/1/2`, 404, /nothing at/],
    ['only Turtle', `Patient/${member}?_format=ttl`, 406, /_format: 'ttl' is not offered/],
    ['a compartment of group search', 'Group', 403, /do not cover Group/],
  ];
  for (const [title, path, status, says] of wrong) {
    await context.test(`refuses ${title} with ${status} and an OperationOutcome`, async () => {
      const answer = await fhir(path);
      const outcome = (await answer.json()) as { resourceType: string; issue: { diagnostics: string }[] };
      assert.equal(answer.status, status, JSON.stringify(outcome));
      assert.equal(outcome.resourceType, 'OperationOutcome');
      assert.match(outcome.issue[0]!.diagnostics, says);
      assert.deepEqual(check(outcome), []);
      assert.match(answer.headers.get('content-type') ?? '', /^application\/fhir\+json/);
      assert.equal(answer.headers.get('access-control-allow-origin'), '*');
      assert.ok(outcome.issue[0]!.diagnostics.includes(answer.headers.get('x-request-id')!));
      assert.doesNotMatch(JSON.stringify(outcome), /at .*\.ts|node_modules|select /);
    });
  }

  for (const [title, authorization, error] of [
    ['no token', undefined, undefined],
    ['a token that is none', 'Bearer abc', 'invalid_token'],
    ['another scheme', 'Basic abc', 'invalid_token'],
    ['a very long token', `Bearer ${'x'.repeat(5000)}`, 'invalid_token'],
  ] as const) {
    await context.test(`answers ${title} with 401 and a challenge (RFC 6750)`, async () => {
      const answer = await fetch(
        `${server.base}/cco/fhir/Patient/${member}`,
        authorization === undefined ? {} : { headers: { authorization } },
      );
      assert.equal(answer.status, 401);
      const challenge = answer.headers.get('www-authenticate') ?? '';
      assert.match(challenge, /^Bearer realm=/);
      if (error !== undefined) assert.match(challenge, new RegExp(`error="${error}"`));
    });
  }

  await context.test('never reads a token from the query', async () => {
    assert.equal(
      (await server.get(`/cco/fhir/Patient/${member}?access_token=${token.access_token}`)).status,
      401,
    );
  });

  await context.test(
    'answers a type outside the granted scopes with 403, whether the id exists or not',
    async () => {
      for (const path of [
        `Patient/${member}`,
        'Patient/nobody',
        'Patient',
        `ExplanationOfBenefit/${member}-eob-1`,
      ]) {
        const answer = await fhir(path, labsOnly);
        assert.equal(answer.status, 403, path);
        assert.match(answer.headers.get('www-authenticate') ?? '', /insufficient_scope/);
      }
    },
  );

  await context.test('narrows a search to what was granted', async () => {
    const bundle = (await (await fhir('Observation?_count=500', labsOnly)).json()) as Bundle;
    assert.ok(bundle.entry!.length > 10);
    for (const { resource } of bundle.entry!)
      assert.match(JSON.stringify(resource['category']), /"laboratory"/);
    const vital = (await (await fhir('Observation?category=vital-signs&_count=1')).json()) as Bundle;
    assert.equal((await fhir(`Observation/${vital.entry![0]!.resource['id']}`, labsOnly)).status, 404);
  });

  await context.test("takes the seed's headers and answers compressed JSON", async () => {
    const accept = 'application/json, text/json, text/x-json, text/javascript, application/xml, text/xml';
    const answer = await fhir(`Patient/${member}`, token, { accept, 'accept-encoding': 'gzip, deflate' });
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
    assert.equal(answer.headers.get('content-encoding'), 'gzip');
    assert.equal(((await answer.json()) as Json)['id'], member);
  });

  await context.test('answers XML where it is asked for, errors too', async () => {
    for (const [path, accept, type] of [
      [`Patient/${member}`, 'application/fhir+xml', 'application/fhir+xml'],
      [`Patient/${member}?_format=xml`, '*/*', 'application/fhir+xml'],
      [`Patient/${member}`, 'text/xml', 'text/xml'],
      [`Patient/${member}`, 'application/json;q=0.5, application/xml', 'application/xml'],
    ] as const) {
      const answer = await fhir(path, token, { accept });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('content-type'), `${type}; charset=utf-8`);
      assert.match(
        await answer.text(),
        new RegExp(
          `^<\\?xml version="1.0" encoding="UTF-8"\\?><Patient xmlns="http://hl7.org/fhir"><id value="${member}"/><meta>`,
        ),
      );
    }
    const bundle = await (
      await fhir('Observation?_count=2', token, { accept: 'application/fhir+xml' })
    ).text();
    assert.match(
      bundle,
      /<Bundle xmlns.*<entry><fullUrl value="[^"]+"\/><resource><Observation><id .*<search><mode value="match"\/>/s,
    );
    const missing = await fhir('Patient/nobody', token, { accept: 'application/fhir+xml' });
    assert.equal(missing.status, 404);
    assert.match(await missing.text(), /^<\?xml .*<OperationOutcome xmlns.*<code value="not-found"\/>/);
    const metadata = await fhir('metadata?_format=xml', undefined);
    assert.match(await metadata.text(), /<CapabilityStatement xmlns/);
  });

  await context.test('sends what is stored, whole, compressed or not', async () => {
    const plain = Buffer.from(
      await (
        await fhir('ExplanationOfBenefit?_count=20', token, { 'accept-encoding': 'identity' })
      ).arrayBuffer(),
    );
    const raw = await rawGet(server.base, '/cco/fhir/ExplanationOfBenefit?_count=20', token.access_token);
    const same = (text: string) => text.replace(/"id":"[0-9a-f-]{36}"/, '').replace(/_page=[\w-]+/, '');
    assert.equal(same(gunzipSync(raw).toString()), same(plain.toString()));
  });

  await context.test('answers 304 to If-None-Match and If-Modified-Since', async () => {
    const first = await fhir(`Patient/${member}`);
    assert.equal(first.headers.get('etag'), 'W/"1"');
    const same = await fhir(`Patient/${member}`, token, { 'if-none-match': 'W/"1"' });
    // Nor the length of a body that it does not have (RFC 9110 section 8.6).
    assert.deepEqual([same.status, same.headers.get('content-length')], [304, null]);
    assert.equal((await fhir(`Patient/${member}`, token, { 'if-none-match': 'W/"2"' })).status, 200);
    assert.equal(
      (await fhir(`Patient/${member}`, token, { 'if-modified-since': first.headers.get('last-modified')! }))
        .status,
      304,
    );
  });

  await context.test('answers HEAD like GET without the body', async () => {
    const answer = await fetch(`${server.base}/cco/fhir/Patient/${member}`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${token.access_token}` },
    });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('etag'), 'W/"1"');
  });

  await context.test('refuses to write', async () => {
    for (const [method, path] of [
      ['PUT', `Patient/${member}`],
      ['POST', 'Patient'],
      ['DELETE', `Patient/${member}`],
      ['PATCH', `Patient/${member}`],
    ] as const) {
      const answer = await fetch(`${server.base}/cco/fhir/${path}`, {
        method,
        headers: { authorization: `Bearer ${token.access_token}`, 'content-type': 'application/fhir+json' },
        ...(method === 'DELETE' ? {} : { body: '{}' }),
      });
      assert.equal(answer.status, 405, `${method} ${path}`);
      assert.match(await answer.text(), /OperationOutcome/);
    }
  });

  await context.test('searches alike by GET and by POST _search', async () => {
    const post = async (body: string, type = 'application/x-www-form-urlencoded') =>
      fetch(`${server.base}/cco/fhir/Observation/_search`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token.access_token}`, 'content-type': type },
        body,
      });
    const query = `patient=${member}&category=laboratory&_count=5&_total=accurate`;
    const [byGet, byPost] = [
      (await (await fhir(`Observation?${query}`)).json()) as Bundle,
      (await (await post(query)).json()) as Bundle,
    ];
    assert.deepEqual([byPost.total, byPost.entry], [byGet.total, byGet.entry]);
    assert.equal((await post('{}', 'application/json')).status, 415);
    assert.equal((await post(`code=${'x'.repeat(70_000)}`)).status, 413);
  });

  await context.test('pages through everything once, with self and next', async () => {
    const first = (await (await fhir('Observation?_count=7&_total=accurate')).json()) as Bundle;
    const seen: string[] = [];
    let page: Bundle | undefined = first;
    for (let pages = 0; page !== undefined && pages < 100; pages++) {
      seen.push(...page.entry!.map((entry) => entry.fullUrl));
      const next: string | undefined = page.link.find((link) => link.relation === 'next')?.url;
      assert.ok(next === undefined || next.length < 300, 'a next link is short');
      page = next === undefined ? undefined : ((await (await server.get(next, token)).json()) as Bundle);
    }
    assert.equal(new Set(seen).size, seen.length);
    assert.equal(seen.length, first.total);
    assert.equal(first.link[0]!.url, `${server.base}/cco/fhir/Observation?_count=7&_total=accurate`);
    assert.deepEqual(
      check(first).filter((problem) => problem.severity === 'error'),
      [],
    );
  });

  await context.test('counts without entries for _count=0', async () => {
    const bundle = (await (await fhir('Encounter?_count=0')).json()) as Bundle;
    assert.ok(bundle.total! > 5);
    assert.equal(bundle.entry, undefined);
  });

  await context.test('says what it left out on Prefer: handling=lenient', async () => {
    const bundle = (await (
      await fhir('Encounter?nickname=x&_count=500', token, { prefer: 'handling=lenient' })
    ).json()) as Bundle;
    const outcome = bundle.entry!.at(-1)!;
    assert.equal(outcome.search.mode, 'outcome');
    assert.match(JSON.stringify(outcome.resource), /nickname/);
    assert.doesNotMatch(bundle.link[0]!.url, /nickname/);
  });

  await context.test('keeps versions for vread and history', async () => {
    const stored = JSON.parse(await (await fhir(`Patient/${member}`)).text()) as {
      id: string;
      resourceType: string;
      meta: Json;
    };
    await server.portico.plan.store.writing('cco', (writer) =>
      writer.write([{ resource: { ...stored, active: false } }]),
    );
    assert.equal((await fhir(`Patient/${member}`)).headers.get('etag'), 'W/"2"');
    assert.equal(((await (await fhir(`Patient/${member}/_history/1`)).json()) as Json)['active'], true);
    const history = (await (await fhir(`Patient/${member}/_history?_count=1`)).json()) as Bundle;
    assert.equal(history.type, 'history');
    assert.equal(history.entry![0]!.resource['active'], false);
    const next = history.link.find((link) => link.relation === 'next')!.url;
    assert.equal(
      ((await (await server.get(next, token)).json()) as Bundle).entry![0]!.resource['active'],
      true,
    );
    await server.portico.plan.store.writing('cco', (writer) =>
      writer.write([{ delete: { type: 'Goal', id: `${member}-goal-1` } }]),
    );
    assert.equal((await fhir(`Goal/${member}-goal-1`)).status, 410);
  });

  await context.test('answers a preflight from anywhere', async () => {
    const answer = await fetch(`${server.base}/cco/fhir/Patient/1`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example.com',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization',
      },
    });
    assert.equal(answer.status, 204);
    assert.match(answer.headers.get('access-control-allow-headers') ?? '', /authorization/);
  });

  await context.test('declares in /metadata what works, without a token', async () => {
    const answer = await server.get('/cco/fhir/metadata');
    assert.equal(answer.status, 200);
    const statement = (await answer.json()) as {
      fhirVersion: string;
      rest: {
        security: Json;
        resource: { type: string; searchParam: { name: string; type: string; documentation?: string }[] }[];
      }[];
    };
    assert.equal(statement.fhirVersion, '4.0.1');
    const [rest] = statement.rest as unknown as [
      {
        interaction: unknown;
        resource: { type: string; interaction: { code: string }[]; operation?: { name: string }[] }[];
      },
    ];
    assert.deepEqual(rest.interaction, [{ code: 'batch' }]);
    for (const { type, interaction, operation } of rest.resource) {
      const codes = interaction.map(({ code }) => code).sort();
      assert.deepEqual(codes, ['history-instance', 'history-type', 'read', 'search-type', 'vread'], type);
      const own = { Patient: ['everything'], DocumentReference: ['docref'] }[type] ?? [];
      assert.deepEqual(
        operation?.map(({ name }) => name),
        [...own, 'validate'],
        type,
      );
    }
    assert.deepEqual(check(statement), []);
    let asked = 0;
    for (const { type, searchParam } of statement.rest[0]!.resource) {
      for (const param of searchParam) {
        const value =
          {
            date: '2024',
            quantity: '5',
            number: '5',
            reference: 'Patient/x',
            composite: 'a$5',
            special: '45|-122',
          }[param.type] ?? 'x';
        const beside = param.documentation?.includes('Needs DrugPlan') === true ? 'DrugPlan=x&' : '';
        const found = await fhir(
          `${type}?${beside}${param.name}=${encodeURIComponent(param.name === 'code-value-date' ? 'a$2024' : value)}`,
          token,
        );
        assert.equal(found.status, 200, `${type}?${param.name}: ${await found.text()}`);
        asked++;
      }
    }
    assert.ok(asked > 200);
  });

  await context.test('tells where to authorize in one voice', async () => {
    const smart = (await (await server.get('/cco/fhir/.well-known/smart-configuration')).json()) as Json;
    const openid = (await (await server.get('/cco/.well-known/openid-configuration')).json()) as Json;
    const metadata = await (await server.get('/cco/fhir/metadata')).text();
    for (const name of [
      'authorization_endpoint',
      'token_endpoint',
      'introspection_endpoint',
      'revocation_endpoint',
      'jwks_uri',
      'issuer',
    ]) {
      assert.equal(smart[name], openid[name], name);
    }
    for (const name of ['authorization_endpoint', 'token_endpoint'])
      assert.ok(metadata.includes(String(smart[name])), name);
  });

  await context.test('every kind of error stands on the public page', async () => {
    const page = await (await server.get('/developer/docs/patient-api')).text();
    for (const category of Object.keys(fhirErrors)) assert.ok(page.includes(`id="${category}"`), category);
  });
});

describe('broken HTTP', () => {
  test('never ends the server', async (context) => {
    const server = await startPortico(context, await sqlitePlace(context));
    const port = Number(new URL(server.base).port);
    for (const bytes of [
      'GET /cco/fhir/Patient/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'nonsense\r\n\r\n',
      `GET /cco/fhir/${'x'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
      `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`,
      'GET /cco/fhir/Patient/\u0000 HTTP/1.1\r\nHost: x\r\n\r\n',
    ]) {
      const answer = await send(port, bytes);
      assert.match(answer, /^HTTP\/1.1 4\d\d/, bytes.slice(0, 40));
      assert.doesNotMatch(answer, /\.ts:|node_modules/);
    }
    assert.equal((await server.get('/healthz')).status, 200);
  });
});

function send(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, 'localhost', () => socket.write(bytes));
    let text = '';
    socket.setTimeout(3000, () => socket.destroy());
    socket.on('data', (chunk) => {
      text += String(chunk);
      socket.end();
    });
    socket.on('close', () => resolve(text));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve(text) : reject(error),
    );
  });
}

/** The compressed bytes, which fetch would unpack. */
async function rawGet(base: string, path: string, token: string): Promise<Buffer> {
  const { get } = await import('node:http');
  return new Promise((resolve, reject) => {
    get(
      `${base}${path}`,
      { headers: { authorization: `Bearer ${token}`, 'accept-encoding': 'gzip' } },
      async (answer) => {
        resolve(Buffer.concat(await Array.fromAsync(answer as AsyncIterable<Buffer>)));
      },
    ).on('error', reject);
  });
}
