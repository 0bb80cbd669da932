// Nothing of one member ever reaches another: every route, every search parameter, with the other's own values.
import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { ResourceTables } from '../../src/fhir/store/schema.ts';
import { memberTypes } from '../../src/smart/data-classes.ts';
import { testOnEachDatabase } from '../databases.ts';
import { type RunningPortico, startPortico, type Token } from '../portico.ts';

const me = 'cco-100001';
const other = 'cco-100004';
/** The same person in two lines. */
const inCco = 'cco-100013';
const inAdvantage = 'adv-200001';

testOnEachDatabase('a token shows nothing of another member on any route', async (place, context) => {
  const server = await startPortico(context, place);
  const mine = await server.token('cco', 'maria.delgado');
  assert.equal(mine.patient, me);
  const theirs = await resourcesOf(server, other);
  assert.ok(theirs.length > 50, `only ${theirs.length} resources to look for`);
  for (const { type, id } of theirs) {
    for (const path of [
      `${type}/${id}`,
      `${type}/${id}/_history`,
      `${type}/${id}/_history/1`,
      `${type}/${id}/_history/2`,
    ]) {
      await sameAsAbsent(server, mine, path, path.replace(id, 'no-such-id'));
    }
  }
});

testOnEachDatabase('no search parameter finds another member’s resources', async (place, context) => {
  const server = await startPortico(context, place);
  const mine = await server.token('cco', 'maria.delgado');
  const db = server.portico.plan.db.as<ResourceTables>();
  const params = await db.selectFrom('search_param').selectAll().execute();
  const scope = await server.portico.plan.store.search.scopes.find('cco', other);
  let asked = 0;
  for (const { id, type, code } of params) {
    if (code === '_refers' || code.includes('#') || !memberTypes.includes(type)) continue;
    const values = await valuesOf(server, scope!, id);
    // The index has code and value of a type; a search names its system before, or leaves it open.
    const sought = code.endsWith(':of-type') ? values.map((value) => `|${value}`) : values;
    for (const value of [...sought, other, `Patient/${other}`]) {
      const answer = await server.get(
        `/cco/fhir/${type}?${new URLSearchParams({ [code]: value })}&_total=accurate`,
        mine,
      );
      const text = await answer.text();
      assert.ok(answer.status === 200 || answer.status === 400, `${type}?${code}=${value}: ${answer.status}`);
      assert.ok(!entriesOf(text).includes(other), `${type}?${code}=${value} shows ${other}`);
      asked++;
    }
  }
  assert.ok(asked > 300, `only ${asked} searches`);
  for (const type of memberTypes) {
    for (const param of server.portico.plan.definitions.searchParams(type)) {
      if (param.type !== 'token') continue;
      for (const modifier of ['in', 'not-in']) {
        const path = `${type}?${param.code}:${modifier}=http://hl7.org/fhir/ValueSet/observation-status&_count=500`;
        const answer = await server.get(`/cco/fhir/${path}`, mine);
        assert.ok([200, 403].includes(answer.status), path);
        assert.ok(!entriesOf(await answer.text()).includes(other), path);
      }
    }
  }
  for (const type of memberTypes) {
    for (const query of [`_id=${other}`, `_lastUpdated=ge2000-01-01`, '', '_count=0&_total=accurate']) {
      const answer = await server.get(`/cco/fhir/${type}?${query}`, mine);
      const text = await answer.text();
      assert.ok(!entriesOf(text).includes(other), `${type}?${query}`);
      const bundle = JSON.parse(text) as { total?: number; issue?: unknown };
      if (query.startsWith('_count=0') && answer.status === 200) {
        const own = (await resourcesOf(server, me)).filter((resource) => resource.type === type).length;
        if (type !== 'Binary') assert.equal(bundle.total, own, `total of ${type}`);
      }
    }
  }
});

