// Who is signed in at the member's own pages of a line: a row for each sign-in, so that signing out ends it whoever
// kept the cookie. https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html
// Must never store the value of the cookie.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Database } from '../db/database.ts';
import { tokenDigest } from '../oauth/token-digest.ts';
import type { PortalTables } from './schema.ts';

export const memberSessionSeconds = 1800;

export interface MemberSessions {
  /** Answers the value of the session cookie. */
  open(accountId: string): Promise<string>;
  /** The account id of a live session of this line. */
  accountOf(session: string): Promise<string | undefined>;
  close(session: string): Promise<void>;
  /** What the forms of a session must bring back. */
  csrf(session: string): string;
  isCsrf(session: string, given: string): boolean;
}

export function createMemberSessions(
  db: Database,
  line: string,
  { key, clock }: { readonly key: Buffer; readonly clock: () => number },
): MemberSessions {
  const kysely = db.as<PortalTables>();
  const csrf = (session: string) => createHmac('sha256', key).update(session).digest('base64url');
  return {
    async open(accountId) {
      const session = randomBytes(32).toString('base64url');
      const now = clock();
      await kysely.deleteFrom('portal_member_session').where('expires_at', '<', now).execute();
      await kysely
        .insertInto('portal_member_session')
        .values({
          line,
          id_hash: tokenDigest(session),
          account_id: accountId,
          expires_at: now + memberSessionSeconds * 1000,
        })
        .execute();
      return session;
    },

    async accountOf(session) {
      const row = await kysely
        .selectFrom('portal_member_session')
        .select('account_id')
        .where('line', '=', line)
        .where('id_hash', '=', tokenDigest(session))
        .where('expires_at', '>', clock())
        .executeTakeFirst();
      return row?.account_id;
    },

    async close(session) {
      await kysely
        .deleteFrom('portal_member_session')
        .where('line', '=', line)
        .where('id_hash', '=', tokenDigest(session))
        .execute();
    },

    csrf,

    isCsrf(session, given) {
      const [a, b] = [Buffer.from(given), Buffer.from(csrf(session))];
      return a.length === b.length && timingSafeEqual(a, b);
    },
  };
}
