// How a member signs in, on their own pages: second factors, recovery codes, the password. Whatever changes something asks for
// the password once more: a browser that was left open must not be enough to shut its owner out.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { raw } from 'hono/html';
import qrcode from 'qrcode-generator';
import type { Config, Line } from '../config/config.ts';
import { deriveKey } from '../config/derive-key.ts';
import { formOf } from '../http/form-body.ts';
import { type Account, longestPassword, shortestPassword } from '../oauth/accounts.ts';
import type { OAuthServer } from '../oauth/oauth-server.ts';
import { waitMessage } from '../oauth/pages/sign-in-texts.ts';
import { sealing } from '../oauth/sealed-ticket.ts';
import { TooManyFactors } from '../oauth/second-factor/factors.ts';
import { madePasskey, passkeyToMake } from '../oauth/second-factor/passkeys.ts';
import { newTotpSecret, totpUri } from '../oauth/second-factor/totp.ts';
import type { Language } from '../pages/language.ts';
import type { PageContent } from '../pages/page.ts';
import { newAppPage, newPasskeyPage, securityPage } from './pages/security-page.ts';
import { securityTexts } from './pages/security-texts.ts';

export interface MemberSecurityDeps {
  readonly config: Config;
  readonly oauth: Pick<OAuthServer, 'accounts' | 'factors'>;
  readonly clock: () => number;
  /** Public path of the member's pages. */
  readonly home: string;
  languageOf(request: FastifyRequest): Language;
  /** An account that many people sign in with, as those of the sandbox: nobody may shut the others out. */
  isShared(account: Account): boolean;
  visit(
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<{ readonly account: Account | undefined; readonly csrf: string; readonly trusted: boolean }>;
  send(reply: FastifyReply, content: PageContent): Promise<FastifyReply>;
  /** Other browsers in which the account is signed in. */
  signOutElsewhere(request: FastifyRequest, account: Account): Promise<void>;
}

/** What a form brings back of what it was shown with. */
interface Setup {
  readonly accountId: string;
  /** Of the app, or the challenge of the passkey. */
  readonly secret: string;
}

export function registerMemberSecurity(app: FastifyInstance, line: Line, deps: MemberSecurityDeps): void {
  const { config, oauth, clock, home, send, languageOf } = deps;
  const textsFor = (reply: FastifyReply) => securityTexts[languageOf(reply.request)];
  const { accounts, factors } = oauth;
  const key = deriveKey(config.secretKey, `member security ${line.id}`);
  const [apps, passkeys] = [sealing<Setup>(key, 'app', clock), sealing<Setup>(key, 'passkey', clock)];

  const overview = async (
    reply: FastifyReply,
    { account, csrf }: { readonly account: Account; readonly csrf: string },
    said: { done?: string; problem?: string; newCodes?: readonly string[]; status?: number } = {},
  ) => {
    const { status = said.problem === undefined ? 200 : 422, ...words } = said;
    return send(
      reply.code(status),
      securityPage({
        line,
        language: languageOf(reply.request),
        home,
        csrf,
        account,
        changeable: deps.isShared(account) ? 'shared' : account.hasPassword ? 'here' : 'elsewhere',
        factors: await factors.of(account),
        codesLeft: await factors.recoveryCodesLeft(account),
        shortestPassword,
        ...words,
      }),
    );
  };

  /** Why the typed password does not do. */
  const passwordProblem = async (request: FastifyRequest, reply: FastifyReply, account: Account) => {
    const typed = (formOf(request).get('password') ?? '').slice(0, 1000);
    const found = await accounts.verify(line.id, account.username, typed, request.ip);
    if (found.kind === 'accepted' && found.account.id === account.id) return undefined;
    if (found.kind !== 'blocked') return { status: 422, problem: textsFor(reply).passwordWrong };
    reply.header('retry-after', String(found.retryAfterSeconds));
    return { status: 429, problem: waitMessage(found.retryAfterSeconds, languageOf(request)) };
  };

  type Visit = { readonly account: Account; readonly csrf: string };
  const page = (
    path: string,
    show: (request: FastifyRequest, reply: FastifyReply, visit: Visit) => unknown,
  ) =>
    app.get(path, async (request, reply) => {
      const { account, csrf } = await deps.visit(request, reply);
      return account === undefined ? reply.redirect(home, 303) : show(request, reply, { account, csrf });
    });

  /** A change: of who is signed in, by a form of ours, with the password. */
  const change = (
    path: string,
    make: (reply: FastifyReply, visit: Visit, request: FastifyRequest) => Promise<unknown>,
    again: (
      request: FastifyRequest,
      reply: FastifyReply,
      visit: Visit,
      problem: string,
    ) => Promise<unknown> = (_request, reply, visit, problem) =>
      overview(reply, visit, { problem, status: reply.statusCode }),
  ) =>
    app.post(path, async (request, reply) => {
      const { account, csrf, trusted } = await deps.visit(request, reply);
      if (account === undefined || !trusted || !account.hasPassword || deps.isShared(account))
        return reply.redirect(home, 303);
      const wrong = await passwordProblem(request, reply, account);
      if (wrong !== undefined)
        return again(request, reply.code(wrong.status), { account, csrf }, wrong.problem);
      return make(reply, { account, csrf }, request);
    });

  /** The first second factor brings recovery codes along. */
  const added = async (reply: FastifyReply, visit: Visit, what: string) => {
    const isFirst = (await factors.recoveryCodesLeft(visit.account)) === 0;
    const newCodes = isFirst ? await factors.newRecoveryCodes(visit.account) : undefined;
    return overview(reply, visit, {
      done: textsFor(reply).askedFor(what),
      ...(newCodes === undefined ? {} : { newCodes }),
    });
  };

  page('/security', (_request, reply, visit) => overview(reply, visit));

  const showNewApp = async (
    reply: FastifyReply,
    { account, csrf }: Visit,
    { secret = newTotpSecret(), problem }: { secret?: string | undefined; problem?: string } = {},
  ) => {
    const code = qrcode(0, 'M');
    code.addData(totpUri(secret, { issuer: config.planName, label: account.username }));
    code.make();
    const setup = await apps.seal({ accountId: account.id, secret });
    const picture = raw(code.createSvgTag({ cellSize: 4, margin: 8 }));
    return send(
      reply,
      newAppPage({ line, language: languageOf(reply.request), home, csrf, setup, secret, picture, problem }),
    );
  };

  /** Of the person who brings it, or undefined. */
  const setupOf = async (request: FastifyRequest, { account }: Visit, sealed: typeof apps) => {
    const setup = await sealed.open(formOf(request).get('setup') ?? undefined);
    return setup?.accountId === account.id ? setup.secret : undefined;
  };
  const nameOf = (request: FastifyRequest, otherwise: string) =>
    (formOf(request).get('name') ?? '')
      .replaceAll(/\p{Cc}/gu, ' ')
      .trim()
      .slice(0, 60) || otherwise;

  page('/security/app', (_request, reply, visit) => showNewApp(reply, visit));
  change(
    '/security/app',
    async (reply, visit, request) => {
      const secret = await setupOf(request, visit, apps);
      if (secret === undefined)
        return showNewApp(reply.code(422), visit, {
          problem: textsFor(reply).pictureExpired,
        });
      const name = nameOf(request, textsFor(reply).myPhone);
      const code = (formOf(request).get('code') ?? '').slice(0, 20);
      if (!(await withinBound(() => factors.addTotp(visit.account, { name, secret, code }))))
        return showNewApp(reply.code(422), visit, {
          secret,
          problem: textsFor(reply).codeWrong,
        });
      return added(reply, visit, name);
    },
    async (request, reply, visit, problem) =>
      showNewApp(reply, visit, { secret: await setupOf(request, visit, apps), problem }),
  );

  const showNewPasskey = async (reply: FastifyReply, { account, csrf }: Visit, problem?: string) => {
    const options = await passkeyToMake(line, account, await factors.passkeysOf(account));
    const setup = await passkeys.seal({ accountId: account.id, secret: options.challenge });
    return send(
      reply,
      newPasskeyPage({
        line,
        language: languageOf(reply.request),
        home,
        csrf,
        setup,
        options: JSON.stringify(options),
        problem,
      }),
    );
  };

  page('/security/passkey', (_request, reply, visit) => showNewPasskey(reply, visit));
  change(
    '/security/passkey',
    async (reply, visit, request) => {
      const challenge = await setupOf(request, visit, passkeys);
      const sent = formOf(request).get('passkey') ?? '';
      const made = challenge === undefined ? undefined : await madePasskey(line, challenge, sent);
      if (made === undefined) return showNewPasskey(reply.code(422), visit, textsFor(reply).passkeyRefused);
      const name = nameOf(request, textsFor(reply).thisDevice);
      if (!(await withinBound(() => factors.addPasskey(visit.account, { ...made, name }))))
        return showNewPasskey(reply.code(422), visit, textsFor(reply).passkeyRefused);
      return added(reply, visit, name);
    },
    (_request, reply, visit, problem) => showNewPasskey(reply, visit, problem),
  );

  change('/security/remove', async (reply, visit, request) => {
    await factors.remove(visit.account, formOf(request).get('factor') ?? '');
    if ((await factors.of(visit.account)).length === 0) await factors.removeAll(visit.account);
    return overview(reply, visit, { done: textsFor(reply).removed });
  });

  change('/security/codes', async (reply, visit) =>
    overview(reply, visit, {
      done: textsFor(reply).codesReplaced,
      newCodes: await factors.newRecoveryCodes(visit.account),
    }),
  );

  change('/security/password', async (reply, visit, request) => {
    const chosen = formOf(request).get('new_password') ?? '';
    const wrong = accounts.passwordProblem(visit.account, chosen);
    if (wrong !== undefined) {
      const texts = textsFor(reply).passwordProblems;
      return overview(reply, visit, {
        problem: texts[wrong](wrong === 'long' ? longestPassword : shortestPassword),
      });
    }
    await accounts.setPassword(visit.account, chosen);
    await deps.signOutElsewhere(request, visit.account);
    return overview(reply, visit, {
      done: textsFor(reply).passwordChanged,
    });
  });
}

/** Twenty are enough for anybody; who forges more requests than the pages offer is told nothing nicer. */
async function withinBound<Answer>(run: () => Promise<Answer>): Promise<Answer> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof TooManyFactors) throw Object.assign(error, { statusCode: 422 });
    throw error;
  }
}
