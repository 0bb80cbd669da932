// Sign-in and consent of one line, between the authorization request and its answer. One dispatcher shows the step
// that the library asks for; each form returns to the library, which decides what comes next.
// A step is bound to the browser that started it: the uid in the path must be the one in the signed cookie, and each
// form carries a token made from it. https://www.rfc-editor.org/rfc/rfc9700#section-4.7
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errors, type Interaction, type InteractionResults, type Provider } from 'oidc-provider';
import type { Config, Line } from '../config/config.ts';
import { deriveKey } from '../config/derive-key.ts';
import type { Database } from '../db/database.ts';
import { parseCookies } from '../http/cookies.ts';
import { acceptFormBodies, formOf } from '../http/form-body.ts';
import { pageHeaders } from '../pages/page.ts';
import { type Account, type Accounts, sharablePatients } from './accounts.ts';
import { type ConsentRequest, consentRequest, recordConsent } from './consent.ts';
import { endpoints } from './endpoints.ts';
import { requestOn } from './forward-to-provider.ts';
import { portalPath } from './line-provider.ts';
import { type ConsentChoice, consentPage } from './pages/consent-page.ts';
import { type InteractionProblem, interactionProblemPage } from './pages/interaction-problem-page.ts';
import { signInPage } from './pages/sign-in-page.ts';

export interface InteractionDeps {
  readonly provider: Provider;
  readonly db: Database;
  readonly config: Config;
  readonly accounts: Accounts;
  readonly clock: () => number;
  /** A person's name for a Patient id, from the plan's records; the id is shown when it is not known. */
  readonly describePatient: (line: string, patient: string) => Promise<string | undefined>;
}

interface Step {
  readonly interaction: Interaction;
  /** Of the forms. */
  readonly csrf: string;
  /** Public path of the forms. */
  readonly action: string;
}

