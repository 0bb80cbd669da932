// A developer's apps: registering one, changing it, its secrets. A developer sees and changes only their own; another's
// answers 404 as if it did not exist.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config/config.ts';
import { formOf } from '../http/form-body.ts';
import {
  type ClientChanges,
  ClientError,
  type ClientRegistry,
  type Credentials,
  type RegisteredClient,
} from '../oauth/client-registry.ts';
import type { Developer } from './developers.ts';
import { appPage, chosenOverlap, editAppPage } from './pages/app-page.ts';
import { newAppPage } from './pages/app-pages.ts';
import { emptyForm, type FormState } from './pages/form-field.ts';
import type { PortalVisit } from './portal-visit.ts';

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
type VisitHandler = (visit: PortalVisit, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
type DeveloperHandler = (
  developer: Developer,
  visit: PortalVisit,
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<unknown>;
type AppHandler = (
  app: RegisteredClient,
  visit: PortalVisit,
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<unknown>;

export interface AppRoutesDeps {
  readonly config: Config;
  readonly clients: ClientRegistry;
  readonly clock: () => number;
  send(reply: FastifyReply, status: number, page: Promise<string>): Promise<FastifyReply>;
  sendProblem(reply: FastifyReply, status: number, title: string, text: string): Promise<FastifyReply>;
  /** Of a form: goes no further unless it was made for this browser. */
  trusted(handle: VisitHandler): Handler;
  shown(handle: VisitHandler): Handler;
  /** Goes to sign-in when nobody is signed in. */
  signedIn(handle: DeveloperHandler): VisitHandler;
}

export function registerAppRoutes(
  app: FastifyInstance,
  { config, clients, clock, send, sendProblem, trusted, shown, signedIn }: AppRoutesDeps,
): void {
  const home = `${config.planUrl}/developer`;

  const noSuchApp = (reply: FastifyReply) =>
    sendProblem(reply, 404, 'There is no such app', 'It may be another account’s.');

  const ownApp = (handle: AppHandler): VisitHandler =>
    signedIn(async (developer, visit, request, reply) => {
      const found = await clients.find((request.params as { id: string }).id);
      return found?.developerId === developer.id ? handle(found, visit, request, reply) : noSuchApp(reply);
    });

  const showApp = async (
    reply: FastifyReply,
    status: number,
    shownApp: RegisteredClient,
    { csrf }: PortalVisit,
    more: { readonly credentials?: Credentials; readonly problem?: string } = {},
  ) => {
    const secrets = await clients.secrets(shownApp.client_id);
    return send(reply, status, appPage(config, { app: shownApp, csrf, secrets, now: clock(), ...more }));
  };

  const everyLine = config.lines.map((line) => line.id);

  app.get(
    '/developer/apps/new',
    shown(
      signedIn((_developer, { csrf }, _request, reply) =>
        send(reply, 200, newAppPage(config, csrf, emptyForm, everyLine)),
      ),
    ),
  );

  app.post(
    '/developer/apps/new',
    trusted(
      signedIn(async (developer, visit, request, reply) => {
        const form = formOf(request);
        const typed = {
          name: form.get('name') ?? '',
          redirectUris: form.get('redirectUris') ?? '',
          kind: form.get('kind') === 'public' ? 'public' : 'confidential',
          legacyToken: form.get('legacyToken') ?? '',
          ...typedKeys(form),
        };
        const lines = form.getAll('line');
        try {
          const credentials = await clients.create({
            name: typed.name,
            redirectUris: typed.redirectUris.split(/\r?\n/),
            public: typed.kind === 'public',
            lines,
            legacyToken: typed.legacyToken === 'yes',
            developerId: developer.id,
            ...readKeys(typed),
          });
          const created = await clients.find(credentials.client_id);
          return created === undefined
            ? noSuchApp(reply)
            : showApp(reply, 201, created, visit, { credentials });
        } catch (error) {
          return send(reply, 422, newAppPage(config, visit.csrf, refused(typed, error), lines));
        }
      }),
    ),
  );

  app.get(
    '/developer/apps/:id',
    shown(ownApp((found, visit, _request, reply) => showApp(reply, 200, found, visit))),
  );

  app.get(
    '/developer/apps/:id/edit',
    shown(
      ownApp((found, { csrf }, _request, reply) => {
        const typed = {
          name: found.name,
          redirectUris: found.redirectUris.join('\n'),
          jwksUri: found.jwksUri ?? '',
          jwks: found.jwks ?? '',
        };
        return send(reply, 200, editAppPage(config, { app: found, csrf, state: { typed, errors: {} } }));
      }),
    ),
  );

  app.post(
    '/developer/apps/:id/edit',
    trusted(
      ownApp(async (found, { csrf }, request, reply) => {
        const form = formOf(request);
        const typed = {
          name: form.get('name') ?? '',
          redirectUris: form.get('redirectUris') ?? '',
          ...typedKeys(form),
        };
        try {
          const keys = readKeys(typed);
          const changes: ClientChanges = {
            name: typed.name,
            redirectUris: typed.redirectUris.split(/\r?\n/),
            // The form shows what there is: sent back as it was, nothing changes.
            ...(keys.jwksUri === found.jwksUri && typed.jwks.trim() === (found.jwks ?? '') ? {} : keys),
          };
          await clients.update(found.client_id, changes);
        } catch (error) {
          return send(reply, 422, editAppPage(config, { app: found, csrf, state: refused(typed, error) }));
        }
        return reply.redirect(`${home}/apps/${found.client_id}`, 303);
      }),
    ),
  );

  app.post(
    '/developer/apps/:id/secret',
    trusted(
      ownApp(async (found, visit, request, reply) => {
        if (found.authMethod !== 'client_secret') return noSuchApp(reply);
        const overlapSeconds = chosenOverlap(formOf(request).get('overlap'));
        const credentials = await clients.rotateSecret(found.client_id, { overlapSeconds });
        return showApp(reply, 200, found, visit, { credentials });
      }),
    ),
  );

  app.post(
    '/developer/apps/:id/leave-legacy',
    trusted(
      ownApp(async (found, visit, _request, reply) => {
        if (!found.legacyToken) return reply.redirect(`${home}/apps/${found.client_id}`, 303);
        const credentials = await clients.leaveLegacyToken(found.client_id);
        return showApp(reply, 200, { ...found, legacyToken: false }, visit, { credentials });
      }),
    ),
  );

  app.post(
    '/developer/apps/:id/secrets/:secret/end',
    trusted(
      ownApp(async (found, visit, request, reply) => {
        try {
          await clients.endSecret(found.client_id, (request.params as { secret: string }).secret);
        } catch (error) {
          if (!(error instanceof ClientError)) throw error;
          return showApp(reply, 422, found, visit, { problem: error.message });
        }
        return reply.redirect(`${home}/apps/${found.client_id}`, 303);
      }),
    ),
  );
}

interface TypedKeys {
  readonly jwksUri: string;
  readonly jwks: string;
}

function typedKeys(form: URLSearchParams): TypedKeys {
  return { jwksUri: form.get('jwksUri') ?? '', jwks: form.get('jwks') ?? '' };
}

/** @throws {ClientError} */
function readKeys(typed: TypedKeys): Pick<ClientChanges, 'jwks' | 'jwksUri'> {
  const jwksUri = typed.jwksUri.trim();
  const jwks = typed.jwks.trim();
  return {
    ...(jwksUri === '' ? {} : { jwksUri }),
    ...(jwks === '' ? {} : { jwks: parseKeys(jwks) }),
  };
}

function parseKeys(text: string): NonNullable<ClientChanges['jwks']> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'keys' in parsed && Array.isArray(parsed.keys))
      return { keys: parsed.keys };
  } catch {
    throw new ClientError('jwks', 'The keys are not JSON.');
  }
  throw new ClientError('jwks', 'The JSON Web Key Set has no "keys".');
}

function refused(typed: FormState['typed'], error: unknown): FormState {
  if (!(error instanceof ClientError)) throw error;
  return { typed, errors: { [error.field]: error.message } };
}
