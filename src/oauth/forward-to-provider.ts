// Hands a request to the OAuth library with the address that the line has in public, whatever path and host it came
// in by: every URL the library makes is then on the line's portal. https://www.rfc-editor.org/rfc/rfc9207
// Must never let Host or X-Forwarded-* of the caller reach the library.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Provider } from 'oidc-provider';
import type { Line } from '../config/config.ts';
import { portalPath } from './line-provider.ts';

export interface Forwarded {
  readonly method: string;
  /** Path and query below the portal: `/connect/token`. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const callbacks = new WeakMap<Provider, ReturnType<Provider['callback']>>();

export async function forwardToProvider(
  provider: Provider,
  line: Line,
  forwarded: Forwarded,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): Promise<void> {
  let callback = callbacks.get(provider);
  if (callback === undefined) {
    callback = provider.callback();
    callbacks.set(provider, callback);
  }
  const message = requestOn(line, forwarded, request);
  reply.hijack();
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value);
  }
  await callback(message, reply.raw);
}

/** Also what the library reads its cookies from. */
export function requestOn(
  line: Line,
  { method, url, headers, body }: Forwarded,
  request: FastifyRequest,
): IncomingMessage {
  const portal = new URL(line.portalUrl);
  const kept = Object.fromEntries(
    Object.entries(headers).filter(([name]) => !/^(transfer-encoding|forwarded|x-forwarded-.*)$/.test(name)),
  );
  // Not an IncomingMessage: that one would end the caller's connection when it is closed.
  const message = Object.assign(new Readable({ read() {} }), {
    method,
    url,
    originalUrl: portalPath(line) + url,
    httpVersion: request.raw.httpVersion,
    httpVersionMajor: request.raw.httpVersionMajor,
    httpVersionMinor: request.raw.httpVersionMinor,
    socket: request.raw.socket,
    headers: {
      ...kept,
      host: portal.host,
      'x-forwarded-proto': portal.protocol.slice(0, -1),
      'content-length': String(body.length),
    },
  });
  if (body.length > 0) message.push(body);
  message.push(null);
  return message as unknown as IncomingMessage;
}
