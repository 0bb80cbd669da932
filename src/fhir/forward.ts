// A request of one's own to the same FHIR base, made for an entry of a batch: it goes the whole way of a request, with the
// token of the outer one, so whatever is checked of a request is checked of it.
import type { FastifyRequest } from 'fastify';
import type { Line } from '../config/config.ts';

export interface ForwardedRequest {
  readonly method: 'GET' | 'HEAD';
  /** Below the base, with its slash and its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ForwardedAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

export type Forward = (inner: ForwardedRequest) => Promise<ForwardedAnswer>;

export function forwardTo(outer: FastifyRequest, line: Line): Forward {
  return async ({ method, path, headers }) => {
    const base = new URL(line.fhirUrl);
    const { authorization } = outer.headers;
    const answer = await outer.server.inject({
      method,
      // The public address: the way in is that of any request.
      url: `${base.pathname.replace(/\/+$/, '')}${path}`,
      remoteAddress: outer.ip,
      headers: {
        host: base.host,
        accept: 'application/fhir+json',
        ...(authorization === undefined ? {} : { authorization }),
        ...headers,
      },
    });
    return {
      status: answer.statusCode,
      statusText: answer.statusMessage,
      headers: answer.headers,
      body: answer.payload,
    };
  };
}
