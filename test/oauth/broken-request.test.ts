// Requests that are no HTTP are answered too, and never with what they held.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { sqlitePlace } from '../databases.ts';
import { startPortico } from '../portico.ts';

function send(base: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(new URL(base).port), 'localhost', () => socket.write(text));
    socket.setEncoding('utf8');
    socket.on('data', (part) => {
      answer += part;
    });
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
  });
}

test('headers that are too large are 431 and broken ones 400, as JSON, and the connection closes', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const start = 'POST /cco/connect/token HTTP/1.1\r\nHost: localhost\r\n';
  for (const [header, status] of [
    [`X-Large: ${'x'.repeat(20_000)}`, 431],
    ['no colon', 400],
    ['X-Control: \u0001', 400],
  ] as const) {
    const answer = await send(server.base, `${start}${header}\r\n\r\n`);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    assert.match(head, new RegExp(`^HTTP/1.1 ${status} `));
    assert.match(head, /^Connection: close$/m);
    assert.match(head, /^Cache-Control: no-store$/m);
    assert.equal(JSON.parse(body).error, 'invalid_request');
  }
});
