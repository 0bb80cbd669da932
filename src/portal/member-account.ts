// The member's own pages of a line at {portal}/account: which apps are connected, what each may see, and the button that
// ends it. Has a sign-in of its own, good for half an hour and on this path only.
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config, Line } from '../config/config.ts';
import { deriveKey } from '../config/derive-key.ts';
import type { Database } from '../db/database.ts';
import { cookie, parseCookies } from '../http/cookies.ts';
import { acceptFormBodies, formOf } from '../http/form-body.ts';
import type { Account } from '../oauth/accounts.ts';
import type { OAuthServer } from '../oauth/oauth-server.ts';
import { pageHeaders, renderPage } from '../pages/page.ts';
import { createMemberSessions, memberSessionSeconds } from './member-sessions.ts';
import {
  type ConnectedApp,
  connectedAppsPage,
  memberProblemPage,
  memberSignInPage,
} from './pages/member-account-pages.ts';

export interface MemberAccountDeps {
  readonly config: Config;
  readonly db: Database;
  readonly oauth: Pick<OAuthServer, 'accounts' | 'connections' | 'clients'>;
  /** A person's name for a Patient id of a line; the id is shown when it is not known. */
  readonly describePatient?: (line: string, patient: string) => Promise<string | undefined>;
  /** Epoch milliseconds. */
  readonly clock?: () => number;
}

const cookieName = 'portico_member';

/** Registers the pages under the line's internal path. */
export function registerMemberAccount(app: FastifyInstance, line: Line, deps: MemberAccountDeps): void {
  const { config, db, oauth, clock = Date.now } = deps;
  const portal = new URL(line.portalUrl);
  const home = `${portal.pathname.replace(/\/$/, '')}/account`;
  const options = { path: home, secure: portal.protocol === 'https:' };
  const key = deriveKey(config.secretKey, `member account ${line.id}`);
  const sessions = createMemberSessions(db, line.id, { key, clock });

  const send = async (reply: FastifyReply, content: Parameters<typeof renderPage>[1]) =>
    reply.headers(pageHeaders).send(await renderPage(config, content));

  const signedIn = async (
    request: FastifyRequest,
  ): Promise<{ readonly session: string; readonly account: Account } | undefined> => {
    const session = parseCookies(request.headers.cookie)[cookieName];
    const accountId = session === undefined ? undefined : await sessions.accountOf(session);
    const account = accountId === undefined ? undefined : await oauth.accounts.find(line.id, accountId);
    return session === undefined || account === undefined ? undefined : { session, account };
  };

  void app.register(
    async (scope) => {
      acceptFormBodies(scope);
      scope.setErrorHandler<FastifyError>((error, request, reply) => {
        const status = error.statusCode ?? 500;
        if (status >= 500) request.log.error({ err: error, line: line.id }, 'the member’s pages failed');
        return send(reply.code(status), memberProblemPage(home, status));
      });
      scope.get('/', async (request, reply) => {
        const visit = await signedIn(request);
        if (visit === undefined) return send(reply, memberSignInPage(config, line, home, undefined));
        const { account, session } = visit;
        const apps = await connectedApps(deps, line, account, clock());
        return send(reply, connectedAppsPage({ line, home, account, apps, csrf: sessions.csrf(session) }));
      });
      scope.post('/sign-in', async (request, reply) => {
        const form = formOf(request);
        const username = (form.get('username') ?? '').slice(0, 200);
        const password = (form.get('password') ?? '').slice(0, 1000);
        const found = await oauth.accounts.verify(line.id, username, password, request.ip);
        if (found.kind !== 'accepted') {
          const message =
            found.kind === 'blocked'
              ? `Too many attempts. Try again in ${found.retryAfterSeconds} seconds.`
              : 'This user name and password do not belong together. Check both and try again.';
          return send(
            reply.code(found.kind === 'blocked' ? 429 : 400),
            memberSignInPage(config, line, home, { username, message }),
          );
        }
        reply.header(
          'set-cookie',
          cookie(cookieName, await sessions.open(found.account.id), {
            ...options,
            maxAgeSeconds: memberSessionSeconds,
          }),
        );
        return reply.redirect(home, 303);
      });
      scope.post('/end', async (request, reply) => {
        const visit = await signedIn(request);
        const form = formOf(request);
        if (visit === undefined || !sessions.isCsrf(visit.session, form.get('csrf') ?? ''))
          return reply.redirect(home, 303);
        const connections = await oauth.connections.of(line.id, visit.account.id);
        // Only a connection of one's own; any other id changes nothing.
        const ended = connections.find((connection) => connection.grantId === form.get('connection'));
        if (ended !== undefined) await oauth.connections.revoke(line.id, ended.grantId);
        return reply.redirect(home, 303);
      });
      scope.post('/sign-out', async (request, reply) => {
        const visit = await signedIn(request);
        // Another site must not be able to sign a member out.
        if (visit === undefined || !sessions.isCsrf(visit.session, formOf(request).get('csrf') ?? ''))
          return reply.redirect(home, 303);
        await sessions.close(visit.session);
        reply.header('set-cookie', cookie(cookieName, '', { ...options, maxAgeSeconds: 0 }));
        return reply.redirect(home, 303);
      });
    },
    { prefix: `/${line.id}/account` },
  );
}

async function connectedApps(
  { oauth, describePatient = async () => undefined }: MemberAccountDeps,
  line: Line,
  account: Account,
  now: number,
): Promise<ConnectedApp[]> {
  const apps: ConnectedApp[] = [];
  for (const connection of await oauth.connections.of(line.id, account.id)) {
    if (connection.revokedAt !== undefined || connection.expiresAt <= now) continue;
    const client = await oauth.clients.find(connection.clientId);
    const people = await Promise.all(
      connection.patients.map(async (patient) =>
        patient === account.patient
          ? `${account.name} (you)`
          : ((await describePatient(line.id, patient)) ?? `Member ${patient}`),
      ),
    );
    apps.push({ ...connection, appName: client?.name ?? 'An app that has been removed', people });
  }
  return apps;
}
