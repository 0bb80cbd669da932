// An identity provider as a plan has one, running for real on its own port: whoever comes is signed in as the test says.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type KoaContextWithOIDC } from 'oidc-provider';

export interface PlanProvider {
  readonly issuer: string;
  /** The next to sign in, with their claims; undefined: they cancel. */
  person: { readonly sub: string; readonly claims: Record<string, unknown> } | undefined;
  /** The queries of the authorization requests. */
  readonly asked: URLSearchParams[];
  /** Changes what the token endpoint answers. */
  spoil: ((body: Record<string, unknown>) => Promise<void> | void) | undefined;
  close(): Promise<void>;
}

export const planClient = { id: 'portico', secret: 'a-secret-of-the-plan-with-its-provider' };

export async function startPlanProvider(redirectUris: readonly string[], port = 0): Promise<PlanProvider> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: planClient.id,
        client_secret: planClient.secret,
        redirect_uris: [...redirectUris],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    claims: { openid: ['sub', 'member_id', 'acts_for', 'amr', 'email'], profile: ['name'] },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    findAccount: (_ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: id, ...known.get(id) }),
    }),
    cookies: { keys: ['of a test'] },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
  });
  provider.silent = true;
  const known = new Map<string, Record<string, unknown>>();
  const plan: PlanProvider = {
    issuer,
    person: undefined,
    asked: [],
    spoil: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  provider.use(async (ctx, next) => {
    if (ctx.path === '/auth') plan.asked.push(new URLSearchParams(ctx.querystring));
    const uid = /^\/interaction\/(.+)$/.exec(ctx.path)?.[1];
    if (uid === undefined) {
      await next();
      if ((ctx as KoaContextWithOIDC).oidc?.route === 'token' && ctx.status === 200)
        await plan.spoil?.(ctx.body as Record<string, unknown>);
      return;
    }
    ctx.respond = false;
    const { person } = plan;
    if (person === undefined) {
      await provider.interactionFinished(ctx.req, ctx.res, { error: 'access_denied' });
      return;
    }
    known.set(person.sub, person.claims);
    const details = await provider.interactionDetails(ctx.req, ctx.res);
    const grant = new provider.Grant({ accountId: person.sub, clientId: planClient.id });
    grant.addOIDCScope(String(details.params['scope']));
    await provider.interactionFinished(ctx.req, ctx.res, {
      login: { accountId: person.sub, remember: false, amr: ['hwk'] },
      consent: { grantId: await grant.save() },
    });
  });
  server.on('request', provider.callback());
  return plan;
}
