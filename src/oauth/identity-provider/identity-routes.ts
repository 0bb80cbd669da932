// Sign-in at the plan's own identity provider: from a step of ours there, back to one address, and on with the step.
// A sign-in is bound to the browser that began it: state, nonce and PKCE's verifier travel in a sealed cookie, and so does its
// outcome, on the path of the step that it is for. https://www.rfc-editor.org/rfc/rfc9700#section-4.7
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Line } from '../../config/config.ts';
import { deriveKey } from '../../config/derive-key.ts';
import { cookie, parseCookies } from '../../http/cookies.ts';
import { denied, type InteractionDeps, type Step, type Steps } from '../interaction-step.ts';
import { portalPath } from '../line-provider.ts';
import { sealedSeconds, sealing } from '../sealed-ticket.ts';
import { accountOfIdentity } from './identities.ts';
import {
  type IdentityProvider,
  IdentityProviderFailed,
  SignInCancelled,
  type Ticket,
} from './identity-provider.ts';
import { type Identity, memberOfClaims } from './member-of-claims.ts';

/** Of a sign-in that has come back. */
type Outcome =
  | {
      readonly target: string;
      readonly accountId: string;
      readonly amr: readonly string[];
      readonly acr?: string;
      readonly ts?: number;
    }
  | { readonly target: string; readonly cancelled: true };

/** Answers what sends a browser there from the sign-in step. */
export function registerIdentityRoutes(
  app: FastifyInstance,
  line: Line,
  { config, db, clock, findPatient }: InteractionDeps,
  steps: Steps,
  identityProvider: IdentityProvider,
): (request: FastifyRequest, reply: FastifyReply, step: Step) => Promise<FastifyReply> {
  const key = deriveKey(config.secretKey, `identity provider ${line.id}`);
  const tickets = sealing<Ticket>(key, 'ticket', clock);
  const outcomes = sealing<Outcome>(key, 'outcome', clock);
  const secure = line.portalUrl.startsWith('https:');
  const callbackPath = `${portalPath(line)}/sign-in`;
  const ticketCookie = `portico_${line.id}_ticket`;
  const outcomeCookie = `portico_${line.id}_outcome`;

  const give = (reply: FastifyReply, name: string, value: string, path: string) =>
    reply.header(
      'set-cookie',
      cookie(name, value, { path, secure, maxAgeSeconds: value === '' ? 0 : sealedSeconds }),
    );

  const goOn = (reply: FastifyReply, to: string) =>
    reply.headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }).redirect(to, 303);

  const failed = (request: FastifyRequest, reply: FastifyReply, error: unknown) => {
    if (!(error instanceof IdentityProviderFailed)) throw error;
    request.log.warn({ line: line.id, reason: error.message }, 'sign-in at the identity provider failed');
    return steps.problem(reply, 502, 'identityProvider');
  };

  app.get(`/${line.id}/sign-in/callback`, async (request, reply) => {
    const ticket = await tickets.open(parseCookies(request.headers.cookie)[ticketCookie]);
    give(reply, ticketCookie, '', callbackPath);
    if (ticket === undefined) return steps.problem(reply, 403, 'foreign');
    let outcome: Outcome;
    try {
      const query = new URLSearchParams(request.raw.url?.split('?')[1] ?? '');
      const claims = await identityProvider.finish(query, ticket);
      outcome = await outcomeOf(ticket.target, memberOfClaims(identityProvider.settings, claims));
    } catch (error) {
      if (!(error instanceof SignInCancelled)) return failed(request, reply, error);
      outcome = { target: ticket.target, cancelled: true };
    }
    give(reply, outcomeCookie, await outcomes.seal(outcome), ticket.target);
    return goOn(reply, `${ticket.target}/signed-in`);
  });

  const outcomeOf = async (target: string, identity: Identity): Promise<Outcome> => {
    const { memberIdentifierSystem: system } = identityProvider.settings;
    const found = await Promise.all(
      [identity.member, ...identity.actsFor].map(async (member) =>
        member === undefined ? undefined : findPatient(line.id, { system, value: member }),
      ),
    );
    const [patient, ...actsFor] = found;
    const accountId = await accountOfIdentity(db, clock, {
      line: line.id,
      issuer: identity.issuer,
      subject: identity.subject,
      name: identity.name,
      patient,
      actsFor: actsFor.filter((one) => one !== undefined),
    });
    return {
      target,
      accountId,
      amr: identity.amr,
      ...(identity.acr === undefined ? {} : { acr: identity.acr }),
      ...(identity.authTime === undefined ? {} : { ts: identity.authTime }),
    };
  };

  app.get(`/${line.id}/interaction/:uid/signed-in`, async (request, reply) => {
    const step = await steps.of(request, reply);
    if (typeof step === 'string') return steps.problem(reply, 403, step);
    if (step.interaction.prompt.name !== 'login') return goOn(reply, step.action);
    const outcome = await outcomes.open(parseCookies(request.headers.cookie)[outcomeCookie]);
    give(reply, outcomeCookie, '', step.action);
    // A cookie of another path is not sent here, and one that was put here by hand names its own.
    if (outcome === undefined || outcome.target !== step.action) return steps.problem(reply, 403, 'foreign');
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
    try {
      const { url, ticket } = await identityProvider.begin(step.action, {
        loginHint: textOf(params['login_hint']),
        uiLocales: textOf(params['ui_locales']),
        anew:
          String(params['prompt'] ?? '')
            .split(' ')
            .includes('login') || prompt.reasons.includes('login_prompt'),
        maxAge: params['max_age'] === undefined || !Number.isSafeInteger(maxAge) ? undefined : maxAge,
      });
      give(reply, ticketCookie, await tickets.seal(ticket), callbackPath);
      return goOn(reply, url.href);
    } catch (error) {
      return failed(request, reply, error);
    }
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, 200) : undefined;
}
