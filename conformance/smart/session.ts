// One app's way through a suite: what it was registered as, whom it asks for, and what each answer left for the next test.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { importJWK, type JWK, SignJWT } from 'jose';
import type { Fetch, Json } from '../view.ts';
import type { SmartVerdict } from './smart-row.ts';

/** Where the suite's own app would live: public apps send it as Origin. */
export const appOrigin = 'https://inferno.example.com';
export const redirectUri = `${appOrigin}/redirect`;

export type SmartApp =
  | { readonly kind: 'public'; readonly clientId: string }
  | { readonly kind: 'symmetric'; readonly clientId: string; readonly secret: string }
  | { readonly kind: 'asymmetric'; readonly clientId: string; readonly privateKey: JWK };

/** The person at the browser: where an authorization request led the browser in the end. */
export type Visit = (request: {
  readonly method: 'GET' | 'POST';
  readonly endpoint: string;
  readonly parameters: URLSearchParams;
}) => Promise<string>;

/** Somebody who signs in, and the FHIR base of their line, without a slash at its end. */
export interface Person {
  readonly base: string;
  readonly visit: Visit;
}

export interface Launch {
  readonly app: SmartApp;
  readonly scopes: string;
  readonly pkce: boolean;
  readonly method: 'GET' | 'POST';
  readonly person: Person;
  readonly fetch: Fetch;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Json | undefined;
}

export class Session {
  readonly base: string;
  readonly launch: Launch;
  readonly state = randomUUID();
  readonly verifier = randomBytes(32).toString('base64url');
  wellKnown: Json | undefined;
  /** Of the CapabilityStatement's oauth-uris. */
  oauthUris: Map<string, string> | undefined;
  redirect: URL | undefined;
  code: string | undefined;
  token: Reply | undefined;
  /** Scope of the last token answer that was looked at. */
  scope: string | undefined;
  refreshed: Reply | undefined;
  idHeader: Json | undefined;
  idPayload: Json | undefined;
  openid: Json | undefined;
  rsaKeys: readonly JWK[] | undefined;
  idKey: JWK | undefined;
  fhirUser: string | undefined;
  activeIntrospection: Reply | undefined;
  invalidIntrospection: Reply | undefined;

  constructor(launch: Launch) {
    this.base = launch.person.base;
    this.launch = launch;
  }

  async ask(url: string, init: RequestInit = {}): Promise<Reply> {
    const response = await this.launch.fetch(url, init);
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parsed(text) };
  }

  /** An endpoint's absolute address, from smart-configuration. */
  endpoint(name: string): string | undefined {
    const value = this.wellKnown?.[name];
    return typeof value === 'string' ? new URL(value, `${this.base}/`).href : undefined;
  }

  challenge(): string {
    return createHash('sha256').update(this.verifier).digest('base64url');
  }

  /** A form to the token endpoint with the app's way of saying who it is. */
  async askToken(form: Record<string, string>, withOrigin: boolean): Promise<Reply | undefined> {
    const url = this.endpoint('token_endpoint');
    if (url === undefined) return undefined;
    const { app } = this.launch;
    const headers: Record<string, string> = {};
    const body = new URLSearchParams(form);
    if (app.kind === 'symmetric') headers['authorization'] = basic(app);
    if (app.kind === 'public') body.set('client_id', app.clientId);
    if (app.kind === 'public' && withOrigin) headers['origin'] = appOrigin;
    if (app.kind === 'asymmetric') {
      body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
      body.set('client_assertion', await assertion(app, url));
    }
    return this.ask(url, { method: 'POST', headers, body });
  }

  bearer(): string {
    const newest = this.refreshed?.json?.['access_token'] ?? this.token?.json?.['access_token'];
    return typeof newest === 'string' ? newest : '';
  }
}

export function basic(app: SmartApp & { readonly kind: 'symmetric' }): string {
  return `Basic ${Buffer.from(`${app.clientId}:${app.secret}`).toString('base64')}`;
}

async function assertion(app: SmartApp & { readonly kind: 'asymmetric' }, audience: string): Promise<string> {
  const { privateKey } = app;
  return new SignJWT({})
    .setProtectedHeader({ alg: privateKey.alg ?? '', kid: privateKey.kid ?? '', typ: 'JWT' })
    .setIssuer(app.clientId)
    .setSubject(app.clientId)
    .setAudience(audience)
    .setExpirationTime('5m')
    .setJti(randomBytes(32).toString('hex'))
    .sign(await importJWK(privateKey));
}

function parsed(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

export interface SmartTest {
  readonly id: string;
  readonly title: string;
  readonly run: (session: Session) => Promise<SmartVerdict> | SmartVerdict;
}

/** The problems among `[holds, problem]`. */
export function unless(
  ...checks: readonly (readonly [holds: boolean, problem: string])[]
): readonly string[] {
  return checks.flatMap(([holds, problem]) => (holds ? [] : [problem]));
}

export const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
export const wordsOf = (value: unknown): readonly string[] =>
  typeof value === 'string' ? value.split(' ').filter((word) => word !== '') : [];