testOnEachDatabase('no operation, history or batch shows another member', async (place, context) => {
  const server = await startPortico(context, place);
  const mine = await server.token('cco', 'maria.delgado');
  const theirs = await resourcesOf(server, other);
  const ids = new Set(theirs.map(({ type, id }) => `${type}/${id}`));
  const absent = 'no-such-id';
  for (const path of [
    `Patient/${other}/$everything`,
    `Patient/${other}/$everything?start=2000&end=2100`,
    `Patient/${other}/$everything?_since=2000-01-01&_type=Observation`,
    `Patient/${other}/_history?_since=2000-01-01`,
    `Patient/${other}/_history?_since=2100-01-01`,
  ])
    await sameAsAbsent(server, mine, path, path.replace(other, absent));
  for (const query of [
    '',
    '&start=2000',
    '&end=2100',
    '&type=http://loinc.org|34117-2',
    '&start=2000&end=2100&_count=500',
  ]) {
    const [found, missing] = await Promise.all(
      [other, absent].map(async (patient) => {
        const answer = await server.get(
          `/cco/fhir/DocumentReference/$docref?patient=${patient}${query}`,
          mine,
        );
        return { status: answer.status, entries: entriesOf(await answer.text()) };
      }),
    );
    assert.deepEqual(found, missing, query);
    assert.deepEqual(found, { status: 200, entries: '[]' }, query);
  }
  const histories = memberTypes.filter((type) => server.portico.plan.definitions.servedTypes.has(type));
  for (const type of histories) {
    for (let next: string | undefined = `/cco/fhir/${type}/_history?_count=500`; next !== undefined; ) {
      const answer = await server.get(next, mine);
      assert.equal(answer.status, 200, type);
      const text = await answer.text();
      assert.ok(!entriesOf(text).includes(other), `history of ${type}`);
      const bundle = JSON.parse(text) as Bundle & { entry?: { fullUrl: string }[] };
      for (const { fullUrl } of bundle.entry ?? [])
        assert.ok(!ids.has(fullUrl.split('/').slice(-2).join('/')), fullUrl);
      next = bundle.link.find((link) => link.relation === 'next')?.url;
    }
  }
  // In a batch each of theirs is answered as what is not there.
  const batch = async (urls: readonly string[]) => {
    const answer = await fetch(`${server.base}/cco/fhir`, {
      method: 'POST',
      headers: { authorization: `Bearer ${mine.access_token}`, 'content-type': 'application/fhir+json' },
      body: JSON.stringify({
        resourceType: 'Bundle',
        type: 'batch',
        entry: urls.map((url) => ({ request: { method: 'GET', url } })),
      }),
    });
    assert.equal(answer.status, 200);
    const { entry } = (await answer.json()) as { entry: unknown[] };
    return entry.map((one) => JSON.stringify(one).replace(/\(request [^)]*\)/, ''));
  };
  for (let at = 0; at < theirs.length; at += 25) {
    const some = theirs.slice(at, at + 25);
    const paths = some.flatMap(({ type, id }) => [
      `${type}/${id}`,
      `${type}/${id}/_history`,
      `${type}/${id}/_history/1`,
    ]);
    const instead = some.flatMap(({ type }) => [
      `${type}/${absent}`,
      `${type}/${absent}/_history`,
      `${type}/${absent}/_history/1`,
    ]);
    assert.deepEqual(await batch(paths), await batch(instead));
  }
  for (const entry of await batch([
    `Observation?patient=${other}`,
    `Patient?_id=${other}`,
    `Observation?subject:Patient._id=${other}`,
  ]))
    assert.ok(!/"entry":\[/.test(entry), entry);
});

testOnEachDatabase('the lines of one person never meet', async (place, context) => {
  const server = await startPortico(context, place);
  const cco = await server.token('cco', 'rosa.whitfield');
  const advantage = await server.token('advantage', 'rosa.whitfield');
  assert.deepEqual([cco.patient, advantage.patient], [inCco, inAdvantage]);
  for (const path of [`Patient/${inCco}`, 'Patient', 'ExplanationOfBenefit', 'Observation']) {
    assert.equal((await server.get(`/advantage/fhir/${path}`, cco)).status, 401, path);
  }
  for (const { type, id } of await resourcesOf(server, inCco)) {
    await sameAsAbsent(server, advantage, `${type}/${id}`, `${type}/no-such-id`, 'advantage');
  }
  for (const type of memberTypes) {
    const text = await (await server.get(`/advantage/fhir/${type}`, advantage)).text();
    assert.ok(!text.includes(inCco), `${type} shows the record of the other line`);
  }
});

