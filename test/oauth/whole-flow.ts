// One app's way to its tokens with the code flow and PKCE, each part of which an attack may change.
import {
  answerOf,
  Browser,
  callback,
  type Form,
  grant,
  pkce,
  signIn,
  type TokenAnswer,
  tokenRequest,
} from './oauth-fixture.ts';

export interface App {
  readonly client_id: string;
  readonly client_secret?: string;
}

export interface Wanted {
  readonly line?: string;
  readonly scope?: string;
  readonly username?: string;
  readonly password?: string;
  readonly authorize?: Record<string, string>;
  readonly consent?: (form: Form) => void;
  readonly browser?: Browser;
}

export interface Authorized {
  readonly browser: Browser;
  readonly code: string;
  readonly verifier: string;
  readonly answer: Record<string, string>;
}

export function authorizeUrl(
  base: string,
  app: App,
  wanted: Wanted = {},
  challenge = pkce().challenge,
): string {
  const { line = 'cco', scope = 'openid offline_access patient/Patient.rs', authorize } = wanted;
  return `${base}/${line}/connect/authorize?${new URLSearchParams({
    client_id: app.client_id,
    redirect_uri: callback,
    response_type: 'code',
    scope,
    state: 'the-state',
    aud: `${base}/${line}/fhir`,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...authorize,
  })}`;
}

export async function authorize(base: string, app: App, wanted: Wanted = {}): Promise<Authorized> {
  const { verifier, challenge } = pkce();
  const browser = wanted.browser ?? new Browser(base);
  const url = authorizeUrl(base, app, wanted, challenge);
  const consent = await signIn(browser, url, wanted.username, wanted.password);
  const answer = answerOf(await grant(browser, consent, wanted.consent));
  if (answer.code === undefined) throw new Error(`no code: ${JSON.stringify(answer)}`);
  return { browser, code: answer.code, verifier, answer };
}

/** `more` with an empty text leaves a parameter out. */
export async function redeem(
  base: string,
  app: App,
  { code, verifier }: Pick<Authorized, 'code' | 'verifier'>,
  more: Record<string, string> = {},
  line = 'cco',
): Promise<TokenAnswer> {
  const form = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: callback,
    code_verifier: verifier,
    ...credentials(app),
    ...more,
  };
  const sent = Object.fromEntries(Object.entries(form).filter(([, value]) => value !== ''));
  return tokenRequest(`${base}/${line}/connect/token`, sent);
}

export async function tokensFor(base: string, app: App, wanted: Wanted = {}): Promise<TokenAnswer['body']> {
  const { status, body } = await redeem(base, app, await authorize(base, app, wanted), {}, wanted.line);
  if (status !== 200) throw new Error(`no tokens: ${JSON.stringify(body)}`);
  return body;
}

export async function refresh(
  base: string,
  app: App,
  refresh_token: string,
  more: Record<string, string> = {},
  line = 'cco',
): Promise<TokenAnswer> {
  return tokenRequest(`${base}/${line}/connect/token`, {
    grant_type: 'refresh_token',
    refresh_token,
    ...credentials(app),
    ...more,
  });
}

export function credentials({ client_id, client_secret }: App): Record<string, string> {
  return client_secret === undefined ? { client_id } : { client_id, client_secret };
}
