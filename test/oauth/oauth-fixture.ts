// A running authorization server over real HTTP, and a browser with a cookie jar that works its forms.
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { type Config, sandboxPlan } from '../../src/config/config.ts';
import { type Database, openDatabase } from '../../src/db/database.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createOAuthServer, type OAuthServer, type OAuthServerDeps } from '../../src/oauth/oauth-server.ts';
import { oauthSchema } from '../../src/oauth/schema.ts';
import { portalSchema } from '../../src/portal/schema.ts';
import { createPostgresDatabase } from '../databases.ts';

export const callback = 'https://app.example.com/callback';

export interface Fixture {
  readonly app: FastifyInstance;
  readonly oauth: OAuthServer;
  readonly db: Database;
  readonly config: Config;
  readonly base: string;
  /** Everything that was logged. */
  log(): string;
  /** Added to the clock of everything that is ours, in milliseconds. */
  advance(ms: number): void;
  close(): Promise<void>;
}

export type Storage = 'sqlite' | 'postgres';

export const storages: readonly Storage[] =
  process.env.TEST_DATABASE_URL === undefined ? ['sqlite'] : ['sqlite', 'postgres'];

export async function startFixture(
  storage: Storage = 'sqlite',
  more: {
    readonly config?: Partial<Config>;
    /** Whether `X-Forwarded-For` says the address of the caller. */
    readonly trustProxy?: boolean;
    /** What the plan's records say. */
    readonly server?: Partial<Pick<OAuthServerDeps, 'birthDateOf' | 'holds' | 'describePatient'>>;
    readonly register?: (app: FastifyInstance, fixture: Omit<Fixture, 'close' | 'advance' | 'log'>) => void;
  } = {},
): Promise<Fixture> {
  const dataDir = await mkdtemp(join(tmpdir(), 'portico-oauth-'));
  const server = storage === 'postgres' ? process.env.TEST_DATABASE_URL : undefined;
  const database = server === undefined ? undefined : await createPostgresDatabase(server);
  const db = await openDatabase({ dataDir, databaseUrl: database?.url });
  await migrate(db, [...oauthSchema, ...portalSchema]);

  const app = Fastify({ trustProxy: more.trustProxy ?? false });
  // The port is needed for the addresses before the server is made.
  const port = await freePort();
  const base = `http://localhost:${port}`;
  const config: Config = {
    ...sandboxPlan(base),
    port,
    host: 'localhost',
    dataDir,
    databaseUrl: undefined,
    logLevel: 'info',
    secretKey: randomBytes(32).toString('base64url'),
    ...more.config,
  };
  let logged = '';
  const logger = pino(
    { level: 'trace' },
    {
      write: (line: string) => {
        logged += line;
      },
    },
  );
  let shift = 0;
  const oauth = await createOAuthServer({
    db,
    config,
    logger,
    clock: () => Date.now() + shift,
    ...more.server,
  });
  oauth.register(app);
  more.register?.(app, { app, oauth, db, config, base });
  await app.listen({ port, host: 'localhost' });
  return {
    app,
    oauth,
    db,
    config,
    base,
    log: () => logged,
    advance: (ms) => {
      shift += ms;
    },
    async close() {
      await app.close();
      await oauth.close();
      await db.close();
      await database?.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const probe = Fastify();
  const port = Number(new URL(await probe.listen({ port: 0, host: 'localhost' })).port);
  await probe.close();
  return port;
}

/** Members of the tests: the same user name in both lines, with another record in each. */
export async function seedAccounts(oauth: OAuthServer): Promise<void> {
  const password = 'correct horse';
  await Promise.all([
    oauth.accounts.create({
      line: 'cco',
      username: 'maria',
      password,
      patient: '00001001',
      name: 'Maria Lopez',
      actsFor: [],
    }),
    oauth.accounts.create({
      line: 'advantage',
      username: 'maria',
      password,
      patient: 'adv-7',
      name: 'Maria Lopez',
      actsFor: [],
    }),
    oauth.accounts.create({
      line: 'cco',
      username: 'parent',
      password,
      patient: '00002001',
      name: 'Pat Parent',
      actsFor: ['00002002'],
    }),
    oauth.accounts.create({
      line: 'cco',
      username: 'stranger',
      password,
      patient: null,
      name: 'Sam Stranger',
      actsFor: [],
    }),
  ]);
}

export const password = 'correct horse';

export interface Page {
  readonly status: number;
  readonly url: string;
  readonly headers: Headers;
  readonly text: string;
}

/** Follows redirects on our own origin, keeps cookies by path, stops at any other address. */
export class Browser {
  readonly #cookies = new Map<string, { value: string; path: string }>();
  readonly #base: string;

  constructor(base: string) {
    this.#base = base;
  }

  async open(url: string): Promise<Page> {
    return this.#go(new URL(url, this.#base).href, {});
  }

  async post(url: string, fields: readonly (readonly [string, string])[]): Promise<Page> {
    return this.#go(new URL(url, this.#base).href, {
      method: 'POST',
      body: new URLSearchParams(fields.map(([name, value]) => [name, value])),
    });
  }

  /** Sends the first form of a page, as a person would: what is ticked and typed, and one button. */
  async submit(page: Page, change: (form: Form) => void = () => {}): Promise<Page> {
    const form = readForm(page.text);
    change(form);
    return this.post(new URL(form.action, page.url).href, form.fields);
  }

  cookies(): readonly string[] {
    return [...this.#cookies].map(([name, { value }]) => `${name}=${value}`);
  }

  cookieFor(path: string): string {
    return [...this.#cookies]
      .filter(([, cookie]) => path === cookie.path || path.startsWith(cookie.path.replace(/\/?$/, '/')))
      .map(([name, { value }]) => `${name.split('\n')[0]}=${value}`)
      .join('; ');
  }

  async #go(start: string, init: RequestInit): Promise<Page> {
    let url = start;
    let options = init;
    for (let hop = 0; hop < 12; hop++) {
      const response = await fetch(url, {
        ...options,
        redirect: 'manual',
        headers: { cookie: this.cookieFor(new URL(url).pathname), accept: 'text/html' },
      });
      this.#keep(response);
      const location = response.headers.get('location');
      if (location === null || response.status < 300 || response.status > 399) {
        return { status: response.status, url, headers: response.headers, text: await response.text() };
      }
      await response.text();
      url = new URL(location, url).href;
      if (!url.startsWith(`${this.#base}/`))
        return { status: response.status, url, headers: response.headers, text: '' };
      options = {};
    }
    throw new Error('too many redirects');
  }

  #keep(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
      const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? '/';
      if (/expires=Thu, 01 Jan 1970/i.test(line)) this.#cookies.delete(`${name}\n${path}`);
      else this.#cookies.set(`${name}\n${path}`, { value, path });
    }
  }
}

