// What the person who signed in shares with the app, on a line's own page: asked at each request, granted, in part, or not.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Interaction } from 'oidc-provider';
import type { Line } from '../config/config.ts';
import { parseCookies } from '../http/cookies.ts';
import { formOf } from '../http/form-body.ts';
import { redirectUnkept } from '../http/unkept.ts';
import type { Language } from '../pages/language.ts';
import { sensitiveClasses } from '../smart/sensitive-classes.ts';
import type { Account } from './accounts.ts';
import { endConnections } from './connections.ts';
import {
  type ConsentRequest,
  consentRequest,
  offersSensitive,
  type Person,
  recordConsent,
} from './consent.ts';
import { endpoints } from './endpoints.ts';
import { denied, type InteractionDeps, type Step, type Steps } from './interaction-step.ts';
import { type ConsentForm, consentPage } from './pages/consent-page.ts';
import { consentTexts } from './pages/consent-texts.ts';
import type { OAuthTables } from './schema.ts';

/** Answers what shows the page. */
export function registerConsentRoutes(
  app: FastifyInstance,
  line: Line,
  deps: InteractionDeps,
  steps: Steps,
): (reply: FastifyReply, step: Step) => Promise<FastifyReply> {
  const { provider, config, accounts } = deps;
  const trusted = config.trustAnchors.map(({ name }) => name);

  const requestOf = async (interaction: Interaction): Promise<ConsentRequest | undefined> => {
    const client = await provider.Client.find(String(interaction.params.client_id));
    return client === undefined ? undefined : consentRequest(interaction, client, trusted);
  };

  const peopleOf = async (account: Account, language: Language): Promise<Person[]> =>
    Promise.all(
      (await accounts.sharable(account)).map(async (person) => ({
        ...person,
        name:
          (await deps.describePatient(line.id, person.patient)) ??
          (person.self ? account.name : consentTexts[language].member(person.patient)),
      })),
    );

  const showConsent = async (reply: FastifyReply, step: Step, typed?: ConsentForm) => {
    const account = await steps.accountOf(step.interaction);
    if (account === undefined) return steps.returnToLibrary(reply.request, reply, gone);
    const request = await requestOf(step.interaction);
    if (request === undefined) return steps.problem(reply, 400, 'app');
    const people = await peopleOf(account, step.language);
    const page = await consentPage(config, {
      line,
      step,
      account,
      request,
      people,
      typed,
      now: deps.clock(),
    });
    return steps.sendPage(reply, typed === undefined ? 200 : 422, page);
  };

  /** Ends the sign-in of this browser and sends the app's request once more, so that another person can sign in. */
  const startAgain = async (request: FastifyRequest, reply: FastifyReply, interaction: Interaction) => {
    const value = parseCookies(request.headers.cookie)[provider.cookieName('session')];
    const session = value === undefined ? undefined : await provider.Session.find(value);
    await session?.destroy();
    const query = new URLSearchParams();
    // The hint was of the person who is not there.
    for (const [name, value] of Object.entries(interaction.params))
      if (value !== undefined && name !== 'login_hint') query.set(name, String(value));
    // The plan's identity provider may know this browser still, and would answer with the same person at once.
    if (line.identityProvider !== undefined) query.set('prompt', 'login');
    return redirectUnkept(reply, `${endpoints(line).authorization_endpoint}?${query}`);
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
    if (account === undefined) return steps.returnToLibrary(request, reply, gone);
    const asked = await requestOf(step.interaction);
    if (asked === undefined) return steps.problem(reply, 400, 'app');
    const people = await peopleOf(account, step.language);
    if (people.length === 0) return showConsent(reply, step);
    const typed = readChoice(form, asked);
    const patients = form.has('patient') ? typed.patients : people.length === 1 ? [people[0]!.patient] : [];
    const chosen = people.filter((person) => patients.includes(person.patient));
    const { language } = step;
    const askAgain = (message: string) => showConsent(reply, step, { message, ...typed, patients });
    if (patients.length === 0) return askAgain(consentTexts[language].chooseWhose);
    if (chosen.length < patients.length) return steps.problem(reply, 403, 'person');
    if (chosen.length > 1 && !asked.severalPeople) return steps.problem(reply, 400, 'form');
    if (!typed.picked.some((scope) => asked.data.includes(scope)) && asked.data.length > 0)
      return askAgain(consentTexts[language].chooseWhat);
    // Sent twice: the last answer counts, and the one before leaves nothing that looks like a connection.
    const former = step.interaction.result?.consent?.grantId;
    if (former !== undefined)
      await endConnections(
        deps.db.as<OAuthTables>(),
        { line: line.id, accountId: account.id, grantId: former },
        { now: deps.clock(), reason: 'member' },
      );
    const choice = { people: chosen, picked: typed.picked, sensitive: typed.sensitive };
    const grantId = await recordConsent({ ...deps, line, language, account, asked, choice });
    return steps.returnToLibrary(request, reply, { consent: { grantId } });
  });

  return showConsent;
}

/** The account was closed between sign-in and consent: the app can start again. */
const gone = { error: 'login_required', error_description: 'the account that signed in is no longer there' };

/** A box carries all scopes of its line, separated by spaces; a client of its own may send them one by one. */
function readChoice(form: URLSearchParams, asked: ConsentRequest): Omit<ConsentForm, 'message'> {
  const ticked = new Set(form.getAll('scope').flatMap((value) => value.split(' ')));
  const codes = form.getAll('sensitive');
  return {
    patients: [...new Set(form.getAll('patient'))].filter((patient) => patient !== ''),
    picked: asked.refusable.filter((scope) => ticked.has(scope)),
    sensitive: offersSensitive(asked)
      ? sensitiveClasses.map(({ code }) => code).filter((code) => codes.includes(code))
      : [],
  };
}
