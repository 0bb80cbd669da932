// What the person who signed in shares with the app, on a line's own page: asked at each request, granted, in part, or not.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Interaction } from 'oidc-provider';
import type { Line } from '../config/config.ts';
import { parseCookies } from '../http/cookies.ts';
import { formOf } from '../http/form-body.ts';
import { sensitiveClasses } from '../smart/sensitive-classes.ts';
import { sharablePatients } from './accounts.ts';
import { type ConsentRequest, consentRequest, recordConsent } from './consent.ts';
import { endpoints } from './endpoints.ts';
import { denied, type InteractionDeps, type Step, type Steps } from './interaction-step.ts';
import { type ConsentChoice, consentPage } from './pages/consent-page.ts';

/** Answers what shows the page. */
export function registerConsentRoutes(
  app: FastifyInstance,
  line: Line,
  deps: InteractionDeps,
  steps: Steps,
): (reply: FastifyReply, step: Step) => Promise<FastifyReply> {
  const { provider, config } = deps;

  const requestOf = async (interaction: Interaction): Promise<ConsentRequest | undefined> => {
    const client = await provider.Client.find(String(interaction.params.client_id));
    return client === undefined ? undefined : consentRequest(interaction, client);
  };

  const showConsent = async (reply: FastifyReply, step: Step, typed?: ConsentChoice) => {
    const account = await steps.accountOf(step.interaction);
    if (account === undefined) return steps.problem(reply, 400, 'expired');
    const request = await requestOf(step.interaction);
    if (request === undefined) return steps.problem(reply, 400, 'app');
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
    return steps.sendPage(reply, typed === undefined ? 200 : 422, page);
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

  app.post(`/${line.id}/interaction/:uid/consent`, async (request, reply) => {
    const step = await steps.of(request, reply);
    if (typeof step === 'string') return steps.problem(reply, 403, step);
    if (step.interaction.prompt.name !== 'consent') return reply.redirect(step.action, 303);
    const form = formOf(request);
    const decision = form.get('decision');
    if (decision === 'deny') return steps.returnToLibrary(request, reply, denied);
    if (decision === 'switch') return startAgain(request, reply, step.interaction);
    if (decision !== 'grant') return steps.problem(reply, 400, 'form');
    const account = await steps.accountOf(step.interaction);
    if (account === undefined) return steps.problem(reply, 400, 'expired');
    const asked = await requestOf(step.interaction);
    if (asked === undefined) return steps.problem(reply, 400, 'app');
    const people = sharablePatients(account);
    if (people.length === 0) return showConsent(reply, step);
    const patient = form.get('patient') ?? (people.length === 1 ? people[0] : undefined);
    const picked = asked.refusable.filter((scope) => form.getAll('scope').includes(scope));
    const askAgain = (message: string) => showConsent(reply, step, { message, patient, scopes: picked });
    if (patient === undefined || patient === '') return askAgain('Choose whose information the app may see.');
    if (!people.includes(patient)) return steps.problem(reply, 403, 'person');
    if (!picked.some((scope) => asked.data.includes(scope)) && asked.data.length > 0)
      return askAgain('Choose at least one kind of information, or choose “Do not share”.');
    const ticked = form.getAll('sensitive');
    const sensitive = sensitiveClasses.map(({ code }) => code).filter((code) => ticked.includes(code));
    const grantId = await recordConsent({ ...deps, line, account, asked, patient, picked, sensitive });
    return steps.returnToLibrary(request, reply, { consent: { grantId } });
  });

  return showConsent;
}
