// Formats and compression over HTTP (https://hl7.org/fhir/R4/http.html#mime-type, RFC 9110 section 12.5), and what may be sent.
import assert from 'node:assert/strict';
import { get } from 'node:http';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { parseExact } from '../../src/fhir/exact-json.ts';
import type { FhirResource } from '../../src/fhir/fhir-resource.ts';
import { chooseCoding } from '../../src/fhir/format/content-coding.ts';
import { sqlitePlace } from '../databases.ts';
import { startPortico } from '../portico.ts';

const member = 'cco-100001';
const json = 'application/fhir+json; charset=utf-8';
const xml = 'application/fhir+xml; charset=utf-8';

test('Accept-Encoding (RFC 9110 section 12.5.3)', async (context) => {
  for (const [header, coding, always] of [
    ['', undefined, false],
    ['gzip, deflate, br, zstd', 'zstd', false],
    ['gzip, deflate, br', 'br', false],
    ['gzip, deflate', 'gzip', false],
    ['x-gzip', 'gzip', false],
    ['GZIP;Q=1', 'gzip', false],
    ['deflate', undefined, false],
    ['*', 'gzip', false],
    ['gzip;q=0, *', undefined, false],
    ['br;q=0.5, gzip;q=0.8, zstd;q=0.2', 'gzip', false],
    ['br;q=0.5, gzip;q=0.5', 'br', false],
    ['zstd;q=0, br;q=0, gzip;q=0', undefined, false],
    ['gzip;q=0.5, identity', undefined, false],
    ['gzip, identity', 'gzip', false],
    ['gzip, identity;q=0', 'gzip', true],
    ['gzip, *;q=0', 'gzip', true],
    ['identity;q=0', undefined, true],
    ['gzip;q=much', undefined, false],
    ['gzip;q=0.0001', undefined, false],
    [',;,', undefined, false],
  ] as const) {
    await context.test(`'${header}' is answered with ${coding ?? 'no coding'}`, () =>
      assert.deepEqual(chooseCoding(header), { coding, always }),
    );
  }
});

