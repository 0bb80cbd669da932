// What does not even parse as HTTP: headers beyond Node's 16 kB, or a request that never ends. There is no request yet, so
// the answer is written as bytes, and the connection closes: what follows on it cannot be told apart.
// https://nodejs.org/api/http.html#event-clienterror
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

const problems: Readonly<Record<string, readonly [status: number, description: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'the request headers are larger than the server reads'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not arrive in time'],
};

export function answerBrokenRequest(
  this: FastifyInstance,
  error: Error & { readonly code?: string },
  socket: Socket,
): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  this.log.debug({ code: error.code }, 'broken request');
  if (socket.writable) {
    const [status, description] = problems[error.code ?? ''] ?? [400, 'this is not an HTTP request'];
    const body = JSON.stringify({ error: 'invalid_request', error_description: description });
    socket.write(
      [
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
        'Connection: close',
        'Cache-Control: no-store',
        'Pragma: no-cache',
        'Content-Type: application/json',
        `Content-Length: ${Buffer.byteLength(body)}`,
        '',
        body,
      ].join('\r\n'),
    );
  }
  socket.destroySoon();
}
