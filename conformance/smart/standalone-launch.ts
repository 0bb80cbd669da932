// The standalone launch groups: https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#launch-app-standalone-launch
// Stricter than the suites: a scope that was asked for, agreed to and not granted is a failure, not a warning.
import { memberTypes, referenceTypes, referredTypes } from '../../src/smart/data-classes.ts';
import { allowsOrigin } from './discovery.ts';
import { isText, type Reply, redirectUri, type SmartTest, unless, wordsOf } from './session.ts';

const redirected = (id: string): SmartTest => ({
  id,
  title: 'the browser comes back to the app with its state',
  async run(session) {
    const endpoint = session.endpoint('authorization_endpoint');
    if (endpoint === undefined) return undefined;
    const { app, scopes, pkce, method, person } = session.launch;
    const parameters = new URLSearchParams({
      response_type: 'code',
      client_id: app.clientId,
      redirect_uri: redirectUri,
      scope: scopes,
      state: session.state,
      aud: session.base,
      ...(pkce ? { code_challenge: session.challenge(), code_challenge_method: 'S256' } : {}),
    });
    const end = URL.parse(await person.visit({ method, endpoint, parameters }));
    const back = end !== null && end.origin + end.pathname === redirectUri;
    session.redirect = back ? end : undefined;
    return unless(
      [back, 'the browser did not come back to the redirect URI'],
      [!back || end.searchParams.get('state') === session.state, 'another state'],
    );
  },
});

const codeReceived: SmartTest = {
  id: 'smart_code_received',
  title: 'a code comes in the query, and no error',
  run(session) {
    if (session.redirect === undefined) return undefined;
    const { searchParams } = session.redirect;
    session.code = searchParams.get('code') ?? undefined;
    return unless(
      [isText(session.code), 'no code'],
      [!searchParams.has('error'), `error ${searchParams.get('error')}`],
    );
  },
};

const tokenExchange = (id: string, withOrigin: boolean): SmartTest => ({
  id,
  title: 'the code is exchanged for a token',
  async run(session) {
    if (session.code === undefined) return undefined;
    const form = { grant_type: 'authorization_code', code: session.code, redirect_uri: redirectUri };
    session.token = await session.askToken(
      session.launch.pkce ? { ...form, code_verifier: session.verifier } : form,
      withOrigin,
    );
    return issued(session.token);
  },
});

export function issued(reply: Reply | undefined): readonly string[] | undefined {
  if (reply === undefined) return undefined;
  return unless(
    [reply.status === 200, `status ${reply.status}: ${String(reply.json?.['error'])}`],
    [reply.json !== undefined, 'not JSON'],
  );
}

/** The fields that every token answer has, with their types. */
export function tokenFields(body: Reply['json']): readonly string[] {
  return unless(
    ...['access_token', 'token_type', 'scope'].map(
      (name) => [isText(body?.[name]), `${name} is no text`] as const,
    ),
    [typeof body?.['expires_in'] === 'number', 'expires_in is no number'],
    [/^bearer$/i.test(String(body?.['token_type'])), 'token_type is not Bearer'],
    [body?.['refresh_token'] === undefined || isText(body['refresh_token']), 'refresh_token is no text'],
  );
}

const types: ReadonlySet<string> = new Set([...memberTypes, ...referenceTypes, ...referredTypes]);
const isRelative = (reference: unknown) =>
  typeof reference === 'string' &&
  /^[A-Za-z]+\/[A-Za-z0-9\-.]{1,64}/.test(reference) &&
  types.has(reference.split('/')[0] ?? '');

const responseBody = (id: string, contextOf: 'texts' | 'objects'): SmartTest => ({
  id,
  title: 'the answer has its fields, the person, and every scope that was agreed to',
  run(session) {
    const body = session.token?.status === 200 ? session.token.json : undefined;
    if (body === undefined) return undefined;
    session.scope = String(body['scope']);
    const asked = wordsOf(session.launch.scopes);
    const granted = new Set(wordsOf(body['scope']));
    const context = body['fhirContext'];
    const isEach = (one: unknown) =>
      contextOf === 'texts'
        ? isRelative(one)
        : isRelative((one as { reference?: unknown } | null)?.reference);
    return [
      ...tokenFields(body),
      ...unless(
        [!asked.includes('launch/patient') || isText(body['patient']), 'patient is missing'],
        [!asked.includes('openid') || isText(body['id_token']), 'id_token is missing'],
        [!asked.includes('offline_access') || isText(body['refresh_token']), 'refresh_token is missing'],
        ...asked.map((scope) => [granted.has(scope), `${scope} was not granted`] as const),
        [context === undefined || (Array.isArray(context) && context.every(isEach)), 'fhirContext'],
      ),
    ];
  },
});

export const responseHeaders = (which: 'token' | 'refreshed'): SmartTest => ({
  id: 'smart_token_response_headers',
  title: 'no cache keeps the answer (Cache-Control and Pragma)',
  run(session) {
    const reply = session[which];
    if (reply?.status !== 200) return undefined;
    return unless(
      [/no-store/i.test(reply.headers.get('cache-control') ?? ''), 'Cache-Control lacks no-store'],
      [/no-cache/i.test(reply.headers.get('pragma') ?? ''), 'Pragma lacks no-cache'],
    );
  },
});

const tokenFromOrigin: SmartTest = {
  id: 'smart_cors_token_exchange',
  title: 'a public app’s origin may read the answer',
  run({ token, launch }) {
    if (token?.status !== 200 || launch.app.kind !== 'public') return undefined;
    return unless([allowsOrigin(token.headers), 'no CORS header']);
  },
};

export const launchOfStu1 = [
  redirected('smart_app_redirect'),
  codeReceived,
  tokenExchange('smart_token_exchange', false),
  responseBody('smart_token_response_body', 'texts'),
  responseHeaders('token'),
];
export const launchOfStu2 = [
  redirected('smart_app_redirect_stu2'),
  codeReceived,
  tokenExchange('smart_token_exchange_stu2', false),
  responseBody('smart_token_response_body', 'texts'),
  responseHeaders('token'),
];
export const launchOfStu22 = [
  redirected('smart_app_redirect_stu2'),
  codeReceived,
  tokenExchange('smart_token_exchange_stu2_2', true),
  responseBody('smart_token_response_body_stu2_2', 'objects'),
  responseHeaders('token'),
  tokenFromOrigin,
];