test('formats over HTTP', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const token = await server.token('cco', 'maria.delgado');
  const fhir = (path: string, headers: Record<string, string> = {}) =>
    server.get(`/cco/fhir/${path}`, token, headers);
  const send = (
    method: string,
    path: string,
    type: string | undefined,
    body?: string | Uint8Array<ArrayBuffer>,
    more = {},
  ) =>
    fetch(`${server.base}/cco/fhir/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token.access_token}`,
        ...(type === undefined ? {} : { 'content-type': type }),
        ...more,
      },
      ...(body === undefined ? {} : { body }),
    });
  /** The bytes as they come, which fetch would unpack. */
  const raw = (path: string, coding: string, accept = '*/*') =>
    new Promise<{ headers: Record<string, unknown>; bytes: Buffer }>((resolve, reject) => {
      const headers = { authorization: `Bearer ${token.access_token}`, 'accept-encoding': coding, accept };
      get(`${server.base}/cco/fhir/${path}`, { headers }, async (answer) => {
        const bytes = Buffer.concat(await Array.fromAsync(answer as AsyncIterable<Buffer>));
        resolve({ headers: answer.headers, bytes });
      }).on('error', reject);
    });

  const types: [path: string, accept: string, status: number, type: string][] = [
    [`Patient/${member}`, '', 200, json],
    [
      `Patient/${member}`,
      'application/fhir+json; fhirVersion=4.0',
      200,
      'application/fhir+json; fhirVersion=4.0; charset=utf-8',
    ],
    [
      `Patient/${member}`,
      'application/fhir+xml;fhirVersion="4.0"',
      200,
      'application/fhir+xml; fhirVersion=4.0; charset=utf-8',
    ],
    [`Patient/${member}`, 'application/fhir+json;fhirVersion=3.0', 406, json],
    [`Patient/${member}`, 'application/fhir+xml;fhirVersion=5.0', 406, xml],
    [`Patient/${member}`, 'application/fhir+json;fhirVersion=3.0, application/fhir+json;q=0.5', 200, json],
    [`Patient/${member}`, 'application/fhir+json;q=0, */*', 200, 'application/json; charset=utf-8'],
    [`Patient/${member}`, 'application/fhir+json;q=0.3, application/fhir+xml;q=0.7', 200, xml],
    [`Patient/${member}`, 'text/turtle, application/fhir+xml;q=0.1', 200, xml],
    [`Patient/${member}`, 'text/*', 200, 'text/xml; charset=utf-8'],
    [`Patient/${member}`, 'text/html', 406, json],
    [`Patient/${member}`, 'application/fhir+json;q=0', 406, json],
    [`Patient/${member}?_format=json`, 'application/fhir+xml', 200, json],
    [`Patient/${member}?_format=xml`, 'application/fhir+json', 200, xml],
    [`Patient/${member}?_format=application/fhir+json`, 'text/html', 200, json],
    [`Patient/${member}?_format=application%2Ffhir%2Bxml`, '', 200, xml],
    [
      `Patient/${member}?_format=application/fhir+json;fhirVersion=4.0`,
      '',
      200,
      'application/fhir+json; fhirVersion=4.0; charset=utf-8',
    ],
    [
      `Patient/${member}?_format=application%2Ffhir%2Bjson%3B%20fhirVersion%3D4.0`,
      '',
      200,
      'application/fhir+json; fhirVersion=4.0; charset=utf-8',
    ],
    [`Patient/${member}?_format=application/fhir+json;fhirVersion=3.0`, '', 406, json],
    [`Patient/${member}?_format=text/xml`, '', 200, 'text/xml; charset=utf-8'],
    [`Patient/${member}?_format=html`, '', 406, json],
    [`Patient/${member}?_format=html`, 'application/fhir+xml', 406, xml],
    [`Patient/${member}?_format=`, '', 406, json],
    ['Patient?_format=xml&_count=1', '', 200, xml],
    ['metadata?_format=xml', '', 200, xml],
    ['Patient/nobody?_format=xml', '', 404, xml],
    ['nowhere/at/all/of/it?_format=xml', '', 404, xml],
    [`Patient/${member}?_pretty=perhaps`, 'application/fhir+xml', 400, xml],
    [`Patient/${member}?%5Fform%61t=xml`, 'application/fhir+json', 200, xml],
  ];
  for (const [path, accept, status, type] of types) {
    await context.test(`${path} for '${accept}' is ${status} ${type}`, async () => {
      const answer = await fhir(path, { accept });
      const text = await answer.text();
      assert.equal(answer.status, status, text);
      assert.equal(answer.headers.get('content-type'), type);
      assert.match(answer.headers.get('vary') ?? '', /accept,.*accept-encoding/);
      assert.match(text, type.includes('xml') ? /^<\?xml/ : /^\{/);
      if (status >= 400) assert.match(text, /OperationOutcome/);
    });
  }

  await context.test('_format and _pretty in the form of a POST count as in the address', async () => {
    const form = 'application/x-www-form-urlencoded';
    const answer = await send('POST', 'Patient/_search', form, `_id=${member}&_format=xml&_pretty=true`);
    assert.equal(answer.headers.get('content-type'), xml);
    assert.match(await answer.text(), /\n {6}<Patient>\n {8}<id value="cco-100001"\/>/);
    assert.equal((await send('POST', 'Patient/_search', form, '_format=html')).status, 406);
  });

  await context.test('_pretty indents and changes nothing else, digits of numbers included', async () => {
    const observation = parseExact(
      '{"resourceType":"Observation","id":"digits","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/cco-100001"},"valueQuantity":{"value":1.50}}',
    ) as FhirResource;
    await server.portico.plan.store.writing('cco', (writer) => writer.write([{ resource: observation }]));
    const path = 'Observation/digits';
    const plain = await (await fhir(path)).text();
    assert.match(plain, /:1\.50\}/);
    const pretty = await (await fhir(`${path}?_pretty=true`)).text();
    assert.match(pretty, /^\{\n {2}"resourceType": "Observation",\n/);
    assert.equal(pretty.replace(/\n */g, '').replaceAll('": ', '":'), plain.replaceAll('": ', '":'));
    const xmlPlain = await (await fhir(`${path}?_format=xml&_pretty=false`)).text();
    const xmlPretty = await (await fhir(`${path}?_format=xml&_pretty=true`)).text();
    assert.match(xmlPretty, /\n {2}<meta>\n {4}<versionId value="1"\/>\n/);
    assert.equal(xmlPretty.replace(/\n */g, ''), xmlPlain);
  });

  for (const [coding, unpack] of [
    ['zstd', zstdDecompressSync],
    ['br', brotliDecompressSync],
    ['gzip', gunzipSync],
  ] as const) {
    await context.test(`${coding} unpacks to what comes without it, as JSON and XML`, async () => {
      for (const accept of ['application/fhir+json', 'application/fhir+xml']) {
        const path = `Patient/${member}/_history/1`;
        const [plain, packed] = [await raw(path, 'identity', accept), await raw(path, coding, accept)];
        assert.equal(packed.headers['content-encoding'], coding);
        assert.equal(packed.headers['content-length'], String(packed.bytes.length));
        assert.equal(plain.headers['content-encoding'], undefined);
        assert.ok(packed.bytes.length < plain.bytes.length);
        assert.deepEqual(unpack(packed.bytes), plain.bytes);
      }
      const large = await raw('Slot', coding);
      assert.equal(large.headers['content-encoding'], undefined, 'a small answer is not packed');
      const error = await raw('Observation?nickname=x', `${coding}, identity;q=0`);
      assert.equal(error.headers['content-encoding'], coding);
      assert.match(unpack(error.bytes).toString(), /OperationOutcome/);
    });
  }

  const bodies: [
    method: string,
    path: string,
    type: string | undefined,
    body: string,
    status: number,
    says: RegExp,
  ][] = [
    [
      'POST',
      'Patient/_search',
      'application/fhir+json',
      '{}',
      415,
      /Content-Type: send application\/x-www-form/,
    ],
    ['POST', 'Patient/_search', 'text/plain', 'a=b', 415, /Content-Type: send application\/x-www-form/],
    ['POST', '', 'text/plain', 'x', 415, /Content-Type: send application\/fhir\+json/],
    ['POST', '', 'application/fhir+json; fhirVersion=3.0', '{}', 415, /fhirVersion must be 4.0/],
    ['POST', '', 'application/fhir+json; charset=utf-16', '{}', 415, /charset must be utf-8/],
    ['POST', '', undefined, '', 400, /request body is empty/],
    ['POST', '', 'application/fhir+json', '', 400, /request body is empty/],
    ['POST', '', 'application/fhir+json', '{"a":\n', 400, /no valid JSON/],
    ['POST', '', 'application/fhir+json', '[]', 400, /no JSON object/],
    ['POST', '', 'application/fhir+json', '{}', 400, /no resourceType/],
    [
      'POST',
      '',
      'application/fhir+json',
      `${'['.repeat(400)}${']'.repeat(400)}`,
      400,
      /more than 300 levels/,
    ],
    [
      'POST',
      '',
      'application/fhir+json',
      JSON.stringify({ resourceType: 'Bundle', x: 'y'.repeat(1_100_000) }),
      413,
      /larger than 1024 kB/,
    ],
    ['POST', '', 'application/fhir+xml', '<Bundle/>', 400, /not in the namespace of FHIR.* \(line 1\)/],
    ['POST', '', 'application/fhir+xml', '<!DOCTYPE a [<!ENTITY b "c">]><a/>', 400, /document type/],
    [
      'POST',
      '',
      'application/fhir+xml',
      '<Bundle xmlns="http://hl7.org/fhir"><nick value="Mustermann"/></Bundle>',
      400,
      /no element nick in R4 \(line 1, Bundle\)/,
    ],
    [
      'POST',
      'Patient/_search',
      'application/x-www-form-urlencoded',
      `code=${'x'.repeat(70_000)}`,
      413,
      /larger than 64 kB/,
    ],
  ];
  for (const [method, path, type, body, status, says] of bodies) {
    await context.test(`${method} /${path} of ${type} '${body.slice(0, 30)}' is ${status}`, async () => {
      const answer = await send(method, path, type, body === '' ? undefined : body);
      const text = await answer.text();
      assert.equal(answer.status, status, text);
      assert.match((JSON.parse(text) as { issue: [{ diagnostics: string }] }).issue[0].diagnostics, says);
      assert.doesNotMatch(text, /Mustermann|\.ts:/);
      const asXml = await send(method, path, type, body === '' ? undefined : body, {
        accept: 'application/fhir+xml',
      });
      assert.match(await asXml.text(), /^<\?xml.*<OperationOutcome /);
    });
  }
  await context.test('a compressed body is refused by its name', async () => {
    const answer = await send('POST', '', 'application/fhir+json', new Uint8Array([31, 139]), {
      'content-encoding': 'gzip',
    });
    assert.equal(answer.status, 415);
    assert.match(await answer.text(), /Content-Encoding: send the body uncompressed/);
  });

  for (const [method, path, status, allow] of [
    ['PUT', `Patient/${member}`, 405, 'GET, HEAD, OPTIONS'],
    ['PATCH', `Patient/${member}`, 405, 'GET, HEAD, OPTIONS'],
    ['DELETE', `Patient/${member}`, 405, 'GET, HEAD, OPTIONS'],
    ['POST', 'Patient', 405, 'GET, HEAD, OPTIONS'],
    ['DELETE', 'Patient?_id=x', 405, 'GET, HEAD, OPTIONS'],
    ['PUT', 'Patient/_search', 405, 'POST, GET, HEAD, OPTIONS'],
    ['PUT', '', 405, 'POST, OPTIONS'],
    ['PUT', `Patient/${member}/$everything`, 405, 'GET, HEAD, POST, OPTIONS'],
    ['PUT', 'a/b/c/d/e', 404, null],
  ] as const) {
    await context.test(`${method} /${path} is ${status}, with what is allowed`, async () => {
      const body = method === 'DELETE' ? undefined : '{}';
      const answer = await send(method, path, body === undefined ? undefined : 'application/fhir+json', body);
      const text = await answer.text();
      assert.equal(answer.status, status, text);
      assert.equal(answer.headers.get('allow'), allow);
      assert.match(text, /OperationOutcome/);
    });
  }

  await context.test('read and vread know what a client has (RFC 9110 section 13)', async () => {
    for (const path of [
      `Patient/${member}`,
      `Patient/${member}/_history/1`,
      `Patient/${member}?_format=xml`,
    ]) {
      const first = await fhir(path);
      const modified = first.headers.get('last-modified')!;
      assert.ok(!Number.isNaN(Date.parse(modified)), path);
      for (const [headers, status] of [
        [{ 'if-none-match': 'W/"1"' }, 304],
        [{ 'if-none-match': '"7", W/"1"' }, 304],
        [{ 'if-none-match': 'W/"2"' }, 200],
        [{ 'if-modified-since': modified }, 304],
        [{ 'if-modified-since': 'Thu, 01 Jan 1998 00:00:00 GMT' }, 200],
        [{ 'if-modified-since': modified, 'if-none-match': 'W/"2"' }, 200],
      ] as const) {
        const answer = await fhir(path, headers);
        assert.equal(answer.status, status, `${path} ${JSON.stringify(headers)}`);
        if (status === 304) assert.equal(await answer.text(), '');
      }
    }
  });
});
