// An app registers itself at a line: https://www.rfc-editor.org/rfc/rfc7591, with an operator's initial token where the plan wants
// one, or with a software statement that an authority it trusts stands behind; and sees or ends its registration (RFC 7592).
// Must never answer a secret or a token a second time, nor say whether an app exists to whoever has not its token.
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errors, type Provider } from 'oidc-provider';
import type { Config, Line } from '../../config/config.ts';
import type { Database } from '../../db/database.ts';
import { RequestCounter, rateLimitHeaders, sourceOfAddress } from '../../http/request-counter.ts';
import { sendUnkept } from '../../http/unkept.ts';
import type { ClientRegistry } from '../client-registry.ts';
import { routes } from '../endpoints.ts';
import type { OAuthTables } from '../schema.ts';
import {
  asRegistrationError,
  type ClientMetadata,
  RegistrationError,
  readMetadata,
  registeredMetadata,
  toChanges,
  toRegistration,
} from './registration-request.ts';
import {
  endRegistration,
  makeRegistrationToken,
  ownsRegistration,
  returnInitialToken,
  useInitialToken,
} from './registration-tokens.ts';
import { type ApprovedSoftware, approveSoftware } from './software-statement.ts';

export interface RegistrationDeps {
  readonly provider: Provider;
  readonly config: Config;
  readonly db: Database;
  readonly clients: ClientRegistry;
  readonly clock: () => number;
}

const bodyLimit = 64 * 1024;
/** Of one address. */
const registrationsPerHour = 30;

export function registerRegistrationRoutes(app: FastifyInstance, line: Line, deps: RegistrationDeps): void {
  const { provider, config, db, clients, clock } = deps;
  const kysely = db.as<OAuthTables>();
  const endpoint = line.portalUrl + routes.registration;
  const counter = new RequestCounter(
    { name: 'registrations', max: registrationsPerHour, windowSeconds: 3600 },
    clock,
  );

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string', bodyLimit }, (_request, body, done) => {
    try {
      done(null, JSON.parse(String(body)));
    } catch {
      done(new RegistrationError('invalid_client_metadata', 'the body is not JSON'));
    }
  });

  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const known = asRegistrationError(error);
    if (known instanceof RegistrationError) return refuse(reply, 400, known.code, known.message);
    const status = error.statusCode ?? 500;
    if (status >= 500) {
      request.log.error({ err: error, line: line.id }, 'registration failed');
      return refuse(reply, 500, 'server_error', 'something went wrong on the server, try later');
    }
    return refuse(reply, status, 'invalid_client_metadata', 'send the metadata as application/json');
  });

  /** Undefined when the request may register; what it was refused with otherwise. */
  const softwareOf = async (body: Readonly<Record<string, unknown>>) => {
    const { software_statement: statement } = body;
    if (statement === undefined) return undefined;
    if (typeof statement !== 'string')
      throw new RegistrationError('invalid_software_statement', 'software_statement: it is no text');
    if (config.trustAnchors.length === 0)
      throw new RegistrationError(
        'unapproved_software_statement',
        'software_statement: this plan has no authority whose statements it takes',
      );
    return approveSoftware(statement, { anchors: config.trustAnchors, audience: endpoint, now: clock() });
  };

  app.post(`/${line.id}${routes.registration}`, async (request, reply) => {
    const counted = counter.count(sourceOfAddress(request.ip));
    reply.headers(rateLimitHeaders([counted]));
    if (counted.exceeded)
      return refuse(reply, 429, 'temporarily_unavailable', `try again in ${counted.reset} seconds`);
    const body = objectOf(request.body);
    const software = await softwareOf(body);
    if (software !== undefined) return register(reply, readMetadata(signedMetadata(software)), software);
    const metadata = readMetadata(body);
    if (config.clientRegistration === 'open') return register(reply, metadata);
    const token = bearerOf(request);
    if (token === undefined || !(await useInitialToken(kysely, token, clock()))) return unauthorized(reply);
    try {
      return await register(reply, metadata);
    } catch (error) {
      await returnInitialToken(kysely, token);
      throw error;
    }
  });

  const register = async (reply: FastifyReply, metadata: ClientMetadata, software?: ApprovedSoftware) => {
    const registration = toRegistration(metadata, line.id);
    if (software !== undefined && !(await isNew(provider, software)))
      throw new RegistrationError('invalid_software_statement', 'software_statement: it was used before');
    const credentials = await clients.create({ ...registration, verifiedBy: software?.verifiedBy });
    const token = await makeRegistrationToken(kysely, credentials.client_id);
    const client = await clients.find(credentials.client_id);
    return sendUnkept(reply, 201, {
      ...registeredMetadata(client!, metadata),
      ...(credentials.client_secret === undefined
        ? {}
        : { client_secret: credentials.client_secret, client_secret_expires_at: 0 }),
      registration_access_token: token,
      registration_client_uri: `${endpoint}/${credentials.client_id}`,
    });
  };

  /** The app whose registration the request may see, or undefined. */
  const ownOf = async (request: FastifyRequest) => {
    const { clientId } = request.params as { clientId: string };
    const token = bearerOf(request);
    if (token === undefined || !(await ownsRegistration(kysely, clientId, token))) return undefined;
    const client = await clients.find(clientId);
    return client?.lines.includes(line.id) === true && client.disabledAt === undefined ? client : undefined;
  };

  app.get(`/${line.id}${routes.registration}/:clientId`, async (request, reply) => {
    const client = await ownOf(request);
    return client === undefined ? unauthorized(reply) : sendUnkept(reply, 200, registeredMetadata(client));
  });

  app.put(`/${line.id}${routes.registration}/:clientId`, async (request, reply) => {
    const client = await ownOf(request);
    if (client === undefined) return unauthorized(reply);
    const body = objectOf(request.body);
    if (body['client_id'] !== client.client_id)
      throw new RegistrationError(
        'invalid_client_metadata',
        'client_id: it is not that of this registration',
      );
    // What an authority vouched for is not the app's to change.
    if (client.verifiedBy !== undefined)
      throw new RegistrationError(
        'invalid_client_metadata',
        'register anew with a software statement that says otherwise',
      );
    await clients.update(client.client_id, toChanges(readMetadata(body), client));
    return sendUnkept(reply, 200, registeredMetadata((await clients.find(client.client_id))!));
  });

  app.delete(`/${line.id}${routes.registration}/:clientId`, async (request, reply) => {
    const client = await ownOf(request);
    if (client === undefined) return unauthorized(reply);
    await clients.disable(client.client_id);
    await endRegistration(kysely, client.client_id);
    return reply.code(204).header('cache-control', 'no-store').send();
  });
}

