// The member's own pages of a line at {portal}/account: which apps are and were connected, what each may see, what was agreed,
// and the button that ends it. Has a sign-in of its own, good for half an hour and on this path only.
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config, Line } from '../config/config.ts';
import { deriveKey } from '../config/derive-key.ts';
import type { Database } from '../db/database.ts';
import { parseCookies } from '../http/cookies.ts';
import { acceptFormBodies, formOf } from '../http/form-body.ts';
import { redirectUnkept } from '../http/unkept.ts';
import type { Account } from '../oauth/accounts.ts';
import type { Connection } from '../oauth/connections.ts';
import { IdentityProviderFailed } from '../oauth/identity-provider/identity-provider.ts';
import type { OAuthServer } from '../oauth/oauth-server.ts';
import { secondFactorPage } from '../oauth/pages/second-factor-page.ts';
import { secondFactorTexts } from '../oauth/pages/second-factor-texts.ts';
import { signInTexts, waitMessage } from '../oauth/pages/sign-in-texts.ts';
import { sealedCookie } from '../oauth/sealed-ticket.ts';
import { chosenLanguage, type Language } from '../pages/language.ts';
import { pageHeaders, renderPage } from '../pages/page.ts';
import { createBrowserSessions, memberArea } from './browser-sessions.ts';
import { registerMemberSecurity } from './member-security.ts';
import { type ConnectedApp, connectedAppsPage } from './pages/connected-apps-page.ts';
import { memberProblemPage, memberSignInPage } from './pages/member-account-pages.ts';
import { memberTexts } from './pages/member-texts.ts';
import { receiptPage } from './pages/receipt-page.ts';

export interface MemberAccountDeps {
  readonly config: Config;
  readonly db: Database;
  readonly oauth: Pick<
    OAuthServer,
    'accounts' | 'connections' | 'clients' | 'factors' | 'secondStep' | 'identitySignIn'
  >;
  /** A person's name for a Patient id of a line; the id is shown when it is not known. */
  readonly describePatient?: (line: string, patient: string) => Promise<string | undefined>;
  /** Of the sandbox: whether everybody may sign in with it. */
  readonly isTestMember?: (line: string, username: string) => boolean;
  /** Epoch milliseconds. */
  readonly clock?: () => number;
}

const sessionSeconds = 1800;
/** Of those that have ended, the newest. */
const endedShown = 20;

