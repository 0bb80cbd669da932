// Answers that nobody keeps, neither a browser nor a cache on the way: what an authorization server says.
// https://www.rfc-editor.org/rfc/rfc6749#section-5.1
import type { FastifyReply } from 'fastify';

export function redirectUnkept(reply: FastifyReply, to: string): FastifyReply {
  return reply.headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }).redirect(to, 303);
}

export function sendUnkept(reply: FastifyReply, status: number, body: object): FastifyReply {
  return reply
    .code(status)
    .headers({
      'cache-control': 'no-store',
      pragma: 'no-cache',
      'x-content-type-options': 'nosniff',
      'content-type': 'application/json; charset=utf-8',
    })
    .send(JSON.stringify(body));
}
