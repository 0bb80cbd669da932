// The pages of one line between the authorization request and its answer. One dispatcher shows the step that the library
// asks for: sign-in (sign-in-routes) or consent (consent-routes).
import type { FastifyError, FastifyInstance } from 'fastify';
import { errors } from 'oidc-provider';
import type { Line } from '../config/config.ts';
import { acceptFormBodies } from '../http/form-body.ts';
import { registerConsentRoutes } from './consent-routes.ts';
import { registerIdentityRoutes } from './identity-provider/identity-routes.ts';
import { type InteractionDeps, interactionSteps } from './interaction-step.ts';
import { registerSecondFactorRoutes } from './second-factor-routes.ts';
import { registerSignInRoutes } from './sign-in-routes.ts';

export function registerInteractionRoutes(app: FastifyInstance, line: Line, deps: InteractionDeps): void {
  acceptFormBodies(app);
  const steps = interactionSteps(line, deps);

  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (error instanceof errors.SessionNotFound) return steps.problem(reply, 400, 'expired');
    const status = error.statusCode ?? 500;
    if (status >= 500) request.log.error({ err: error, line: line.id }, 'sign-in or consent failed');
    return steps.problem(reply, status, status >= 500 ? 'server' : 'form');
  });

  const goToProvider =
    deps.identitySignIn === undefined
      ? undefined
      : registerIdentityRoutes(app, line, deps.identitySignIn, steps);
  const showSignIn = registerSignInRoutes(
    app,
    line,
    deps,
    steps,
    registerSecondFactorRoutes(app, line, deps, steps),
    goToProvider,
  );
  const showConsent = registerConsentRoutes(app, line, deps, steps);

  app.get(`/${line.id}/interaction/:uid`, async (request, reply) => {
    const step = await steps.of(request, reply);
    if (typeof step === 'string') return steps.problem(reply, 403, step);
    return step.interaction.prompt.name === 'login'
      ? showSignIn(request, reply, step)
      : showConsent(reply, step);
  });
}
