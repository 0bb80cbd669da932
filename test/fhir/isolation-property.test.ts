// Random people, grants, scopes and requests: every answer is what an independent statement of the rules says that this token
// sees (isolation/may-see.ts): nothing else, and all of that. The seed is printed; PORTICO_SEED runs one again.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import Fastify from 'fastify';
import { openPlan, type Plan } from '../../src/app/open-plan.ts';
import { loadConfig } from '../../src/config/config.ts';
import { createFhirService } from '../../src/fhir/create-fhir-service.ts';
import { subsetWriter } from '../../src/fhir/format/subset-resource.ts';
import { xmlWriter } from '../../src/fhir/format/xml-text.ts';
import { CursorBox } from '../../src/fhir/page-cursor.ts';
import { registerFhir } from '../../src/fhir/pipeline.ts';
import type { TokenGrant } from '../../src/smart/access.ts';
import { type TestPlace, testOnEachDatabase } from '../databases.ts';
import { type Allowed, allowedBy, type Grant, MaySee } from './isolation/may-see.ts';
import { grants, nameOf, type Request, requests } from './isolation/requests.ts';
import { type Held, type Json, type Line, worldOf } from './isolation/world.ts';

const requestsOfGrant = 5;
const casesOn = { sqlite: 10_000, postgres: 1500 };

interface Answer {
  readonly status: number;
  readonly body: string;
}

testOnEachDatabase('every answer is what the token may see, and all of it', async (place, context) => {
  const { plan, ask } = await serve(place, context);
  const seed = Number(process.env['PORTICO_SEED'] ?? randomBytes(4).readInt32BE());
  const runs = casesOn[place.dialect] / requestsOfGrant;
  console.log(`isolation: seed ${seed}, ${runs * requestsOfGrant} cases on ${place.dialect}`);
  const seen = new Map<string, number>();
  for (const line of ['cco', 'advantage'] as const) {
    const world = new MaySee(await load(plan, line));
    const anyParams = plan.definitions.resourceTypes
      .filter((type) => plan.definitions.servedTypes.has(type))
      .flatMap((type) => plan.definitions.searchParams(type).map(({ code }) => `${type}?${code}`));
    const cases = fc.tuple(
      grants(line),
      fc.array(requests(line, world, anyParams), { minLength: requestsOfGrant, maxLength: requestsOfGrant }),
    );
    const numRuns = Math.round(runs * (line === 'cco' ? 0.9 : 0.1));
    await fc.assert(
      fc.asyncProperty(cases, async ([grant, asked]) => {
        for (const request of asked) {
          const answer = await ask(line, grant, request.path);
          check(world, grant, request, answer);
          const kind = `${request.path.replace(/^[A-Z]\w+/, 'T').replace(/[?/=].*/, '')} ${answer.status}`;
          seen.set(kind, (seen.get(kind) ?? 0) + 1);
        }
      }),
      { seed, numRuns, endOnFailure: true },
    );
  }
  // A deleted resource of one's own is asked for so seldom that the fewer cases of PostgreSQL may miss it.
  const rare = place.dialect === 'sqlite' ? [410] : [];
  for (const status of [200, 401, 403, 404, ...rare])
    assert.ok(
      [...seen.keys()].some((kind) => kind.endsWith(` ${status}`)),
      `no case was answered ${status}`,
    );
});

async function serve(place: TestPlace, context: TestContext) {
  const plan = await openPlan(loadConfig({ DATA_DIR: place.dataDir, DATABASE_URL: place.databaseUrl }));
  context.after(() => plan.close());
  let granted: TokenGrant | undefined;
  const { definitions, store } = plan;
  const service = createFhirService({
    definitions,
    store,
    cursors: new CursorBox(randomBytes(32)),
    verifyToken: async () => granted,
    endpoints: () => ({
      authorization_endpoint: '',
      token_endpoint: '',
      introspection_endpoint: '',
      revocation_endpoint: '',
      management_endpoint: '',
    }),
    smartConfiguration: () => ({}),
    toXml: xmlWriter(definitions.structure),
    toSubset: subsetWriter(definitions.structure),
    readXml: () => assert.fail('no request is XML'),
    checkStructure: plan.checkStructure,
    openValidator: plan.openValidator,
    requestsPerMinute: { public: 1_000_000_000, client: 1_000_000_000, member: 1_000_000_000 },
    planName: 'Plan',
    documentationUrl: '',
  });
  const app = Fastify();
  context.after(() => app.close());
  for (const line of plan.config.lines) registerFhir(app, service, line);
  await app.ready();
  const ask = async (line: Line, grant: Grant, path: string): Promise<Answer> => {
    const { patients, sensitive, fhirUser } = grant;
    const scope = grant.scopes.join(' ');
    granted = { line, clientId: 'app', grantId: 'grant', patients, scope, fhirUser, sensitive };
    const answer = await app.inject({
      url: `/${line}/fhir/${path}`,
      headers: {
        accept: 'application/fhir+json',
        ...(grant.token ? { authorization: 'Bearer token' } : {}),
      },
    });
    return { status: answer.statusCode, body: answer.body };
  };
  return { plan, ask };
}

