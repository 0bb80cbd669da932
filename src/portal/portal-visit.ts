// One request at the developer portal: who is signed in, and the token that its forms must bring back.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config/config.ts';
import { deriveKey } from '../config/derive-key.ts';
import type { Database } from '../db/database.ts';
import { type BrowserSessions, type BrowserVisit, createBrowserSessions } from './browser-sessions.ts';
import type { Developer, Developers } from './developers.ts';

const sessionSeconds = 12 * 3600;

export interface PortalVisit extends Omit<BrowserVisit, 'subject'> {
  readonly developer: Developer | undefined;
}

export interface PortalVisits extends Pick<BrowserSessions, 'signOut'> {
  start(request: FastifyRequest, reply: FastifyReply): Promise<PortalVisit>;
  signIn(request: FastifyRequest, reply: FastifyReply, developer: Developer): Promise<void>;
}

export function createPortalVisits(
  config: Config,
  {
    db,
    developers,
    clock,
  }: { readonly db: Database; readonly developers: Developers; readonly clock: () => number },
): PortalVisits {
  const sessions = createBrowserSessions(db, {
    area: 'developer',
    cookieName: 'portico_developer',
    home: new URL(`${config.planUrl}/developer`),
    key: deriveKey(config.secretKey, 'developer portal forms'),
    seconds: sessionSeconds,
    clock,
  });
  return {
    async start(request, reply) {
      const { subject, csrf, trusted } = await sessions.visit(request, reply);
      const developer = subject === undefined ? undefined : await developers.find(subject);
      return { developer, csrf, trusted };
    },
    signIn: (request, reply, developer) => sessions.signIn(request, reply, developer.id),
    signOut: sessions.signOut,
  };
}
