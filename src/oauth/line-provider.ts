// One OpenID Provider for each line of business, made from oidc-provider. Everything the FHIR API would not enforce
// is off. https://openid.net/specs/openid-connect-core-1_0.html, https://hl7.org/fhir/smart-app-launch/STU2.2/
// Must never list a feature in discovery that is not enforced by the resource server.
import type { EventEmitter } from 'node:events';
import {
  type Client,
  type Configuration,
  type errors,
  type JWK,
  type KoaContextWithOIDC,
  Provider,
} from 'oidc-provider';
import type { Config, Line } from '../config/config.ts';
import { deriveKey } from '../config/derive-key.ts';
import type { Database } from '../db/database.ts';
import type { Logger } from '../log/logger.ts';
import { chosenLanguage, languages } from '../pages/language.ts';
import { pageHeaders } from '../pages/page.ts';
import { supportedScopes } from '../smart/scopes.ts';
import { accountClaims } from './account-claims.ts';
import type { Accounts } from './accounts.ts';
import { checkAssertion } from './check-assertion.ts';
import { checkAudience } from './check-audience.ts';
import { extraClientMetadata } from './client-metadata.ts';
import { matchesSecret, secretDigest } from './client-registry.ts';
import { assertionAlgorithms, endpoints, routes } from './endpoints.ts';
import { fetchClientKeys, keysLimit } from './fetch-client-keys.ts';
import { connectionLifetime, lifetimes } from './lifetimes.ts';
import { authorizationErrorPage } from './pages/authorization-error-page.ts';
import { recordAdapter } from './record-adapter.ts';
import type { OAuthTables } from './schema.ts';
import { tokenAnswer, tokenClaims } from './token-answer.ts';
import { whatBecameOf } from './what-became-of.ts';

export interface LineProviderDeps {
  readonly db: Database;
  readonly config: Config;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly accounts: Accounts;
  /** The first signs. A running provider keeps those it was made with: to change them is to make another. */
  readonly keys: readonly JWK[];
}

/** '' or '/path': what stands before every path of the line's portal in public. */
export function portalPath(line: Line): string {
  return new URL(line.portalUrl).pathname.replace(/\/$/, '');
}

export function createLineProvider(line: Line, deps: LineProviderDeps): Provider {
  const { config, logger, db, clock } = deps;
  const provider = new Provider(line.portalUrl, configuration(line, deps));
  // TLS ends before us; Host and X-Forwarded-Proto are set from the line's own URL (see forward-to-provider).
  provider.proxy = true;
  provider.silent = true;
  useOwnSecrets(provider, config);
  if (config.mode === 'sandbox') allowLoopbackRedirects(provider);
  provider.use(async (ctx, next) => {
    ctx.set('Content-Security-Policy', responseSecurityPolicy);
    ctx.set('X-Content-Type-Options', 'nosniff');
    ctx.set('X-Frame-Options', 'DENY');
    ctx.set('Referrer-Policy', 'no-referrer');
    await next();
    const context = ctx as KoaContextWithOIDC;
    if (ctx.status === 404 && ctx.body === undefined) {
      ctx.status = 404;
      ctx.body = {
        error: 'invalid_request',
        error_description: 'there is no endpoint at this address for this method',
      };
    }
    if (ctx.status >= 400) ctx.set('Cache-Control', 'no-store');
    else if (context.oidc?.route === 'jwks') ctx.set('Cache-Control', `public, max-age=${keysMaxAgeSeconds}`);
    if (String(ctx.response.headers['cache-control'] ?? '').includes('no-store'))
      ctx.set('Pragma', 'no-cache');
    if (isIssuedToken(context)) Object.assign(context.body as object, tokenAnswer(context, clock()));
    if (isInvalidGrant(context))
      Object.assign(context.body as object, {
        error_description: await whatBecameOf(context, {
          db: db.as<OAuthTables>(),
          line: line.id,
          now: clock(),
        }),
      });
  });
  provider.on('server_error', (_ctx, error) =>
    logger.error({ err: error, line: line.id }, 'authorization server error'),
  );
  // Koa's own event, for what goes wrong outside an endpoint.
  (provider as EventEmitter).on('error', (error: unknown) =>
    logger.error({ err: error, line: line.id }, 'authorization server error'),
  );
  const refused = (ctx: KoaContextWithOIDC, error: errors.OIDCProviderError) =>
    logger.info(
      {
        line: line.id,
        route: ctx.oidc.route,
        client: ctx.oidc.client?.clientId,
        error: error.error,
        detail: error.error_detail,
      },
      'authorization server refused a request',
    );
  provider.on('authorization.error', refused);
  provider.on('grant.error', refused);
  provider.on('introspection.error', refused);
  provider.on('revocation.error', refused);
  return provider;
}

