// One request at the developer portal: who is signed in, and the token that its forms must bring back.
// The token is bound to a cookie of this browser and to the sign-in, so no other site and no other session can make it.
// https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config/config.ts';
import { deriveKey } from '../config/derive-key.ts';
import { cookie, parseCookies } from '../http/cookies.ts';
import { formOf } from '../http/form-body.ts';
import { type Developer, type Developers, sessionSeconds } from './developers.ts';

const sessionCookie = 'portico_developer';
const formCookie = 'portico_developer_form';

export interface PortalVisit {
  readonly developer: Developer | undefined;
  /** Value of the hidden field `csrf`. */
  readonly csrf: string;
  /** Whether a POST brought the token back. */
  readonly trusted: boolean;
}

export interface PortalVisits {
  start(request: FastifyRequest, reply: FastifyReply): Promise<PortalVisit>;
  signIn(reply: FastifyReply, developer: Developer): Promise<void>;
  signOut(request: FastifyRequest, reply: FastifyReply): Promise<void>;
}

export function createPortalVisits(config: Config, developers: Developers): PortalVisits {
  const key = deriveKey(config.secretKey, 'developer portal forms');
  const plan = new URL(config.planUrl);
  const options = {
    path: `${plan.pathname.replace(/\/$/, '')}/developer`,
    secure: plan.protocol === 'https:',
  };

  return {
    async start(request, reply) {
      const cookies = parseCookies(request.headers.cookie);
      const session = cookies[sessionCookie];
      const developer = session === undefined ? undefined : await developers.ofSession(session);
      let browser = cookies[formCookie];
      if (browser === undefined || !/^[A-Za-z0-9_-]{22}$/.test(browser)) {
        browser = randomBytes(16).toString('base64url');
        reply.header('set-cookie', cookie(formCookie, browser, options));
      }
      const bound = `${browser} ${developer === undefined ? '' : session}`;
      const csrf = createHmac('sha256', key).update(bound).digest('base64url');
      const brought = Buffer.from(formOf(request).get('csrf') ?? '');
      const expected = Buffer.from(csrf);
      return {
        developer,
        csrf,
        trusted: brought.length === expected.length && timingSafeEqual(brought, expected),
      };
    },

    async signIn(reply, developer) {
      const session = await developers.openSession(developer.id);
      reply.header(
        'set-cookie',
        cookie(sessionCookie, session, { ...options, maxAgeSeconds: sessionSeconds }),
      );
    },

    async signOut(request, reply) {
      const session = parseCookies(request.headers.cookie)[sessionCookie];
      if (session !== undefined) await developers.closeSession(session);
      reply.header('set-cookie', cookie(sessionCookie, '', { ...options, maxAgeSeconds: 0 }));
    },
  };
}