export interface Form {
  readonly action: string;
  fields: [string, string][];
  set(name: string, value: string): void;
  remove(name: string, value: string): void;
}

export function readForm(text: string): Form {
  const form = /<form[^>]*>[\s\S]*?<\/form>/.exec(text)?.[0];
  if (form === undefined) throw new Error(`no form on the page:\n${text}`);
  const fields: [string, string][] = [];
  for (const [input] of form.matchAll(/<input[^>]*>/g)) {
    const type = attribute(input, 'type') ?? 'text';
    if ((type === 'checkbox' || type === 'radio') && !/\schecked/.test(input)) continue;
    const name = attribute(input, 'name');
    if (name !== undefined) fields.push([name, attribute(input, 'value') ?? '']);
  }
  const read: Form = {
    action: attribute(form, 'action') ?? '',
    fields,
    set(name, value) {
      read.fields = [...read.fields.filter(([known]) => known !== name), [name, value]];
    },
    remove(name, value) {
      read.fields = read.fields.filter(([known, old]) => known !== name || old !== value);
    },
  };
  return read;
}

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
  return value
    ?.replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

export async function signIn(
  browser: Browser,
  authorizeUrl: string,
  username = 'maria',
  typed = password,
): Promise<Page> {
  const page = await browser.open(authorizeUrl);
  return browser.submit(page, (form) => {
    form.set('username', username);
    form.set('password', typed);
  });
}

export async function grant(
  browser: Browser,
  consent: Page,
  change: (form: Form) => void = () => {},
): Promise<Page> {
  return browser.submit(consent, (form) => {
    change(form);
    form.set('decision', 'grant');
  });
}

/** What an authorization response carries: of the form_post page, the redirect's query or its fragment. */
export function answerOf(page: Page): Record<string, string> {
  if (page.text.includes('<form')) return Object.fromEntries(readForm(page.text).fields);
  const { hash, searchParams } = new URL(page.url);
  return Object.fromEntries([...searchParams, ...new URLSearchParams(hash.slice(1))]);
}

export function pkce(): { readonly verifier: string; readonly challenge: string } {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

export interface TokenAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown> & {
    readonly access_token: string;
    readonly refresh_token: string;
    readonly id_token: string;
  };
}

export async function tokenRequest(
  url: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<TokenAnswer> {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form), headers });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as TokenAnswer['body'],
  };
}