/** The certificate's key is the app's: a statement needs to bring no other. */
function signedMetadata({ metadata, jwk }: ApprovedSoftware): Record<string, unknown> {
  const { jwks_uri: _elsewhere, ...rest } = metadata;
  return { ...rest, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] } };
}

async function isNew(provider: Provider, { issuer, jti, expiresAt }: ApprovedSoftware): Promise<boolean> {
  const { ReplayDetection } = provider as unknown as {
    ReplayDetection: { unique(issuer: string, jti: string, expiresAt: number): Promise<boolean> };
  };
  try {
    return await ReplayDetection.unique(`software statement ${issuer}`, jti, expiresAt);
  } catch (error) {
    // What the adapter throws at whoever comes second at the very moment.
    if (error instanceof errors.InvalidClientAuth) return false;
    throw error;
  }
}

function objectOf(body: unknown): Readonly<Record<string, unknown>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new RegistrationError('invalid_client_metadata', 'the body is not a JSON object');
  return body as Readonly<Record<string, unknown>>;
}

function bearerOf(request: FastifyRequest): string | undefined {
  return /^bearer +([A-Za-z0-9_-]{20,128}) *$/i.exec(request.headers.authorization ?? '')?.[1];
}

function unauthorized(reply: FastifyReply): FastifyReply {
  reply.header('www-authenticate', 'Bearer error="invalid_token"');
  return refuse(reply, 401, 'invalid_token', 'this needs a token that the plan gives out for it');
}

function refuse(reply: FastifyReply, status: number, error: string, description: string): FastifyReply {
  return sendUnkept(reply, status, { error, error_description: description });
}
