// The member's own pages of a line at {portal}/account: which apps are connected, what each may see, and the button that
// ends it. Has a sign-in of its own; the session is a signed cookie of this path, good for half an hour.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config, Line } from '../config/config.ts';
import { deriveKey } from '../config/derive-key.ts';
import { cookie, parseCookies } from '../http/cookies.ts';
import { acceptFormBodies, formOf } from '../http/form-body.ts';
import type { Account } from '../oauth/accounts.ts';
import type { OAuthServer } from '../oauth/oauth-server.ts';
import { pageHeaders, renderPage } from '../pages/page.ts';
import { type ConnectedApp, connectedAppsPage, memberSignInPage } from './pages/member-account-pages.ts';

export interface MemberAccountDeps {
  readonly config: Config;
  readonly oauth: Pick<OAuthServer, 'accounts' | 'connections' | 'clients'>;
  /** Epoch milliseconds. */
  readonly clock?: () => number;
}

const cookieName = 'portico_member';
const sessionSeconds = 1800;

/** Registers the pages under the line's internal path. */
export function registerMemberAccount(app: FastifyInstance, line: Line, deps: MemberAccountDeps): void {
  const { config, oauth, clock = Date.now } = deps;
  const portal = new URL(line.portalUrl);
  const home = `${portal.pathname.replace(/\/$/, '')}/account`;
  const options = { path: home, secure: portal.protocol === 'https:' };
  const sessions = createSessions(deriveKey(config.secretKey, `member account ${line.id}`), clock);

  const send = async (reply: FastifyReply, content: Parameters<typeof renderPage>[1]) =>
    reply.headers(pageHeaders).send(await renderPage(config, content));

  const signedIn = async (request: FastifyRequest): Promise<Account | undefined> => {
    const accountId = sessions.read(parseCookies(request.headers.cookie)[cookieName]);
    return accountId === undefined ? undefined : oauth.accounts.find(line.id, accountId);
  };

  void app.register(
    async (scope) => {
      acceptFormBodies(scope);
      scope.get('/', async (request, reply) => {
        const account = await signedIn(request);
        if (account === undefined) return send(reply, memberSignInPage(config, line, home, undefined));
        const apps = await connectedApps(oauth, line, account, clock());
        return send(reply, connectedAppsPage({ line, home, account, apps, csrf: sessions.csrf(account.id) }));
      });
      scope.post('/sign-in', async (request, reply) => {
        const form = formOf(request);
        const username = form.get('username') ?? '';
        const found = await oauth.accounts.verify(line.id, username, form.get('password') ?? '', request.ip);
        if (found.kind !== 'accepted') {
          const message =
            found.kind === 'blocked'
              ? `Too many attempts. Try again in ${found.retryAfterSeconds} seconds.`
              : 'The user name or the password is not right.';
          return send(
            reply.code(found.kind === 'blocked' ? 429 : 400),
            memberSignInPage(config, line, home, { username, message }),
          );
        }
        reply.header(
          'set-cookie',
          cookie(cookieName, sessions.make(found.account.id), { ...options, maxAgeSeconds: sessionSeconds }),
        );
        return reply.redirect(home, 303);
      });
      scope.post('/end', async (request, reply) => {
        const account = await signedIn(request);
        const form = formOf(request);
        if (account === undefined || !same(form.get('csrf') ?? '', sessions.csrf(account.id)))
          return reply.redirect(home, 303);
        const connections = await oauth.connections.of(line.id, account.id);
        // Only a connection of one's own; any other id changes nothing.
        const ended = connections.find((connection) => connection.grantId === form.get('connection'));
        if (ended !== undefined) await oauth.connections.revoke(line.id, ended.grantId);
        return reply.redirect(home, 303);
      });
      scope.post('/sign-out', async (_request, reply) => {
        reply.header('set-cookie', cookie(cookieName, '', { ...options, maxAgeSeconds: 0 }));
        return reply.redirect(home, 303);
      });
    },
    { prefix: `/${line.id}/account` },
  );
}

async function connectedApps(
  oauth: MemberAccountDeps['oauth'],
  line: Line,
  account: Account,
  now: number,
): Promise<ConnectedApp[]> {
  const apps: ConnectedApp[] = [];
  for (const connection of await oauth.connections.of(line.id, account.id)) {
    if (connection.revokedAt !== undefined || connection.expiresAt <= now) continue;
    const client = await oauth.clients.find(connection.clientId);
    apps.push({ ...connection, appName: client?.name ?? 'An app that has been removed' });
  }
  return apps;
}

/** accountId.expiry.mac — cookie-safe. */
function createSessions(key: Buffer, clock: () => number) {
  const mac = (text: string) => createHmac('sha256', key).update(text).digest('base64url');
  return {
    make(accountId: string): string {
      const text = `${accountId}.${Math.floor(clock() / 1000) + sessionSeconds}`;
      return `${text}.${mac(text)}`;
    },
    read(value: string | undefined): string | undefined {
      const [accountId, expiry, given, more] = (value ?? '').split('.');
      if (accountId === undefined || expiry === undefined || given === undefined || more !== undefined)
        return undefined;
      if (!same(given, mac(`${accountId}.${expiry}`)) || Number(expiry) * 1000 < clock()) return undefined;
      return accountId;
    },
    csrf: (accountId: string) => mac(`form ${accountId}`),
  };
}

function same(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
