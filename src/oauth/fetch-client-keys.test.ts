import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { fetchClientKeys, keysAddressProblem, mayConnect } from './fetch-client-keys.ts';

async function serve(context: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the address of a client’s keys', () => {
  for (const address of ['https://app.example.com/jwks.json', 'https://app.example.com:8443/x?y=1'])
    test(`takes ${address}`, () => assert.equal(keysAddressProblem(address, 'production'), undefined));

  test('takes the developer’s own computer in the sandbox only', () => {
    for (const address of ['http://localhost:3000/jwks', 'http://127.0.0.1/jwks', 'http://[::1]:1/jwks']) {
      assert.equal(keysAddressProblem(address, 'sandbox'), undefined, address);
      assert.match(keysAddressProblem(address, 'production') ?? '', /https/);
    }
    assert.match(keysAddressProblem('http://app.example.com/jwks', 'sandbox') ?? '', /https/);
  });

  for (const [address, why] of [
    ['jwks.json', /absolute/],
    ['file:///etc/passwd', /https/],
    ['https://me:pw@app.example.com/', /user name/],
    ['https://app.example.com/#x', /fragment/],
    ['https://10.0.0.1/', /reached/],
    ['https://169.254.169.254/latest/meta-data', /reached/],
    ['https://2130706433/', /reached/],
    ['https://0x7f.1/', /reached/],
    ['https://[::ffff:10.0.0.1]/', /reached/],
    ['https://[fd00::1]/', /reached/],
  ] as const)
    test(`refuses ${address}`, () => assert.match(keysAddressProblem(address, 'production') ?? '', why));

  test('connects to public addresses only', () => {
    for (const address of ['8.8.8.8', '2606:4700::1111'])
      assert.ok(mayConnect(address, 'production'), address);
    for (const address of [
      '0.0.0.0',
      '10.1.2.3',
      '100.64.0.1',
      '127.0.0.1',
      '169.254.169.254',
      '172.31.255.255',
      '192.168.1.1',
      '224.0.0.1',
      '255.255.255.255',
      '::',
      '::1',
      '::ffff:127.0.0.1',
      '::ffff:169.254.169.254',
      '64:ff9b::a00:1',
      '2001:db8::1',
      '2002:a00:1::',
      'fc00::1',
      'fe80::1',
      'ff02::1',
      'nonsense',
    ])
      assert.ok(!mayConnect(address, 'production'), address);
    assert.ok(mayConnect('127.0.0.1', 'sandbox'));
    assert.ok(!mayConnect('169.254.169.254', 'sandbox'));
  });
});

describe('reading a client’s keys', () => {
  test('never connects to what a name turns out to be, unless it is public', async (context) => {
    let asked = 0;
    const base = await serve(context, (_request, response) => {
      asked++;
      response.end('{"keys":[]}');
    });
    const { port } = new URL(base);
    // localhost is looked up like any name.
    const read = fetchClientKeys('production', Date.now);
    await assert.rejects(read(`https://localhost:${port}/`), /not a public one/);
    await assert.rejects(read(`https://127.0.0.1:${port}/`), /reached/);
    assert.equal(asked, 0);
    const answer = await fetchClientKeys('sandbox', Date.now)(`http://localhost:${port}/`);
    assert.deepEqual(await answer.json(), { keys: [] });
    assert.equal(asked, 1);
  });

  test('follows no redirect', async (context) => {
    let followed = false;
    const base = await serve(context, (request, response) => {
      if (request.url === '/') response.writeHead(302, { location: '/elsewhere' }).end();
      else {
        followed = true;
        response.end('{"keys":[]}');
      }
    });
    await assert.rejects(fetchClientKeys('sandbox', Date.now)(base), /status 302/);
    assert.ok(!followed);
  });

  test('stops at 64 kB and after 2.5 seconds', { timeout: 20_000 }, async (context) => {
    const large = await serve(context, (_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(16_384)));
      };
      response.on('drain', more);
      more();
    });
    await assert.rejects(fetchClientKeys('sandbox', Date.now)(large), /larger than 64 kB/);
    const slow = await serve(context, (_request, response) => {
      response.write('{');
      const timer = setInterval(() => response.write(' '), 100);
      response.once('close', () => clearInterval(timer));
    });
    const begun = Date.now();
    await assert.rejects(fetchClientKeys('sandbox', Date.now)(slow));
    assert.ok(Date.now() - begun < 6000);
  });

  test('lets an address that failed rest for ten seconds', async (context) => {
    let asked = 0;
    const base = await serve(context, (_request, response) => {
      asked++;
      response.writeHead(500).end();
    });
    let now = 0;
    const read = fetchClientKeys('sandbox', () => now);
    await assert.rejects(read(base), /status 500/);
    await assert.rejects(read(base), /a moment ago/);
    assert.equal(asked, 1);
    now = 10_001;
    await assert.rejects(read(base), /status 500/);
    assert.equal(asked, 2);
  });

  test('tells the library of no longer life than its minute', async (context) => {
    const base = await serve(context, (_request, response) =>
      response.writeHead(200, { 'cache-control': 'max-age=99999999', expires: 'Fri, 01 Jan 2100' }).end('{}'),
    );
    const { headers } = await fetchClientKeys('sandbox', Date.now)(base);
    assert.equal(headers.get('cache-control'), null);
    assert.equal(headers.get('expires'), null);
  });
});
