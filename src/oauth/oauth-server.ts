// The authorization server of the plan: one OpenID Provider for each line, one registry of apps for all of them.
// Read this first; what a request goes through stands in connect-routes (protocol) and interaction-routes (people).
// https://www.rfc-editor.org/rfc/rfc6749, https://hl7.org/fhir/smart-app-launch/STU2.2/
import type { FastifyInstance } from 'fastify';
import type { JWK } from 'oidc-provider';
import type { Config, Line } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import type { Logger } from '../log/logger.ts';
import type { VerifyToken } from '../smart/access.ts';
import { type AccountOptions, type Accounts, createAccounts } from './accounts.ts';
import { type ClientRegistry, createClientRegistry } from './client-registry.ts';
import { registerConnectRoutes, sendTooMany } from './connect-routes.ts';
import {
  type Connection,
  connectionsOf,
  endConnections,
  revokeGrant,
  type WhichConnections,
} from './connections.ts';
import { type Discovery, readDiscovery, smartConfiguration } from './discovery.ts';
import type { EndReason } from './end-reasons.ts';
import { createIdentityProvider } from './identity-provider/identity-provider.ts';
import { createIdentitySignIn, type IdentitySignIn } from './identity-provider/identity-sign-in.ts';
import { registerInteractionRoutes } from './interaction-routes.ts';
import type { FindPatient } from './interaction-step.ts';
import { createLineProvider } from './line-provider.ts';
import { purgeExpired } from './purge-expired.ts';
import { registerRegistrationRoutes } from './registration/registration-routes.ts';
import { createRequestLimits } from './request-limits.ts';
import type { OAuthTables } from './schema.ts';
import { createFactors, type Factors } from './second-factor/factors.ts';
import { createSecondStep, type SecondStep } from './second-factor/second-step.ts';
import { createSignInThrottle } from './sign-in-throttle.ts';
import { reloadMs, signingKeys } from './signing-keys.ts';
import { createVerifyToken } from './verify-token.ts';

export interface OAuthServerDeps {
  readonly db: Database;
  readonly config: Config;
  readonly logger: Logger;
  /** Epoch milliseconds. */
  readonly clock?: () => number;
  /** A person's name for a Patient id of a line, shown where a member chooses whose information to share. */
  readonly describePatient?: (line: string, patient: string) => Promise<string | undefined>;
  /** For members who sign in at the plan's identity provider; without it the provider's claim is a Patient id. */
  readonly findPatient?: FindPatient;
  /** When a Patient of a line was born, as FHIR writes dates. */
  readonly birthDateOf?: AccountOptions['birthDateOf'];
  /** Whether a line holds a resource, by its relative reference: nobody is told to be one that cannot be read. */
  readonly holds?: (line: string, reference: string) => Promise<boolean>;
  /** An app sent its secret in the query, as only those do that are registered for it. */
  readonly onLegacyTokenRequest?: (line: string, clientId: string) => void;
}

export interface OAuthServer {
  /** Registers the endpoints and pages of every line under `/{line.id}`. */
  register(app: FastifyInstance): void;
  readonly verifyToken: VerifyToken;
  discovery(line: Line): Discovery;
  smartConfiguration(line: Line): ReturnType<typeof smartConfiguration>;
  readonly clients: ClientRegistry;
  readonly accounts: Accounts;
  readonly factors: Factors;
  /** For sign-ins at pages of our own. */
  secondStep(line: Line): SecondStep;
  /** Likewise, where the plan has an identity provider of its own. */
  identitySignIn(line: Line): IdentitySignIn | undefined;
  readonly connections: {
    of(line: string, accountId: string): Promise<Connection[]>;
    revoke(line: string, grantId: string): Promise<void>;
    /** Ends those that live, and answers how many. */
    end(which: WhichConnections, reason: EndReason): Promise<number>;
  };
  /** As every running process does by itself twice a minute. */
  reloadSigningKeys(): Promise<void>;
  close(): Promise<void>;
}

const purgeEveryMs = 60_000;

