// Who is signed in at an area of our pages, and the token that its forms must bring back. A row for each sign-in, so that
// signing out ends it whoever kept the cookie; the token is bound to a cookie of this browser and to the sign-in, so no
// other site and no other session can make it, before signing in as well.
// https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html
// Must never store the value of a cookie.
import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Database } from '../db/database.ts';
import { cookie, parseCookies } from '../http/cookies.ts';
import { formOf } from '../http/form-body.ts';
import { formToken, isFormToken } from '../http/form-token.ts';
import { tokenDigest } from '../oauth/token-digest.ts';
import type { PortalTables } from './schema.ts';

export interface BrowserArea {
  /** `developer`, or `member` and a line. */
  readonly area: string;
  /** Of the cookies; the one that holds forms together has `_form` at its end. */
  readonly cookieName: string;
  /** Public address of the area. */
  readonly home: URL;
  readonly key: Buffer;
  readonly seconds: number;
  /** Epoch milliseconds. */
  readonly clock: () => number;
}

export interface BrowserVisit {
  /** Id of who is signed in. */
  readonly subject: string | undefined;
  /** Value of the hidden field `csrf`. */
  readonly csrf: string;
  /** Whether a POST brought the token back. */
  readonly trusted: boolean;
}

export interface BrowserSessions {
  visit(request: FastifyRequest, reply: FastifyReply): Promise<BrowserVisit>;
  /** Ends the sign-in that this browser had before. */
  signIn(request: FastifyRequest, reply: FastifyReply, subject: string): Promise<void>;
  signOut(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** Ends every other sign-in of the subject. */
  signOutElsewhere(request: FastifyRequest, subject: string): Promise<void>;
}

export function createBrowserSessions(db: Database, place: BrowserArea): BrowserSessions {
  const { area, cookieName, home, key, seconds, clock } = place;
  const kysely = db.as<PortalTables>();
  const formCookie = `${cookieName}_form`;
  const options = { path: home.pathname, secure: home.protocol === 'https:' };

  const subjectOf = async (session: string): Promise<string | undefined> => {
    const row = await kysely
      .selectFrom('portal_browser_session')
      .select('subject')
      .where('area', '=', area)
      .where('id_hash', '=', tokenDigest(session))
      .where('expires_at', '>', clock())
      .executeTakeFirst();
    return row?.subject;
  };

  const close = async (request: FastifyRequest) => {
    const session = parseCookies(request.headers.cookie)[cookieName];
    if (session === undefined) return;
    await kysely
      .deleteFrom('portal_browser_session')
      .where('area', '=', area)
      .where('id_hash', '=', tokenDigest(session))
      .execute();
  };

  return {
    async visit(request, reply) {
      const cookies = parseCookies(request.headers.cookie);
      const session = cookies[cookieName];
      const subject = session === undefined ? undefined : await subjectOf(session);
      let browser = cookies[formCookie];
      if (browser === undefined || !/^[A-Za-z0-9_-]{22}$/.test(browser)) {
        browser = randomBytes(16).toString('base64url');
        reply.header('set-cookie', cookie(formCookie, browser, options));
      }
      const csrf = formToken(key, `${browser} ${subject === undefined ? '' : session}`);
      return { subject, csrf, trusted: isFormToken(csrf, formOf(request).get('csrf')) };
    },

    async signIn(request, reply, subject) {
      await close(request);
      const session = randomBytes(32).toString('base64url');
      const now = clock();
      await kysely.deleteFrom('portal_browser_session').where('expires_at', '<', now).execute();
      await kysely
        .insertInto('portal_browser_session')
        .values({ area, id_hash: tokenDigest(session), subject, expires_at: now + seconds * 1000 })
        .execute();
      reply.header('set-cookie', cookie(cookieName, session, { ...options, maxAgeSeconds: seconds }));
    },

    signOutElsewhere: (request, subject) =>
      endBrowserSessions(db, {
        area,
        subject,
        except: parseCookies(request.headers.cookie)[cookieName],
      }),

    async signOut(request, reply) {
      await close(request);
      reply.header('set-cookie', cookie(cookieName, '', { ...options, maxAgeSeconds: 0 }));
    },
  };
}

/** Name of the area of a line's members. */
export function memberArea(line: string): string {
  return `member ${line}`;
}

/** Ends every sign-in of a subject at an area, but for the one whose cookie is `except`. */
export async function endBrowserSessions(
  db: Database,
  {
    area,
    subject,
    except = '',
  }: { readonly area: string; readonly subject: string; readonly except?: string | undefined },
): Promise<void> {
  await db
    .as<PortalTables>()
    .deleteFrom('portal_browser_session')
    .where('area', '=', area)
    .where('subject', '=', subject)
    .where('id_hash', '<>', tokenDigest(except))
    .execute();
}