testOnEachDatabase('a page link is no use to another token, nor when altered', async (place, context) => {
  const server = await startPortico(context, place);
  const mine = await server.token('cco', 'tomas.reyes');
  const theirs = await server.token('cco', 'james.okafor');
  const first = (await (await server.get('/cco/fhir/ExplanationOfBenefit?_count=10', mine)).json()) as Bundle;
  const next = first.link.find((link) => link.relation === 'next')!.url;
  assert.equal((await server.get(next, mine)).status, 200);
  assert.equal((await server.get(next, theirs)).status, 400);
  assert.equal((await server.get(next.replace('ExplanationOfBenefit', 'Coverage'), mine)).status, 400);
  assert.equal((await server.get(`${next.slice(0, -4)}AAAA`, mine)).status, 400);
  assert.equal((await server.get(`${next}&patient=${other}`, mine)).status, 400);
});

testOnEachDatabase(
  'who acts for a child sees the child they chose and not themselves',
  async (place, context) => {
    const server = await startPortico(context, place);
    const token = await server.token('cco', 'maria.delgado', undefined, 'cco-100003');
    assert.equal(token.patient, 'cco-100003');
    assert.equal((await server.get('/cco/fhir/Patient/cco-100003', token)).status, 200);
    assert.equal((await server.get(`/cco/fhir/Observation?patient=${me}`, token)).status, 200);
    const text = await (await server.get(`/cco/fhir/Observation?patient=${me}`, token)).text();
    assert.ok(!entriesOf(text).includes(me));
  },
);

interface Bundle {
  readonly link: readonly { readonly relation: string; readonly url: string }[];
}

/** What a Bundle holds, without the links that repeat the question. */
function entriesOf(text: string): string {
  const value = JSON.parse(text) as { entry?: unknown; issue?: unknown };
  return JSON.stringify(value.entry ?? []);
}

async function sameAsAbsent(
  server: RunningPortico,
  token: Token,
  path: string,
  absent: string,
  line = 'cco',
): Promise<void> {
  const [found, missing] = await Promise.all([
    server.get(`/${line}/fhir/${path}`, token),
    server.get(`/${line}/fhir/${absent}`, token),
  ]);
  const plain = (text: string) => text.replace(/\(request [^)]*\)/, '');
  assert.equal(found.status, missing.status, path);
  assert.ok(found.status === 404 || found.status === 403, `${path}: ${found.status}`);
  assert.equal(plain(await found.text()), plain(await missing.text()), path);
}

async function resourcesOf(server: RunningPortico, patient: string): Promise<{ type: string; id: string }[]> {
  const db = server.portico.plan.db.as<ResourceTables>();
  const { rows } = await sql<{ type: string; id: string }>`select r.type, r.id from resource r
    join membership m on m.key = r.key join scope s on s.scope = m.scope where s.member = ${patient}`.execute(
    db,
  );
  return rows;
}

/** Two values that the other's record has for a parameter, as a search would write them. */
async function valuesOf(server: RunningPortico, scope: number, param: number): Promise<string[]> {
  const db = server.portico.plan.db.as<ResourceTables>();
  const { rows } = await sql<{ value: string }>`
    select distinct code as value from idx_token where scope = ${scope} and param = ${param}
    union select distinct value from idx_string where scope = ${scope} and param = ${param}
    union select distinct value from idx_uri where scope = ${scope} and param = ${param}
    union select distinct target_type || '/' || target_id from idx_reference where scope = ${scope} and param = ${param}
    union select distinct 'ge' || (1970 + lo / 31556952000) from idx_date where scope = ${scope} and param = ${param} and lo > 0
    limit 3`.execute(db);
  return rows.map((row) => String(row.value));
}
