// The developer portal: an account, apps, credentials. Plain forms that work without JavaScript.
// A developer sees and changes only their own apps; another's answers 404 as if it did not exist.
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import { acceptFormBodies, formOf } from '../http/form-body.ts';
import type { Logger } from '../log/logger.ts';
import type { ClientRegistry } from '../oauth/client-registry.ts';
import { html, pageHeaders, renderPage } from '../pages/page.ts';
import { registerAppRoutes } from './app-routes.ts';
import { createDevelopers, type Developer } from './developers.ts';
import { signInPage, signUpPage, welcomePage } from './pages/account-pages.ts';
import { appListPage } from './pages/app-pages.ts';
import { emptyForm } from './pages/form-field.ts';
import { createPortalVisits, type PortalVisit } from './portal-visit.ts';

export interface DeveloperPortalDeps {
  readonly db: Database;
  readonly config: Config;
  readonly clients: ClientRegistry;
  readonly logger: Logger;
  readonly clock?: () => number;
}

export function registerDeveloperPortal(app: FastifyInstance, deps: DeveloperPortalDeps): void {
  app.register(async (scope) => registerRoutes(scope, deps));
}

function registerRoutes(
  app: FastifyInstance,
  { db, config, clients, logger, clock = Date.now }: DeveloperPortalDeps,
): void {
  const developers = createDevelopers(db, clock);
  const visits = createPortalVisits(config, { db, developers, clock });
  const home = `${config.planUrl}/developer`;
  acceptFormBodies(app);

  const send = async (reply: FastifyReply, status: number, page: Promise<string>) =>
    reply
      .code(status)
      .headers(pageHeaders)
      .send(await page);

  const sendProblem = (reply: FastifyReply, status: number, title: string, text: string) =>
    send(
      reply,
      status,
      renderPage(config, {
        title,
        body: html`<section class="card narrow"><h1>${title}</h1><p>${text}</p><p><a href="${home}">Developer portal</a></p></section>`,
      }),
    );

  app.setErrorHandler<FastifyError>((error, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500)
      return sendProblem(reply, status, 'The form could not be read', 'Go back one page and try again.');
    logger.error({ err: error }, 'developer portal failed');
    return sendProblem(reply, 500, 'Something went wrong on our side', 'Try again in a few minutes.');
  });

  /** A POST whose form was not made for this browser goes no further. */
  const trusted =
    (handle: (visit: PortalVisit, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>) =>
    async (request: FastifyRequest, reply: FastifyReply) => {
      const visit = await visits.start(request, reply);
      if (visit.trusted) return handle(visit, request, reply);
      return sendProblem(
        reply,
        403,
        'This form has expired',
        'Go back, load the page again and repeat what you did.',
      );
    };

  const signedIn =
    (
      handle: (
        developer: Developer,
        visit: PortalVisit,
        request: FastifyRequest,
        reply: FastifyReply,
      ) => Promise<unknown>,
    ) =>
    (visit: PortalVisit, request: FastifyRequest, reply: FastifyReply) =>
      visit.developer === undefined
        ? Promise.resolve(reply.redirect(`${home}/sign-in`, 303))
        : handle(visit.developer, visit, request, reply);

  const shown =
    (handle: (visit: PortalVisit, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>) =>
    async (request: FastifyRequest, reply: FastifyReply) =>
      handle(await visits.start(request, reply), request, reply);

  app.get(
    '/developer',
    shown(async ({ developer, csrf }, _request, reply) => {
      if (developer === undefined) return send(reply, 200, welcomePage(config));
      const apps = await clients.list({ developerId: developer.id });
      return send(reply, 200, appListPage(config, { developer, csrf, apps }));
    }),
  );

  app.get(
    '/developer/sign-up',
    shown(({ csrf }, _request, reply) => send(reply, 200, signUpPage(config, csrf, emptyForm))),
  );

  app.post(
    '/developer/sign-up',
    trusted(async ({ csrf }, request, reply) => {
      const form = formOf(request);
      const typed = { name: (form.get('name') ?? '').trim(), email: (form.get('email') ?? '').trim() };
      const password = form.get('password') ?? '';
      const errors = signUpErrors(typed, password);
      if (Object.keys(errors).length > 0)
        return send(reply, 422, signUpPage(config, csrf, { typed, errors }));
      const outcome = await developers.signUp({ ...typed, password }, request.ip);
      if (outcome.kind === 'blocked') {
        reply.header('retry-after', String(outcome.retryAfterSeconds));
        const form = waitMessage(outcome.retryAfterSeconds);
        return send(reply, 429, signUpPage(config, csrf, { typed, errors: { form } }));
      }
      if (outcome.kind === 'taken') {
        const taken = { email: 'There is an account with this address already: sign in instead.' };
        return send(reply, 422, signUpPage(config, csrf, { typed, errors: taken }));
      }
      await visits.signIn(request, reply, outcome.developer);
      return reply.redirect(`${home}/apps/new`, 303);
    }),
  );

  app.get(
    '/developer/sign-in',
    shown(({ csrf }, _request, reply) => send(reply, 200, signInPage(config, csrf, emptyForm))),
  );

  app.post(
    '/developer/sign-in',
    trusted(async ({ csrf }, request, reply) => {
      const form = formOf(request);
      const typed = { email: (form.get('email') ?? '').trim().slice(0, 254) };
      const outcome = await developers.verify(
        typed.email,
        (form.get('password') ?? '').slice(0, 1000),
        request.ip,
      );
      if (outcome.kind === 'accepted') {
        await visits.signIn(request, reply, outcome.developer);
        return reply.redirect(home, 303);
      }
      const blocked = outcome.kind === 'blocked';
      if (blocked) reply.header('retry-after', String(outcome.retryAfterSeconds));
      const problem = blocked
        ? waitMessage(outcome.retryAfterSeconds)
        : 'This e-mail address and password do not belong together.';
      return send(reply, blocked ? 429 : 401, signInPage(config, csrf, { typed, errors: { form: problem } }));
    }),
  );

  app.post(
    '/developer/sign-out',
    trusted(async (_visit, request, reply) => {
      await visits.signOut(request, reply);
      return reply.redirect(home, 303);
    }),
  );

  registerAppRoutes(app, { config, clients, clock, send, sendProblem, trusted, shown, signedIn });
}

function waitMessage(seconds: number): string {
  const wait = seconds < 60 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
  return `There were too many attempts. Try again in ${wait}.`;
}

function signUpErrors(
  { name, email }: { name: string; email: string },
  password: string,
): Record<string, string> {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  const control = /[\u0000-\u001f\u007f]/;
  return {
    ...(name === '' || name.length > 200 || control.test(name)
      ? { name: 'Enter a name of at most 200 characters.' }
      : {}),
    ...(/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email) && email.length <= 254 && !control.test(email)
      ? {}
      : { email: 'Enter an e-mail address such as name@example.com.' }),
    ...(password.length < 12 || password.length > 1000 || password.toLowerCase() === email.toLowerCase()
      ? { password: 'Choose a password of at least 12 characters that is not your e-mail address.' }
      : {}),
  };
}