/** The schema (`oauthSchema`) must be up to date. */
export async function createOAuthServer(deps: OAuthServerDeps): Promise<OAuthServer> {
  const {
    db,
    config,
    logger,
    clock = Date.now,
    describePatient = async () => undefined,
    findPatient = async (_line, { value }) => value,
    birthDateOf,
    holds = async () => true,
    onLegacyTokenRequest = () => {},
  } = deps;
  const accounts = createAccounts(db, clock, { ...config, birthDateOf });
  const clients = createClientRegistry(db, config, clock);
  const factors = createFactors(db, config, clock);
  const throttle = createSignInThrottle(db, clock);
  const lines = await Promise.all(
    config.lines.map(async (line) => {
      const keys = await signingKeys(db, config, line.id, clock());
      const provider = createLineProvider(line, { db, config, logger, clock, accounts, keys });
      return {
        line,
        provider,
        identitySignIn:
          line.identityProvider === undefined
            ? undefined
            : createIdentitySignIn(
                line,
                { config, db, clock, findPatient },
                createIdentityProvider(line, line.identityProvider),
              ),
        secondStep: createSecondStep({ line, config, accounts, factors, throttle, clock }),
        discovery: await readDiscovery(provider, line),
        signing: { kids: kidsOf(keys), provider },
      };
    }),
  );
  const reloadSigningKeys = async () => {
    for (const served of lines) {
      const keys = await signingKeys(db, config, served.line.id, clock());
      if (kidsOf(keys) === served.signing.kids) continue;
      const provider = createLineProvider(served.line, { db, config, logger, clock, accounts, keys });
      served.signing = { kids: kidsOf(keys), provider };
      logger.info(
        { line: served.line.id, kids: keys.map(({ kid }) => kid) },
        'the signing keys have changed',
      );
    }
  };
  const discoveries = new Map(lines.map(({ line, discovery }) => [line.id, discovery]));
  const discoveryOf = (line: Line) => {
    const discovery = discoveries.get(line.id);
    if (discovery === undefined) throw new Error(`there is no line ${line.id}`);
    return discovery;
  };
  const limits = createRequestLimits(config, clock);
  let purging: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    purging = purgeExpired(db, clock()).catch((error: unknown) =>
      logger.error({ err: error }, 'expired tokens and sessions could not be deleted'),
    );
  }, purgeEveryMs).unref();
  let reloading: Promise<unknown> = Promise.resolve();
  const reloadTimer = setInterval(() => {
    reloading = reloading.then(reloadSigningKeys).catch((error: unknown) => {
      logger.error({ err: error }, 'the signing keys could not be read again');
    });
  }, reloadMs).unref();

  return {
    register(app) {
      for (const served of lines) {
        // The steps of a sign-in sign nothing, so the first provider does for them for good.
        const { line, provider, secondStep, identitySignIn } = served;
        app.register(async (scope) =>
          registerConnectRoutes(scope, line, {
            provider: () => served.signing.provider,
            config,
            clients,
            limits,
            onLegacyTokenRequest,
          }),
        );
        if (config.clientRegistration !== 'off')
          app.register(async (scope) =>
            registerRegistrationRoutes(scope, line, { provider, config, db, clients, clock }),
          );
        app.register(async (scope) => {
          // Before the body is read, so before any step looks at the database.
          scope.addHook('onRequest', async (request, reply) => {
            const counted = limits.page(request.ip);
            return counted.exceeded ? sendTooMany(config, reply, counted) : undefined;
          });
          registerInteractionRoutes(scope, line, {
            provider,
            db,
            config,
            accounts,
            clock,
            describePatient,
            identitySignIn,
            secondStep,
            holds,
          });
        });
      }
    },
    verifyToken: createVerifyToken(db, clock),
    discovery: discoveryOf,
    smartConfiguration: (line) => smartConfiguration(discoveryOf(line)),
    clients,
    accounts,
    factors,
    secondStep: ({ id }) => lines.find(({ line }) => line.id === id)!.secondStep,
    identitySignIn: ({ id }) => lines.find(({ line }) => line.id === id)!.identitySignIn,
    connections: {
      of: (line, accountId) => connectionsOf(db.as<OAuthTables>(), line, accountId),
      revoke: (line, grantId) =>
        revokeGrant(db.as<OAuthTables>(), { line, grantId, now: clock(), reason: 'member' }),
      end: (which, reason) => endConnections(db.as<OAuthTables>(), which, { now: clock(), reason }),
    },
    reloadSigningKeys,
    async close() {
      clearInterval(timer);
      clearInterval(reloadTimer);
      await Promise.all([purging, reloading]);
    },
  };
}

/** In their order: the first signs. */
function kidsOf(keys: readonly JWK[]): string {
  return keys.map(({ kid }) => kid).join(' ');
}
