// The plan's own identity provider, seen as its client: sends a browser there and reads what it answers, with openid-client.
// https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth with PKCE, state and nonce, whatever the provider asks for.
// Must never log or show what the provider answered: it is about a member.
import {
  AuthorizationResponseError,
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  ClientError,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
  ResponseBodyError,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import type { IdentityProviderConfig, Line } from '../../config/config.ts';

/** What a browser brings along from the beginning of a sign-in to its end, sealed. */
export interface Ticket {
  /** The step that it belongs to, which is gone on with. */
  readonly target: string;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** Seconds since the person last signed in there, at most. */
  readonly maxAge?: number;
}

export interface Hints {
  readonly loginHint?: string | undefined;
  readonly uiLocales?: string | undefined;
  /** The person shall sign in there anew. */
  readonly anew: boolean;
  readonly maxAge?: number | undefined;
}

export type Claims = Readonly<Record<string, unknown>> & { readonly sub: string };

export interface IdentityProvider {
  readonly settings: IdentityProviderConfig;
  /** Where to send the browser, and what to give it along. @throws {IdentityProviderFailed} */
  begin(target: string, hints: Hints): Promise<{ readonly url: URL; readonly ticket: Ticket }>;
  /** What the provider vouches for. @throws {SignInCancelled}, {IdentityProviderFailed} */
  finish(query: URLSearchParams, ticket: Ticket): Promise<Claims>;
}

/** The person said no there. */
export class SignInCancelled extends Error {
  override name = 'SignInCancelled';
}

/** The message names what failed and nothing of the person. */
export class IdentityProviderFailed extends Error {
  override name = 'IdentityProviderFailed';
}

/** Seconds for one answer of the provider. */
const patience = 10;
/** What is known of the provider is looked up again after that. */
const discoveryKeptMs = 3_600_000;

export function createIdentityProvider(line: Line, settings: IdentityProviderConfig): IdentityProvider {
  let known: { readonly configuration: Promise<Configuration>; readonly since: number } | undefined;
  const redirectUri = `${line.portalUrl}/sign-in/callback`;

  const configuration = (): Promise<Configuration> => {
    if (known === undefined || Date.now() - known.since > discoveryKeptMs) {
      const found = discover(settings);
      known = { configuration: found, since: Date.now() };
      // What failed is tried again by the next one who signs in.
      found.catch(() => {
        known = undefined;
      });
    }
    return known.configuration;
  };

  return {
    settings,

    async begin(target, { loginHint, uiLocales, anew, maxAge }) {
      const verifier = randomPKCECodeVerifier();
      const ticket = { target, verifier, state: randomState(), nonce: randomNonce() };
      const url = buildAuthorizationUrl(await guarded(configuration), {
        redirect_uri: redirectUri,
        scope: settings.scopes.join(' '),
        code_challenge: await calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state: ticket.state,
        nonce: ticket.nonce,
        ...(loginHint === undefined ? {} : { login_hint: loginHint }),
        ...(uiLocales === undefined ? {} : { ui_locales: uiLocales }),
        ...(anew ? { prompt: 'login' } : {}),
        ...(maxAge === undefined ? {} : { max_age: String(maxAge) }),
      });
      return { url, ticket: maxAge === undefined ? ticket : { ...ticket, maxAge } };
    },

    finish: (query, ticket) =>
      guarded(async () => {
        const found = await configuration();
        const tokens = await authorizationCodeGrant(found, new URL(`${redirectUri}?${query}`), {
          expectedState: ticket.state,
          expectedNonce: ticket.nonce,
          pkceCodeVerifier: ticket.verifier,
          idTokenExpected: true,
          ...(ticket.maxAge === undefined ? {} : { maxAge: ticket.maxAge }),
        });
        const claims = tokens.claims();
        if (claims === undefined) throw new IdentityProviderFailed('there is no ID Token');
        if (
          claims[settings.memberClaim] !== undefined ||
          found.serverMetadata().userinfo_endpoint === undefined
        )
          return claims;
        return { ...(await fetchUserInfo(found, tokens.access_token, claims.sub)), ...claims };
      }),
  };
}

function discover({
  issuer,
  clientId,
  clientSecret,
  secretInBody,
}: IdentityProviderConfig): Promise<Configuration> {
  const authentication = secretInBody ? ClientSecretPost(clientSecret) : ClientSecretBasic(clientSecret);
  return discovery(new URL(issuer), clientId, undefined, authentication, {
    timeout: patience,
    // The configuration lets only a loopback address be without TLS.
    execute: [
      // TLS alone would do for the standard (OpenID Connect Core section 3.1.3.7); a member's record deserves the signature too.
      enableNonRepudiationChecks,
      ...(issuer.startsWith('http:') ? [allowInsecureRequests] : []),
    ],
  });
}

async function guarded<Answer>(run: () => Promise<Answer>): Promise<Answer> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof IdentityProviderFailed) throw error;
    if (error instanceof AuthorizationResponseError && error.error === 'access_denied')
      throw new SignInCancelled('the person cancelled');
    if (error instanceof AuthorizationResponseError || error instanceof ResponseBodyError)
      throw new IdentityProviderFailed(`it answered the error ${JSON.stringify(error.error).slice(0, 100)}`);
    if (error instanceof ClientError)
      throw new IdentityProviderFailed(`its answer cannot be taken: ${error.code ?? error.name}`);
    throw new IdentityProviderFailed(`it cannot be asked: ${reasonOf(error)}`);
  }
}

/** Of the network, as `ECONNREFUSED`; never the text of an answer. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code } = (error.cause ?? error) as { code?: unknown };
  return typeof code === 'string' ? code : error.name;
}
