// The second step of signing in between an app's request and its answer, for whoever has a second factor.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Line } from '../config/config.ts';
import { parseCookies } from '../http/cookies.ts';
import { formOf } from '../http/form-body.ts';
import { renderPage } from '../pages/page.ts';
import type { Account } from './accounts.ts';
import { denied, type InteractionDeps, type Step, type Steps } from './interaction-step.ts';
import { secondFactorPage } from './pages/second-factor-page.ts';
import { secondFactorTexts } from './pages/second-factor-texts.ts';
import { waitMessage } from './pages/sign-in-texts.ts';
import { sealedCookie } from './sealed-ticket.ts';
import type { SecondStepOffer } from './second-factor/second-step.ts';

/** What shows the step to somebody, and gives their browser its ticket. */
export type ShowSecondStep = (reply: FastifyReply) => Promise<FastifyReply>;

/** Answers what says whether somebody needs the step: undefined for who is signed in by the password alone. */
export function registerSecondFactorRoutes(
  app: FastifyInstance,
  line: Line,
  { config, secondStep }: InteractionDeps,
  steps: Steps,
): (step: Step, account: Account) => Promise<ShowSecondStep | undefined> {
  const name = `portico_${line.id}_second`;
  const secure = line.portalUrl.startsWith('https:');

  const give = (reply: FastifyReply, ticket: string, path: string) =>
    reply.header('set-cookie', sealedCookie(name, ticket, { path, secure }));
  const ticketOf = (request: FastifyRequest) => parseCookies(request.headers.cookie)[name];

  const show = async (
    reply: FastifyReply,
    step: Step,
    offer: SecondStepOffer,
    { status, message }: { readonly status: number; readonly message?: string },
  ) => {
    const page = secondFactorPage({
      line,
      language: step.language,
      offer,
      csrf: step.csrf,
      action: `${step.action}/second-factor`,
      forApp: true,
      message,
    });
    return steps.sendPage(reply, status, await renderPage(config, page));
  };

  app.post(`/${line.id}/interaction/:uid/second-factor`, async (request, reply) => {
    const step = await steps.of(request, reply);
    if (typeof step === 'string') return steps.problem(reply, 403, step);
    const form = formOf(request);
    const decision = form.get('decision');
    if (step.interaction.prompt.name !== 'login' || decision === 'again') {
      give(reply, '', step.action);
      return reply.redirect(step.action, 303);
    }
    if (decision === 'deny') return steps.returnToLibrary(request, reply, denied);
    const outcome = await secondStep.finish(ticketOf(request), step.action, {
      code: form.get('code') ?? '',
      passkey: form.get('passkey') ?? '',
      address: request.ip,
    });
    switch (outcome.kind) {
      case 'expired':
        return reply.redirect(step.action, 303);
      case 'blocked':
        reply.header('retry-after', String(outcome.retryAfterSeconds));
        return show(reply, step, outcome.offer, {
          status: 429,
          message: waitMessage(outcome.retryAfterSeconds, step.language),
        });
      case 'refused':
        return show(reply, step, outcome.offer, {
          status: 401,
          message: secondFactorTexts[step.language].refused,
        });
      default:
        give(reply, '', step.action);
        return steps.returnToLibrary(request, reply, {
          login: { accountId: outcome.account.id, remember: false, amr: [...outcome.amr] },
        });
    }
  });

  return async (step, account) => {
    const begun = await secondStep.begin(account, step.action);
    if (begun === undefined) return undefined;
    // Not the reply itself: it is a thenable, and awaiting it would go on once it is sent.
    return (reply) => {
      give(reply, begun.ticket, step.action);
      return show(reply, step, begun.offer, { status: 200 });
    };
  };
}
