// Who signs in, on a line's own page. Must never tell an unknown user name from a wrong password.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Line } from '../config/config.ts';
import { formOf } from '../http/form-body.ts';
import type { Account } from './accounts.ts';
import { denied, type InteractionDeps, type Step, type Steps } from './interaction-step.ts';
import { signInPage } from './pages/sign-in-page.ts';
import { signInTexts, waitMessage } from './pages/sign-in-texts.ts';
import type { ShowSecondStep } from './second-factor-routes.ts';

/** Answers what shows the page. */
export function registerSignInRoutes(
  app: FastifyInstance,
  line: Line,
  { provider, config, accounts }: InteractionDeps,
  steps: Steps,
  secondStepOf: (step: Step, account: Account) => Promise<ShowSecondStep | undefined>,
  /** Where the plan has an identity provider of its own. */
  goToProvider?: (request: FastifyRequest, reply: FastifyReply, step: Step) => Promise<FastifyReply>,
): (request: FastifyRequest, reply: FastifyReply, step: Step) => Promise<FastifyReply> {
  const hasPasswords = line.identityProvider === undefined || line.identityProvider.besidePasswords;

  const showSignIn = async (
    reply: FastifyReply,
    step: Step,
    typed?: { username: string; message: string; status: number },
  ) => {
    const client = await provider.Client.find(String(step.interaction.params.client_id));
    const page = await signInPage(config, {
      line,
      language: step.language,
      step,
      appName: client?.clientName,
      username: typed?.username ?? String(step.interaction.params.login_hint ?? '').slice(0, 200),
      message: typed?.message,
    });
    return steps.sendPage(reply, typed?.status ?? 200, page);
  };

  app.post(`/${line.id}/interaction/:uid/sign-in`, async (request, reply) => {
    const step = await steps.of(request, reply);
    if (typeof step === 'string') return steps.problem(reply, 403, step);
    if (step.interaction.prompt.name !== 'login') return reply.redirect(step.action, 303);
    const form = formOf(request);
    if (goToProvider !== undefined && (form.get('decision') === 'provider' || !hasPasswords))
      return goToProvider(request, reply, step);
    if (form.get('decision') === 'deny') return steps.returnToLibrary(request, reply, denied);
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
        message: waitMessage(outcome.retryAfterSeconds, step.language),
        status: 429,
      });
    }
    if (outcome.kind === 'refused') {
      return showSignIn(reply, step, { username, message: signInTexts[step.language].refused, status: 401 });
    }
    const showSecondStep = await secondStepOf(step, outcome.account);
    if (showSecondStep !== undefined) return showSecondStep(reply);
    return steps.returnToLibrary(request, reply, {
      login: { accountId: outcome.account.id, remember: false, amr: ['pwd'] },
    });
  });

  return (request, reply, step) =>
    goToProvider === undefined || hasPasswords ? showSignIn(reply, step) : goToProvider(request, reply, step);
}
