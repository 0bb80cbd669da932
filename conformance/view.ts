// What one caller sees of a server: everything that it answers to searches and reads, gathered before anything is checked.

export interface Resource {
  readonly resourceType: string;
  readonly id: string;
  readonly meta?: { readonly versionId?: string; readonly lastUpdated?: string; readonly profile?: string[] };
  readonly [element: string]: unknown;
}

export interface Answer {
  readonly status: number;
  readonly url: string;
  readonly headers: Headers;
  readonly body: Json;
}

export type Json = Readonly<Record<string, unknown>>;
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

export interface Caller {
  /** `public`, or whose record the token is for. */
  readonly name: string;
  readonly token: string | undefined;
}

/** One base URL as one caller. */
export class Client {
  readonly base: string;
  readonly caller: Caller;
  readonly #fetch: Fetch;
  /** Kept by `search`. */
  readonly searches = new Map<string, Promise<Found>>();
  /** Since the client was made. */
  requests = 0;

  constructor(base: string, caller: Caller, fetch: Fetch) {
    this.base = base;
    this.caller = caller;
    this.#fetch = fetch;
  }

  get(path: string): Promise<Answer> {
    return this.#send(path, {});
  }

  post(path: string, body: string, contentType: string): Promise<Answer> {
    return this.#send(path, { method: 'POST', body, headers: { 'content-type': contentType } });
  }

  async #send(path: string, init: RequestInit): Promise<Answer> {
    this.requests++;
    const url = /^https?:/.test(path) ? path : `${this.base}/${path}`;
    const { token } = this.caller;
    const response = await this.#fetch(url, {
      ...init,
      headers: {
        ...init.headers,
        accept: 'application/fhir+json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    });
    const text = await response.text();
    let body: Json = {};
    try {
      body = JSON.parse(text) as Json;
    } catch {
      // Told by the missing resourceType.
    }
    return { status: response.status, url, headers: response.headers, body };
  }
}

export interface Found {
  /** `Type/id` of what matched. */
  readonly matches: ReadonlySet<string>;
  readonly included: ReadonlySet<string>;
  /** Of the form of the answers. */
  readonly problems: readonly string[];
}

type Params = readonly (readonly [name: string, value: string])[];
type How = 'GET' | 'POST';

const pagesAtMost = 60;

/** What a search finds. Guides ask much alike: what was asked before in the same words is not asked again. */
export function search(client: Client, type: string, params: Params, how: How = 'GET'): Promise<Found> {
  const key = JSON.stringify([how, type, params]);
  const known = client.searches.get(key);
  if (known !== undefined) return known;
  const found = searchAll(client, type, params, how).then(({ resources: _, ...names }) => names);
  client.searches.set(key, found);
  return found;
}

/** Runs a search to its last page, and brings the resources along. */
export async function searchAll(
  client: Client,
  type: string,
  params: Params,
  how: How = 'GET',
): Promise<Found & { readonly resources: readonly Resource[] }> {
  const query = params
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
  const matches = new Set<string>();
  const included = new Set<string>();
  const resources: Resource[] = [];
  const problems: string[] = [];
  let next: string | undefined = `${type}${query === '' ? '' : `?${query}`}`;
  let total: unknown;
  for (let page = 0; next !== undefined && page < pagesAtMost; page++) {
    const answer: Answer =
      how === 'POST' && page === 0
        ? await client.post(`${type}/_search`, query, 'application/x-www-form-urlencoded')
        : await client.get(next);
    const asked = page === 0 ? `${how} ${type}?${decodeURIComponent(query)}` : 'a following page';
    if (answer.status !== 200) {
      problems.push(`${asked}: ${answer.status} ${diagnosticsOf(answer.body)}`);
      break;
    }
    if (answer.body['resourceType'] !== 'Bundle' || answer.body['type'] !== 'searchset')
      problems.push(`${asked}: no Bundle of type searchset`);
    const links = list(answer.body['link']);
    if (!links.some((link) => link['relation'] === 'self')) problems.push(`${asked}: no link self`);
    if (typeof answer.body['total'] === 'number') total = answer.body['total'];
    for (const entry of list(answer.body['entry'])) {
      const resource = entry['resource'] as Resource | undefined;
      const mode = (entry['search'] as Json | undefined)?.['mode'];
      if (mode === 'outcome') continue;
      if (resource === undefined || typeof resource.id !== 'string') {
        problems.push(`${asked}: an entry without a resource`);
        continue;
      }
      const name = `${resource.resourceType}/${resource.id}`;
      if (!String(entry['fullUrl']).endsWith(`/${name}`)) problems.push(`${asked}: fullUrl of ${name}`);
      if (mode === 'include') included.add(name);
      else if (mode !== 'match') problems.push(`${asked}: ${name} has search.mode ${String(mode)}`);
      else if (matches.has(name)) problems.push(`${asked}: ${name} comes twice`);
      else {
        matches.add(name);
        if (resource.resourceType !== type) problems.push(`${asked}: ${name} is no ${type}`);
      }
      resources.push(resource);
    }
    next = links.find((link) => link['relation'] === 'next')?.['url'] as string | undefined;
  }
  if (next === undefined && typeof total === 'number' && total !== matches.size)
    problems.push(`total is ${total}, ${matches.size} came`);
  return { matches, included, resources, problems };
}

/** A client and what it sees. */
export class View {
  readonly client: Client;
  readonly resources = new Map<string, Resource>();
  readonly #byType = new Map<string, Resource[]>();

  constructor(client: Client) {
    this.client = client;
  }

  add(resource: Resource): void {
    const name = `${resource.resourceType}/${resource.id}`;
    if (this.resources.has(name)) return;
    this.resources.set(name, resource);
    const known = this.#byType.get(resource.resourceType);
    if (known === undefined) this.#byType.set(resource.resourceType, [resource]);
    else known.push(resource);
  }

  of(type: string): readonly Resource[] {
    return this.#byType.get(type) ?? [];
  }
}

/** Every reference in a resource to another of the same server: `Type/id`. */
export function referencesIn(value: unknown, base: string): Set<string> {
  const found = new Set<string>();
  const walk = (inner: unknown): void => {
    if (typeof inner !== 'object' || inner === null) return;
    for (const [key, one] of Object.entries(inner)) {
      if (key === 'reference' && typeof one === 'string') {
        const name = localName(one, base);
        if (name !== undefined) found.add(name);
      } else walk(one);
    }
  };
  walk(value);
  return found;
}

/** `Type/id` of a reference, with or without a version, relative or absolute; undefined of another server's and of contained ones. */
export function localName(reference: string, base: string): string | undefined {
  const relative = reference.startsWith(`${base}/`) ? reference.slice(base.length + 1) : reference;
  return /^([A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64})(\/_history\/[^/]+)?$/.exec(relative)?.[1];
}

export function diagnosticsOf(body: Json): string {
  return list(body['issue'])
    .map((issue) => String(issue['diagnostics'] ?? issue['code']))
    .join('; ')
    .slice(0, 200);
}

export function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}
