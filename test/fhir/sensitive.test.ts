// What is labelled as sensitive leaves only with a token whose person ticked every class it carries, whatever is asked
// (https://hl7.org/fhir/R4/security-labels.html).
import assert from 'node:assert/strict';
import { sensitiveClasses, sensitiveClassesOf } from '../../src/smart/sensitive-classes.ts';
import { testOnEachDatabase } from '../databases.ts';
import { type RunningPortico, startPortico, type Token } from '../portico.ts';

interface Found {
  readonly resourceType: string;
  readonly id: string;
  readonly target?: readonly { readonly reference: string }[];
  readonly [element: string]: unknown;
}

interface Bundle {
  readonly total?: number;
  readonly link?: readonly { readonly relation: string; readonly url: string }[];
  readonly entry?: readonly { readonly resource: Found; readonly search?: { readonly mode: string } }[];
}

const allClasses = sensitiveClasses.map(({ code }) => code);
const nameOf = ({ resourceType, id }: Found) => `${resourceType}/${id}`;
const names = (resources: readonly Found[]) => resources.map(nameOf).sort();

testOnEachDatabase(
  'sensitive records leave only with all of their classes ticked',
  async (place, context) => {
    const server = await startPortico(context, place);
    const tokenWith = (...classes: string[]) =>
      server.token('cco', 'devon.price', undefined, undefined, classes);
    const everything = await everythingOf(server, await tokenWith(...allClasses));
    const classesOf = new Map(everything.map((one) => [nameOf(one), sensitiveClassesOf(one)]));
    // What is told of a record is kept as the record is.
    for (const one of everything)
      if (one.resourceType === 'Provenance') {
        const classes = (one.target ?? []).flatMap(({ reference }) => classesOf.get(reference) ?? []);
        classesOf.set(nameOf(one), [...new Set(classes)]);
      }
    for (const code of ['substance-use', 'behavioral-health', 'hiv'])
      for (const type of [
        'Condition',
        'Encounter',
        'ExplanationOfBenefit',
        'MedicationRequest',
        'Provenance',
      ])
        assert.ok(
          [...classesOf].some(([name, classes]) => name.startsWith(`${type}/`) && classes.includes(code)),
          `${type} of ${code}`,
        );
    for (const ticked of [[], ['hiv'], ['hiv', 'behavioral-health'], ['restricted', 'reproductive-health']]) {
      const token = await tokenWith(...ticked);
      const expected = everything.filter((one) =>
        classesOf.get(nameOf(one))!.every((code) => ticked.includes(code)),
      );
      const hidden = everything.filter((one) => !expected.includes(one));
      assert.ok(hidden.length > 20, `only ${hidden.length} of ${everything.length} are kept`);
      assert.deepEqual(names(await everythingOf(server, token)), names(expected), ticked.join());
      for (const type of ['Condition', 'ExplanationOfBenefit', 'Encounter', 'Provenance', 'Observation']) {
        const ofType = expected.filter(({ resourceType }) => resourceType === type);
        const counted = await bundle(server, token, `${type}?_total=accurate&_count=0`);
        assert.equal(counted.total, ofType.length, `total of ${type}`);
        const withLabel = await bundle(server, token, `${type}?_security=OPIOIDUD,PSY,HIV,SUD,BH&_count=500`);
        assert.equal(
          withLabel.entry?.length ?? 0,
          ofType.filter((one) => sensitiveClassesOf(one).length > 0).length,
          `_security of ${type}`,
        );
      }
      for (const one of hidden.filter((_, at) => at % 25 === 0)) {
        const name = nameOf(one);
        for (const path of [name, `${name}/_history`, `${name}/_history/1`])
          assert.equal((await server.get(`/cco/fhir/${path}`, token)).status, 404, path);
        const [type] = name.split('/');
        assert.equal((await bundle(server, token, `${type}?_id=${one.id}`)).entry, undefined);
        for (const query of [`Patient?_has:${type}:patient:_id=${one.id}`, `Provenance?target=${name}`])
          if (type !== 'Provenance')
            assert.equal((await bundle(server, token, query)).entry, undefined, query);
      }
      const brought = await bundle(
        server,
        token,
        'Patient?_revinclude=Condition:patient&_revinclude=Encounter:patient',
      );
      for (const { resource } of brought.entry ?? [])
        assert.ok(
          classesOf.get(nameOf(resource))!.every((code) => ticked.includes(code)),
          nameOf(resource),
        );
    }
  },
);

testOnEachDatabase('a cursor of before, and a label of now', async (place, context) => {
  const server = await startPortico(context, place);
  const token = await server.token('cco', 'maria.delgado');
  const condition = (await bundle(server, token, 'Condition?_count=1')).entry![0]!.resource;
  const path = `Condition/${condition.id}`;
  const first = await bundle(server, token, 'Condition?_count=1');
  const label = { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'HIV' };
  const relabel = (security: readonly object[]) =>
    server.portico.plan.store.writing('cco', ({ write }) =>
      write([{ resource: { ...condition, meta: { ...(condition['meta'] as object), security } } }]),
    );
  await relabel([label]);
  const status = async (what: string, who = token) => (await server.get(`/cco/fhir/${what}`, who)).status;
  assert.equal(await status(path), 404);
  const next = first.link!.find(({ relation }) => relation === 'next')!.url;
  assert.ok(!(await (await server.get(next, token)).text()).includes(condition.id));
  const ticked = await server.token('cco', 'maria.delgado', undefined, undefined, ['hiv']);
  assert.equal(await status(path, ticked), 200);
  // It was anybody's who sees conditions before, but not as what it is now.
  assert.equal(await status(`${path}/_history/1`, ticked), 404);
  await relabel([]);
  assert.equal(await status(path), 200);
  assert.equal(await status(`${path}/_history/2`, ticked), 404);
  assert.equal(await status(`${path}/_history/3`), 200);
});

async function bundle(server: RunningPortico, token: Token, path: string): Promise<Bundle> {
  const answer = await server.get(path.startsWith('http') ? path : `/cco/fhir/${path}`, token);
  const text = await answer.text();
  assert.equal(answer.status, 200, `${path}: ${text.slice(0, 500)}`);
  return JSON.parse(text) as Bundle;
}

/** What is the member's own. */
async function everythingOf(server: RunningPortico, token: Token): Promise<Found[]> {
  const all: Found[] = [];
  for (
    let next: string | undefined = `Patient/${token.patient}/$everything?_count=500`;
    next !== undefined;
  ) {
    const page: Bundle = await bundle(server, token, next);
    for (const { resource, search } of page.entry ?? []) if (search?.mode === 'match') all.push(resource);
    next = page.link?.find(({ relation }) => relation === 'next')?.url;
  }
  return all;
}