/** Less than a key is published before it signs (signing-keys). */
const keysMaxAgeSeconds = 300;

/** Pages of the library itself; it adds the digest of its one script. No form-action: it would stop form_post. */
const responseSecurityPolicy =
  "default-src 'none'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/** To a client that has proved who it is. */
function isInvalidGrant(ctx: KoaContextWithOIDC): boolean {
  const body = ctx.body as { readonly error?: unknown } | undefined;
  return (
    ctx.oidc?.route === 'token' &&
    ctx.status === 400 &&
    typeof body === 'object' &&
    body.error === 'invalid_grant' &&
    ctx.oidc.client !== undefined
  );
}

function isIssuedToken(ctx: KoaContextWithOIDC): boolean {
  return ctx.oidc?.route === 'token' && ctx.status === 200 && typeof ctx.body === 'object';
}

function configuration(line: Line, { db, config, clock, accounts, keys }: LineProviderDeps): Configuration {
  const kysely = db.as<OAuthTables>();
  const { pathname, protocol } = new URL(line.portalUrl);
  const secure = protocol === 'https:';
  const path = portalPath(line);
  const off = { enabled: false } as const;
  return {
    adapter: recordAdapter({ db, line: line.id, clock }),
    jwks: { keys: [...keys] },
    routes,
    discovery: {
      management_endpoint: endpoints(line).management_endpoint,
      ui_locales_supported: [...languages],
      ...(config.clientRegistration === 'off'
        ? {}
        : { registration_endpoint: line.portalUrl + routes.registration }),
      service_documentation: `${config.planUrl}/developer/docs/patient-api`,
    },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    fetch: fetchClientKeys(config.mode, clock),
    fetchResponseBodyLimits: { jwks_uri: keysLimit },
    assertJwtClientAuthClaimsAndHeader: async (_ctx, claims) => checkAssertion(claims, clock()),
    responseTypes: ['code', 'code id_token'],
    subjectTypes: ['public'],
    scopes: [...supportedScopes],
    // fhirUser is answered only when its scope was granted; listing it under openid lets ID Tokens carry it.
    claims: { openid: ['sub', 'fhirUser'], profile: ['name'] },
    enabledJWA: {
      clientAuthSigningAlgValues: [...assertionAlgorithms],
      idTokenSigningAlgValues: ['RS256'],
      userinfoSigningAlgValues: ['RS256'],
    },
    features: {
      devInteractions: off,
      dPoP: off,
      pushedAuthorizationRequests: off,
      resourceIndicators: off,
      rpInitiatedLogout: off,
      claimsParameter: off,
      userinfo: { enabled: true },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
      },
      introspection: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
      },
    },
    extraClientMetadata: { properties: extraClientMetadata },
    pkce: { required: (ctx, client) => pkceRequired(ctx, client) },
    cookies: {
      keys: [deriveKey(config.secretKey, `oauth cookies ${line.id}`).toString('base64url')],
      names: {
        session: secure && path === '' ? '__Host-portico_session' : `portico_${line.id}_session`,
        interaction: `portico_${line.id}_interaction`,
        resume: `portico_${line.id}_resume`,
      },
      long: { signed: true, httpOnly: true, sameSite: 'lax', path: path === '' ? '/' : pathname },
      short: { signed: true, httpOnly: true, sameSite: 'lax' },
    },
    ttl: {
      AccessToken: (ctx) => untilEndOfGrant(ctx, lifetimes.accessToken),
      AuthorizationCode: lifetimes.authorizationCode,
      IdToken: lifetimes.idToken,
      Interaction: lifetimes.interaction,
      Session: lifetimes.session,
      // recordConsent says it of each.
      Grant: (_ctx, grant) => connectionLifetime(grant.getOIDCScope().split(' ')),
      RefreshToken: (ctx) => untilEndOfGrant(ctx, lifetimes.refreshToken),
    },
    expiresWithSession: () => false,
    issueRefreshToken: (_ctx, client, code) =>
      client.grantTypeAllowed('refresh_token') &&
      (code.scopes.has('offline_access') || code.scopes.has('online_access')),
    // A confidential client proves itself at each refresh; rotating its token each time would lose a connection with every
    // lost answer. It gets a new one only when the old one nears its end.
    rotateRefreshToken: (ctx) =>
      ctx.oidc.client?.clientAuthMethod === 'none' ||
      (ctx.oidc.entities.RefreshToken?.ttlPercentagePassed() ?? 0) >= 70,
    revokeGrantPolicy: () => true,
    acceptQueryParamAccessTokens: false,
    allowOmittingSingleRegisteredRedirectUri: false,
    extraParams: {
      aud: (ctx, aud) => {
        restoreOfflineAccess(ctx);
        checkAudience(line, aud, ctx.oidc.params?.scope?.toString().split(' ') ?? []);
      },
      launch: null,
    },
    clientBasedCORS: (_ctx, origin, client) =>
      client.clientAuthMethod !== 'none' ||
      (client.redirectUris ?? []).some((uri) => originOf(uri) === origin),
    interactions: { url: (_ctx, interaction) => `${path}/interaction/${interaction.uid}` },
    // Only what this very request was granted: consent is asked each time, so each answer has its own person and scopes.
    loadExistingGrant: (ctx) => {
      const grantId = ctx.oidc.result?.consent?.grantId;
      return grantId === undefined ? undefined : ctx.oidc.provider.Grant.find(grantId);
    },
    findAccount: (ctx, id, token) => accountClaims(line, id, { db: kysely, accounts, ctx, token }),
    extraTokenClaims: async (_ctx, token) =>
      token.kind === 'AccessToken'
        ? tokenClaims(line, token.grantId, { db: kysely, accounts, now: clock() })
        : undefined,
    renderError: async (ctx, out) => {
      for (const [name, value] of Object.entries(pageHeaders)) ctx.set(name, value);
      const language = chosenLanguage({
        uiLocales: ctx.query.ui_locales,
        acceptLanguage: ctx.get('accept-language'),
      });
      ctx.body = await authorizationErrorPage(config, out, language);
    },
  };
}