export function registerInteractionRoutes(app: FastifyInstance, line: Line, deps: InteractionDeps): void {
  const { provider, config, accounts } = deps;
  const csrfKey = deriveKey(config.secretKey, `oauth interaction ${line.id}`);
  acceptFormBodies(app);

  const sendPage = (reply: FastifyReply, status: number, page: string) =>
    reply.code(status).headers(pageHeaders).send(page);

  const problem = async (reply: FastifyReply, status: number, which: InteractionProblem) =>
    sendPage(reply, status, await interactionProblemPage(config, which));

  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (error instanceof errors.SessionNotFound) return problem(reply, 400, 'expired');
    const status = error.statusCode ?? 500;
    if (status >= 500) request.log.error({ err: error, line: line.id }, 'sign-in or consent failed');
    return problem(reply, status, status >= 500 ? 'server' : 'form');
  });

  /** The library's view of the request, with the cookies it signed. */
  const asLibrary = (request: FastifyRequest) =>
    requestOn(line, { method: 'GET', url: '/', headers: request.headers, body: Buffer.alloc(0) }, request);

  /** The step of this browser, or what to tell instead. */
  const stepOf = async (request: FastifyRequest, reply: FastifyReply): Promise<Step | InteractionProblem> => {
    const { uid } = request.params as { uid: string };
    const interaction = await provider.interactionDetails(asLibrary(request), reply.raw);
    if (interaction.uid !== uid) return 'foreign';
    const csrf = createHmac('sha256', csrfKey)
      .update(`${uid} ${interaction.prompt.name}`)
      .digest('base64url');
    if (request.method === 'POST' && !equal(formOf(request).get('csrf') ?? '', csrf)) return 'foreign';
    return { interaction, csrf, action: `${portalPath(line)}/interaction/${uid}` };
  };

  const returnToLibrary = async (
    request: FastifyRequest,
    reply: FastifyReply,
    result: InteractionResults,
  ) => {
    const returnTo = await provider.interactionResult(asLibrary(request), reply.raw, result);
    return reply
      .headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
      .redirect(returnTo, 303);
  };

  const showSignIn = async (
    reply: FastifyReply,
    step: Step,
    typed?: { username: string; message: string; status: number },
  ) => {
    const client = await provider.Client.find(String(step.interaction.params.client_id));
    const page = await signInPage(config, { line, step, appName: client?.clientName ?? 'An app', typed });
    return sendPage(reply, typed?.status ?? 200, page);
  };

  const accountOf = async (interaction: Interaction): Promise<Account | undefined> => {
    const id = interaction.session?.accountId;
    return id === undefined ? undefined : accounts.find(line.id, id);
  };

  const requestOf = async (interaction: Interaction): Promise<ConsentRequest | undefined> => {
    const client = await provider.Client.find(String(interaction.params.client_id));
    return client === undefined ? undefined : consentRequest(interaction, client);
  };

  const showConsent = async (reply: FastifyReply, step: Step, typed?: ConsentChoice) => {
    const account = await accountOf(step.interaction);
    if (account === undefined) return problem(reply, 400, 'expired');
    const request = await requestOf(step.interaction);
    if (request === undefined) return problem(reply, 400, 'app');
    const people = await Promise.all(
      sharablePatients(account).map(async (patient) => ({
        patient,
        name:
          (await deps.describePatient(line.id, patient)) ??
          (patient === account.patient ? account.name : `Member ${patient}`),
        self: patient === account.patient,
      })),
    );
    const page = await consentPage(config, { line, step, account, request, people, typed });
    return sendPage(reply, typed === undefined ? 200 : 422, page);
  };

  /** Ends the sign-in of this browser and sends the app's request once more, so that another person can sign in. */
  const startAgain = async (request: FastifyRequest, reply: FastifyReply, interaction: Interaction) => {
    const value = parseCookies(request.headers.cookie)[provider.cookieName('session')];
    const session = value === undefined ? undefined : await provider.Session.find(value);
    await session?.destroy();
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(interaction.params))
      if (value !== undefined) query.set(name, String(value));
    return reply
      .headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
      .redirect(`${endpoints(line).authorization_endpoint}?${query}`, 303);
  };

  app.get(`/${line.id}/interaction/:uid`, async (request, reply) => {
    const step = await stepOf(request, reply);
    if (typeof step === 'string') return problem(reply, 403, step);
    return step.interaction.prompt.name === 'login' ? showSignIn(reply, step) : showConsent(reply, step);
  });

  app.post(`/${line.id}/interaction/:uid/sign-in`, async (request, reply) => {
    const step = await stepOf(request, reply);
    if (typeof step === 'string') return problem(reply, 403, step);
    if (step.interaction.prompt.name !== 'login') return reply.redirect(step.action, 303);
    const form = formOf(request);
    if (form.get('decision') === 'deny') return returnToLibrary(request, reply, denied);
    const username = (form.get('username') ?? '').slice(0, 200);
    const outcome = await accounts.verify(
      line.id,
      username,
      (form.get('password') ?? '').slice(0, 1000),
      request.ip,
    );
    if (outcome.kind === 'blocked') {
      reply.header('retry-after', String(outcome.retryAfterSeconds));
      return showSignIn(reply, step, {
        username,
        message: waitMessage(outcome.retryAfterSeconds),
        status: 429,
      });
    }
    if (outcome.kind === 'refused') {
      const message = 'This user name and password do not belong together. Check both and try again.';
      return showSignIn(reply, step, { username, message, status: 401 });
    }
    return returnToLibrary(request, reply, {
      login: { accountId: outcome.account.id, remember: false, amr: ['pwd'] },
    });
  });

  app.post(`/${line.id}/interaction/:uid/consent`, async (request, reply) => {
    const step = await stepOf(request, reply);
    if (typeof step === 'string') return problem(reply, 403, step);
    if (step.interaction.prompt.name !== 'consent') return reply.redirect(step.action, 303);
    const form = formOf(request);
    const decision = form.get('decision');
    if (decision === 'deny') return returnToLibrary(request, reply, denied);
    if (decision === 'switch') return startAgain(request, reply, step.interaction);
    if (decision !== 'grant') return problem(reply, 400, 'form');
    const account = await accountOf(step.interaction);
    if (account === undefined) return problem(reply, 400, 'expired');
    const asked = await requestOf(step.interaction);
    if (asked === undefined) return problem(reply, 400, 'app');
    const people = sharablePatients(account);
    if (people.length === 0) return showConsent(reply, step);
    const patient = form.get('patient') ?? (people.length === 1 ? people[0] : undefined);
    const picked = asked.refusable.filter((scope) => form.getAll('scope').includes(scope));
    const askAgain = (message: string) => showConsent(reply, step, { message, patient, scopes: picked });
    if (patient === undefined || patient === '') return askAgain('Choose whose information the app may see.');
    if (!people.includes(patient)) return problem(reply, 403, 'person');
    if (!picked.some((scope) => asked.data.includes(scope)) && asked.data.length > 0)
      return askAgain('Choose at least one kind of information, or choose “Do not share”.');
    const grantId = await recordConsent({ ...deps, line, account, asked, patient, picked });
    return returnToLibrary(request, reply, { consent: { grantId } });
  });
}

const denied = { error: 'access_denied', error_description: 'the member did not grant access' };

function waitMessage(seconds: number): string {
  const wait = seconds < 60 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
  return `There were too many attempts. Nothing is wrong with your account: try again in ${wait}.`;
}

function equal(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