/** Writes the world, all first versions, then all second ones, and so on. */
async function load({ store }: Plan, line: Line): Promise<readonly Held[]> {
  const world = worldOf(line);
  for (let at = 0; world.some(({ versions }) => at < versions.length); at++) {
    const writes = world
      .filter(({ versions }) => at < versions.length)
      .map(({ type, id, versions }) => {
        const resource = versions[at];
        return resource === undefined ? { delete: { type, id } } : { resource };
      });
    await store.writing(line, (writer) => writer.write(writes));
  }
  return world;
}

interface Entry {
  readonly fullUrl?: string;
  readonly resource?: Json;
  readonly search?: { readonly mode: string };
  readonly response?: { readonly etag: string };
}

function check(world: MaySee, grant: Grant, request: Request, { status, body }: Answer): void {
  const expected = request.expected(world, grant);
  const about = `${request.path}\n${body.slice(0, 600)}`;
  const isOdd = expected.status === 0;
  if (!isOdd) assert.equal(status, expected.status, about);
  else assert.ok([200, 400, 401, 403, 404].includes(status), `${status} ${about}`);
  if (status !== 200) return;
  const answer = JSON.parse(body) as Json & { readonly total?: number; readonly entry?: readonly Entry[] };
  const allowed = allowedBy(grant);
  if (answer.resourceType !== 'Bundle') {
    const [reference] = expected.matches ?? [];
    assert.deepEqual([`${answer.resourceType}/${answer.id}/${versionOf(answer)}`], [reference], about);
    sameAs(world, answer);
    return;
  }
  const entries = answer.entry ?? [];
  if (answer['type'] === 'history') {
    const versions = entries.map((entry) => {
      const name = entry.fullUrl!.split('/').slice(-2).join('/');
      if (entry.resource !== undefined) sameAs(world, entry.resource);
      return `${name}/${/\d+/.exec(entry.response!.etag)![0]}`;
    });
    assert.deepEqual(versions.sort(), [...expected.matches!].sort(), about);
    return;
  }
  const of = (mode: string) =>
    entries.filter(({ search }) => search?.mode === mode).map(({ resource }) => resource!);
  const names = (resources: readonly Json[]) =>
    resources.map(({ resourceType, id }) => `${resourceType}/${id}`).sort();
  for (const resource of [...of('match'), ...of('include')]) isSeen(world, grant, allowed, resource, about);
  if (expected.matches !== undefined)
    assert.deepEqual(names(of('match')), [...expected.matches].sort(), `${about}\nmatches`);
  if (expected.included !== undefined)
    assert.deepEqual(names(of('include')), [...expected.included].sort(), `${about}\nincluded`);
  if (expected.total !== undefined) assert.equal(answer.total, expected.total, `${about}\ntotal`);
  if (expected.suppressed !== undefined)
    assert.equal(
      JSON.stringify(of('outcome')).includes('"suppressed"'),
      expected.suppressed,
      `${about}\nsuppressed`,
    );
}

function isSeen(world: MaySee, grant: Grant, allowed: Allowed, resource: Json, about: string): void {
  const held = world.find(`${resource.resourceType}/${resource.id}`);
  assert.ok(
    held !== undefined && world.sees(grant, allowed, held, 'search'),
    `${about}\nshows ${resource.id}`,
  );
  assert.equal(versionOf(resource), held.versions.length, `${about}\n${nameOf(held)}`);
  sameAs(world, resource);
}

/** What is shown of it is what was written of it. */
function sameAs(world: MaySee, resource: Json): void {
  const written = world.find(`${resource.resourceType}/${resource.id}`)?.versions[versionOf(resource) - 1];
  const { meta, ...elements } = resource as Json & { readonly meta: Record<string, unknown> };
  const { versionId: _versionId, lastUpdated: _lastUpdated, ...kept } = meta;
  assert.deepEqual(Object.keys(kept).length === 0 ? elements : { ...elements, meta: kept }, written);
}

function versionOf(resource: Json): number {
  return Number((resource['meta'] as { versionId: string }).versionId);
}
