// Sign-in at the plan's own identity provider between an app's request and its answer, and the address that every such sign-in
// comes back to.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Line } from '../../config/config.ts';
import { redirectUnkept } from '../../http/unkept.ts';
import { denied, type Step, type Steps } from '../interaction-step.ts';
import { IdentityProviderFailed } from './identity-provider.ts';
import type { IdentitySignIn } from './identity-sign-in.ts';

/** Answers what sends a browser there from the sign-in step. */
export function registerIdentityRoutes(
  app: FastifyInstance,
  line: Line,
  identitySignIn: IdentitySignIn,
  steps: Steps,
): (request: FastifyRequest, reply: FastifyReply, step: Step) => Promise<FastifyReply> {
  const failed = (request: FastifyRequest, reply: FastifyReply, error: unknown) => {
    if (!(error instanceof IdentityProviderFailed)) throw error;
    request.log.warn({ line: line.id, reason: error.message }, 'sign-in at the identity provider failed');
    return steps.problem(reply, 502, 'identityProvider');
  };

  app.get(`/${line.id}/sign-in/callback`, async (request, reply) => {
    let next: string | undefined;
    try {
      next = await identitySignIn.comeBack(request, reply);
    } catch (error) {
      return failed(request, reply, error);
    }
    return next === undefined ? steps.problem(reply, 403, 'foreign') : redirectUnkept(reply, next);
  });

  app.get(`/${line.id}/interaction/:uid/signed-in`, async (request, reply) => {
    const step = await steps.of(request, reply);
    if (typeof step === 'string') return steps.problem(reply, 403, step);
    if (step.interaction.prompt.name !== 'login') return reply.redirect(step.action, 303);
    const outcome = await identitySignIn.take(request, reply, step.action);
    if (outcome === undefined) return steps.problem(reply, 403, 'foreign');
    if ('cancelled' in outcome) return steps.returnToLibrary(request, reply, denied);
    const { accountId, amr, acr, ts } = outcome;
    return steps.returnToLibrary(request, reply, {
      login: {
        accountId,
        remember: false,
        amr: [...amr],
        ...(acr === undefined ? {} : { acr }),
        ...(ts === undefined ? {} : { ts }),
      },
    });
  });

  return async (request, reply, step) => {
    const { params, prompt } = step.interaction;
    const maxAge = Number(params['max_age']);
    const isAnew = String(params['prompt'] ?? '')
      .split(' ')
      .includes('login');
    let there: string;
    try {
      there = await identitySignIn.begin(reply, step.action, {
        loginHint: textOf(params['login_hint']),
        uiLocales: textOf(params['ui_locales']),
        anew: isAnew || prompt.reasons.includes('login_prompt'),
        maxAge: params['max_age'] === undefined || !Number.isSafeInteger(maxAge) ? undefined : maxAge,
      });
    } catch (error) {
      return failed(request, reply, error);
    }
    return redirectUnkept(reply, there);
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, 200) : undefined;
}