/** Registers the pages under the line's internal path. */
export function registerMemberAccount(app: FastifyInstance, line: Line, deps: MemberAccountDeps): void {
  const { config, db, oauth, clock = Date.now, isTestMember = () => false } = deps;
  const homeUrl = new URL(`${line.portalUrl}/account`);
  const home = homeUrl.pathname;
  const sessions = createBrowserSessions(db, {
    area: memberArea(line.id),
    cookieName: 'portico_member',
    home: homeUrl,
    key: deriveKey(config.secretKey, `member account ${line.id}`),
    seconds: sessionSeconds,
    clock,
  });

  const ticketCookie = 'portico_member_second';
  const giveTicket = (reply: FastifyReply, ticket: string) =>
    reply.header(
      'set-cookie',
      sealedCookie(ticketCookie, ticket, { path: home, secure: homeUrl.protocol === 'https:' }),
    );
  const secondView = { line, action: `${home}/second-factor`, forApp: false } as const;

  const send = async (reply: FastifyReply, content: Parameters<typeof renderPage>[1]) =>
    reply.headers(pageHeaders).send(await renderPage(config, content));

  const visit = async (request: FastifyRequest, reply: FastifyReply) => {
    const { subject, csrf, trusted } = await sessions.visit(request, reply);
    const account = subject === undefined ? undefined : await oauth.accounts.find(line.id, subject);
    return { account, csrf, trusted };
  };

  void app.register(
    async (scope) => {
      acceptFormBodies(scope);
      scope.setErrorHandler<FastifyError>((error, request, reply) => {
        const status = error.statusCode ?? 500;
        if (status >= 500) request.log.error({ err: error, line: line.id }, 'the member’s pages failed');
        return send(reply.code(status), memberProblemPage(home, status, languageOf(request)));
      });
      scope.get('/', async (request, reply) => {
        const { account, csrf } = await visit(request, reply);
        const language = languageOf(request);
        if (account === undefined)
          return send(reply, memberSignInPage(config, { line, language, home, csrf }));
        const connections = await oauth.connections.of(line.id, account.id);
        const now = clock();
        const live = connections.filter((connection) => isLive(connection, now));
        const ended = connections.filter((connection) => !isLive(connection, now)).slice(0, endedShown);
        return send(
          reply,
          connectedAppsPage({
            line,
            language,
            home,
            account,
            csrf,
            apps: await describeApps(deps, { line, language, account }, live),
            ended: await describeApps(deps, { line, language, account }, ended),
          }),
        );
      });
      scope.get('/receipts/:connection', async (request, reply) => {
        const { account } = await visit(request, reply);
        if (account === undefined) return reply.redirect(home, 303);
        const { connection: wanted } = request.params as { readonly connection: string };
        const connections = await oauth.connections.of(line.id, account.id);
        // Only of one's own.
        const found = connections.find((connection) => connection.grantId === wanted);
        if (found?.receipt === undefined)
          return send(reply.code(404), memberProblemPage(home, 404, languageOf(request)));
        return send(reply, receiptPage({ home, language: languageOf(request), connection: found }));
      });
      scope.post('/sign-in', async (request, reply) => {
        const { csrf, trusted } = await visit(request, reply);
        const language = languageOf(request);
        const form = formOf(request);
        const username = (form.get('username') ?? '').slice(0, 200);
        const again = (status: number, message: string) =>
          send(
            reply.code(status),
            memberSignInPage(config, { line, language, home, csrf, typed: { username, message } }),
          );
        // Another site must not be able to sign its visitor in as somebody else.
        if (!trusted) return again(403, memberTexts[language].expired);
        if (line.identityProvider?.besidePasswords === false) return reply.redirect(home, 303);
        const password = (form.get('password') ?? '').slice(0, 1000);
        const found = await oauth.accounts.verify(line.id, username, password, request.ip);
        if (found.kind === 'blocked') {
          reply.header('retry-after', String(found.retryAfterSeconds));
          return again(429, waitMessage(found.retryAfterSeconds, language));
        }
        if (found.kind === 'refused') return again(400, signInTexts[language].refused);
        const second = await oauth.secondStep(line).begin(found.account, home);
        if (second === undefined) {
          await sessions.signIn(request, reply, found.account.id);
          return reply.redirect(home, 303);
        }
        giveTicket(reply, second.ticket);
        return send(reply, secondFactorPage({ ...secondView, language, offer: second.offer, csrf }));
      });
      const identitySignIn = oauth.identitySignIn(line);
      if (identitySignIn !== undefined) {
        scope.post('/identity-provider', async (request, reply) => {
          const { trusted } = await visit(request, reply);
          if (!trusted) return reply.redirect(home, 303);
          let there: string;
          try {
            there = await identitySignIn.begin(reply, home, {
              anew: false,
              uiLocales: languageOf(request),
            });
          } catch (error) {
            if (!(error instanceof IdentityProviderFailed)) throw error;
            request.log.warn({ line: line.id, reason: error.message }, 'the identity provider failed');
            return send(reply.code(502), memberProblemPage(home, 502, languageOf(request)));
          }
          return redirectUnkept(reply, there);
        });
        scope.get('/signed-in', async (request, reply) => {
          const outcome = await identitySignIn.take(request, reply, home);
          if (outcome !== undefined && 'accountId' in outcome)
            await sessions.signIn(request, reply, outcome.accountId);
          return reply.redirect(home, 303);
        });
      }
      scope.post('/second-factor', async (request, reply) => {
        const { csrf, trusted } = await visit(request, reply);
        const form = formOf(request);
        if (!trusted || form.get('decision') === 'again') {
          giveTicket(reply, '');
          return reply.redirect(home, 303);
        }
        const outcome = await oauth
          .secondStep(line)
          .finish(parseCookies(request.headers.cookie)[ticketCookie], home, {
            code: form.get('code') ?? '',
            passkey: form.get('passkey') ?? '',
            address: request.ip,
          });
        if (outcome.kind === 'expired') return reply.redirect(home, 303);
        if (outcome.kind === 'accepted') {
          giveTicket(reply, '');
          await sessions.signIn(request, reply, outcome.account.id);
          return reply.redirect(home, 303);
        }
        const language = languageOf(request);
        const isBlocked = outcome.kind === 'blocked';
        if (isBlocked) reply.header('retry-after', String(outcome.retryAfterSeconds));
        const message = isBlocked
          ? waitMessage(outcome.retryAfterSeconds, language)
          : secondFactorTexts[language].refused;
        return send(
          reply.code(isBlocked ? 429 : 401),
          secondFactorPage({ ...secondView, language, offer: outcome.offer, csrf, message }),
        );
      });
      registerMemberSecurity(scope, line, {
        config,
        oauth,
        clock,
        home,
        languageOf,
        isShared: ({ username }) => isTestMember(line.id, username),
        visit,
        send,
        signOutElsewhere: (request, account) => sessions.signOutElsewhere(request, account.id),
      });
      scope.post('/end', async (request, reply) => {
        const { account, trusted } = await visit(request, reply);
        const grantId = formOf(request).get('connection');
        // Only a connection of one's own; any other id changes nothing.
        if (account !== undefined && trusted && grantId !== null)
          await oauth.connections.end({ line: line.id, accountId: account.id, grantId }, 'member');
        return reply.redirect(home, 303);
      });
      scope.post('/sign-out', async (request, reply) => {
        // Another site must not be able to sign a member out.
        const { account, trusted } = await visit(request, reply);
        if (account !== undefined && trusted) await sessions.signOut(request, reply);
        return reply.redirect(home, 303);
      });
    },
    { prefix: `/${line.id}/account` },
  );
}

function isLive({ revokedAt, expiresAt }: Connection, now: number): boolean {
  return revokedAt === undefined && expiresAt > now;
}

function languageOf({ headers }: FastifyRequest): Language {
  return chosenLanguage({ acceptLanguage: headers['accept-language'] });
}

async function describeApps(
  { oauth, describePatient = async () => undefined }: MemberAccountDeps,
  {
    line,
    language,
    account,
  }: { readonly line: Line; readonly language: Language; readonly account: Account },
  connections: readonly Connection[],
): Promise<ConnectedApp[]> {
  const texts = memberTexts[language];
  const apps: ConnectedApp[] = [];
  for (const connection of connections) {
    const client = await oauth.clients.find(connection.clientId);
    const people = await Promise.all(
      connection.patients.map(async (patient) =>
        patient === account.patient
          ? texts.you(account.name)
          : ((await describePatient(line.id, patient)) ?? texts.member(patient)),
      ),
    );
    apps.push({ ...connection, appName: client?.name ?? texts.removedApp, people });
  }
  return apps;
}
