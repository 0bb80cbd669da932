// Fills the views: what everybody may read, then each member's record, then what both refer to.
import {
  type Caller,
  Client,
  type Fetch,
  type Json,
  list,
  type Resource,
  referencesIn,
  searchAll,
  View,
} from './view.ts';

export interface Gathered {
  readonly metadata: Json;
  /** First the one of what everybody may read. */
  readonly views: readonly View[];
  readonly problems: readonly string[];
}

/** @param types all that the guides name */
export async function gather(
  base: string,
  callers: readonly Caller[],
  types: readonly string[],
  fetch: Fetch,
): Promise<Gathered> {
  const everybody = new View(new Client(base, { name: 'public', token: undefined }, fetch));
  const members = callers.map((caller) => new View(new Client(base, caller, fetch)));
  const problems: string[] = [];
  const metadata = await everybody.client.get('metadata');
  if (metadata.status !== 200) throw new Error(`GET ${base}/metadata: ${metadata.status}`);
  const [rest] = list(metadata.body['rest']);
  const declared = new Set(list(rest?.['resource']).map((resource) => String(resource['type'])));

  const forMembers: string[] = [];
  for (const type of types.filter((candidate) => declared.has(candidate))) {
    const found = await searchAll(everybody.client, type, [['_count', '200']]);
    if (found.problems.some((problem) => /: (401|403) /.test(problem))) forMembers.push(type);
    else problems.push(...found.problems);
    for (const resource of found.resources) everybody.add(resource);
  }
  await inParallel(members, async (view) => {
    for (const type of forMembers) {
      const found = await searchAll(view.client, type, [['_count', '200']]);
      problems.push(...found.problems.map((problem) => `${view.client.caller.name}: ${problem}`));
      for (const resource of found.resources) view.add(resource);
    }
    await followReferences(view, everybody, problems);
  });
  // What needs no token is limited for each address; the thousands of requests that follow carry one.
  const [first] = callers;
  const directory =
    first === undefined ? everybody : new View(new Client(base, { ...first, name: 'public' }, fetch));
  for (const resource of everybody.resources.values()) directory.add(resource);
  return { metadata: metadata.body, views: [directory, ...members], problems };
}

/** A reference of a record must be readable by who reads the record. */
async function followReferences(view: View, everybody: View, problems: string[]): Promise<void> {
  const asked = new Set<string>();
  let open = [...view.resources.values()];
  while (open.length > 0) {
    const wanted = new Set(open.flatMap((resource) => [...referencesIn(resource, view.client.base)]));
    open = [];
    for (const name of wanted) {
      if (asked.has(name) || view.resources.has(name) || everybody.resources.has(name)) continue;
      asked.add(name);
      const answer = await view.client.get(name);
      if (answer.status === 200) {
        const resource = answer.body as unknown as Resource;
        view.add(resource);
        open.push(resource);
      } else problems.push(`${view.client.caller.name}: the reference ${name} answers ${answer.status}`);
    }
  }
}

export async function inParallel<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
  width = 4,
): Promise<void> {
  const queue = [...items];
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
    }),
  );
}
