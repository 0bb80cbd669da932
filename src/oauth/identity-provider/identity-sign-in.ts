// A sign-in at the plan's own identity provider, whatever page of ours it is for: sent there from a target, back at one address,
// and on at the target. It is bound to the browser that began it: state, nonce and PKCE's verifier travel in a sealed cookie, and
// so does its outcome, on the path of its target. https://www.rfc-editor.org/rfc/rfc9700#section-4.7
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config, Line } from '../../config/config.ts';
import { deriveKey } from '../../config/derive-key.ts';
import type { Database } from '../../db/database.ts';
import { parseCookies } from '../../http/cookies.ts';
import type { FindPatient } from '../interaction-step.ts';
import { portalPath } from '../line-provider.ts';
import { sealedCookie, sealing } from '../sealed-ticket.ts';
import { accountOfIdentity } from './identities.ts';
import { type Hints, type IdentityProvider, SignInCancelled, type Ticket } from './identity-provider.ts';
import { type Identity, memberOfClaims } from './member-of-claims.ts';

/** Of a sign-in that has come back. */
export type IdentityOutcome =
  | {
      readonly target: string;
      readonly accountId: string;
      readonly amr: readonly string[];
      readonly acr?: string;
      /** Epoch seconds of the sign-in there. */
      readonly ts?: number;
    }
  | { readonly target: string; readonly cancelled: true };

export interface IdentitySignIn {
  /** Answers where to send the browser. @param target public path below which its outcome is taken @throws {IdentityProviderFailed} */
  begin(reply: FastifyReply, target: string, hints: Hints): Promise<string>;
  /** Answers where it goes on, `{target}/signed-in`; undefined when this browser began none. @throws {IdentityProviderFailed} */
  comeBack(request: FastifyRequest, reply: FastifyReply): Promise<string | undefined>;
  /** What came of it, once; undefined when it is of another target or browser. */
  take(request: FastifyRequest, reply: FastifyReply, target: string): Promise<IdentityOutcome | undefined>;
}

export interface IdentitySignInDeps {
  readonly config: Pick<Config, 'secretKey'>;
  readonly db: Database;
  readonly clock: () => number;
  readonly findPatient: FindPatient;
}

export function createIdentitySignIn(
  line: Line,
  { config, db, clock, findPatient }: IdentitySignInDeps,
  identityProvider: IdentityProvider,
): IdentitySignIn {
  const key = deriveKey(config.secretKey, `identity provider ${line.id}`);
  const tickets = sealing<Ticket>(key, 'ticket', clock);
  const outcomes = sealing<IdentityOutcome>(key, 'outcome', clock);
  const secure = line.portalUrl.startsWith('https:');
  const callbackPath = `${portalPath(line)}/sign-in`;
  // One for each sign-in that is under way, so that two tabs do not take each other's.
  const ticketCookie = (state: string) => `portico_${line.id}_ticket_${state.slice(0, 16)}`;
  const outcomeCookie = `portico_${line.id}_outcome`;

  const give = (reply: FastifyReply, name: string, value: string, path: string) =>
    reply.header('set-cookie', sealedCookie(name, value, { path, secure }));

  const outcomeOf = async (target: string, identity: Identity): Promise<IdentityOutcome> => {
    const { memberIdentifierSystem: system } = identityProvider.settings;
    const [patient, ...actsFor] = await Promise.all(
      [identity.member, ...identity.actsFor].map(async (member) =>
        member === undefined ? undefined : findPatient(line.id, { system, value: member }),
      ),
    );
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

  const finished = async (query: URLSearchParams, ticket: Ticket): Promise<IdentityOutcome> => {
    try {
      const claims = await identityProvider.finish(query, ticket);
      return await outcomeOf(ticket.target, memberOfClaims(identityProvider.settings, claims));
    } catch (error) {
      if (error instanceof SignInCancelled) return { target: ticket.target, cancelled: true };
      throw error;
    }
  };

  return {
    async begin(reply, target, hints) {
      const { url, ticket } = await identityProvider.begin(target, hints);
      give(reply, ticketCookie(ticket.state), await tickets.seal(ticket), callbackPath);
      return url.href;
    },

    async comeBack(request, reply) {
      const query = new URLSearchParams(request.raw.url?.split('?')[1] ?? '');
      const state = query.get('state') ?? '';
      // As `randomState` makes it; nothing else gets into the name of a cookie.
      if (!/^[A-Za-z0-9_-]{43}$/.test(state)) return undefined;
      const ticket = await tickets.open(parseCookies(request.headers.cookie)[ticketCookie(state)]);
      if (ticket?.state !== state) return undefined;
      give(reply, ticketCookie(state), '', callbackPath);
      const outcome = await finished(query, ticket);
      give(reply, outcomeCookie, await outcomes.seal(outcome), ticket.target);
      return `${ticket.target}/signed-in`;
    },

    async take(request, reply, target) {
      const outcome = await outcomes.open(parseCookies(request.headers.cookie)[outcomeCookie]);
      give(reply, outcomeCookie, '', target);
      // A cookie of another path is not sent here, and one that was put here by hand names its own.
      return outcome?.target === target ? outcome : undefined;
    },
  };
}