/** Seconds that a token of the request's grant may live, so that `expires_in` is never more than the connection keeps. */
function untilEndOfGrant(ctx: KoaContextWithOIDC, atMost: number): number {
  const end = ctx.oidc.entities.Grant?.exp;
  return end === undefined ? atMost : Math.max(1, Math.min(atMost, end - Math.floor(Date.now() / 1000)));
}

/** RFC 9700 section 2.1.1: PKCE, or for a confidential client that cannot, the nonce of the hybrid flow. */
function pkceRequired(ctx: KoaContextWithOIDC, client: Client) {
  if (client.clientAuthMethod === 'none') return true;
  if (client.pkce_optional === true) return false;
  return !(client.legacy_token === true && ctx.oidc.params?.response_type === 'code id_token');
}

/**
 * SMART apps ask for `offline_access` without `prompt=consent`, and the library drops it then. Here consent is
 * always asked, so it is put back.
 */
function restoreOfflineAccess(ctx: KoaContextWithOIDC): void {
  const { params, client } = ctx.oidc;
  const asked = ctx.query.scope;
  if (params === undefined || typeof asked !== 'string' || !asked.split(' ').includes('offline_access'))
    return;
  const scopes = String(params.scope ?? '')
    .split(' ')
    .filter((scope) => scope !== '');
  const allowed = client?.scope === undefined || client.scope.split(' ').includes('offline_access');
  if (scopes.includes('offline_access') || !allowed || client?.grantTypeAllowed('refresh_token') !== true)
    return;
  params.scope = [...scopes, 'offline_access'].join(' ');
}

/** The metadata holds digests, never a secret. */
function useOwnSecrets(provider: Provider, config: Config): void {
  const digest = secretDigest(config);
  provider.Client.prototype.compareClientSecret = function compareClientSecret(presented: string) {
    return matchesSecret((this as unknown as { secret_digests: string[] }).secret_digests, digest(presented));
  };
}

/** In the sandbox a web app may answer at http://localhost; the library insists on https for the hybrid flow. */
function allowLoopbackRedirects(provider: Provider): void {
  const schema = (provider.Client as unknown as { Schema: { prototype: { invalidate: Invalidate } } }).Schema
    .prototype;
  const { invalidate } = schema;
  schema.invalidate = function (message, code) {
    if (code === 'implicit-force-https' || code === 'implicit-forbid-localhost') return;
    invalidate.call(this, message, code);
  };
}

type Invalidate = (this: unknown, message: string, code?: string) => void;

function originOf(uri: string): string | undefined {
  const parsed = URL.parse(uri);
  return parsed === null || !/^https?:$/.test(parsed.protocol) ? undefined : parsed.origin;
}
