// Reads application/x-www-form-urlencoded bodies, at most 64 kB: https://url.spec.whatwg.org/#urlencoded-parsing
// Register it inside the plugin whose routes take forms; elsewhere bodies stay refused.
import type { FastifyInstance, FastifyRequest } from 'fastify';

export const formBodyLimit = 65_536;

/** Routes of `app` get their form as URLSearchParams; other media types are answered with 415. */
export function acceptFormBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: formBodyLimit },
    (_request, body, done) => {
      const form = parseFormBody(body.toString());
      // Nobody types it, and PostgreSQL refuses it: so no form that has it gets anywhere.
      if ([...form].flat().some((text) => text.includes('\0')))
        return done(Object.assign(new Error('the form has U+0000'), { statusCode: 400 }));
      return done(null, form);
    },
  );
}

export function parseFormBody(text: string): URLSearchParams {
  return new URLSearchParams(text);
}

/** The form of a request; empty when there is none. */
export function formOf(request: FastifyRequest): URLSearchParams {
  return request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
}
