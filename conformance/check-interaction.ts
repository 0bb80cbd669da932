// The interactions and operations that guides declare (https://hl7.org/fhir/R4/http.html).
import type { Gathered } from './gather.ts';
import type { Verdict } from './row.ts';
import { type Answer, diagnosticsOf, list, type Resource, search, type View } from './view.ts';

const viewsAtMost = 2;
const readsAtMost = 3;

/** @param views those that have resources of the type */
export async function checkInteraction(code: string, type: string, views: readonly View[]): Promise<Verdict> {
  const check = checks[code];
  if (check === undefined) return [`no check of the interaction ${code}`];
  if (views.length === 0) return undefined;
  const wrong: string[] = [];
  for (const view of views.slice(0, viewsAtMost)) wrong.push(...(await check(type, view)));
  return wrong;
}

const checks: Readonly<Record<string, (type: string, view: View) => Promise<string[]>>> = {
  async read(type, view) {
    const wrong: string[] = [];
    for (const { id } of view.of(type).slice(0, readsAtMost))
      wrong.push(...isResource(await view.client.get(`${type}/${id}`), type, id));
    const absent = await view.client.get(`${type}/there-is-none-of-this-id`);
    if (absent.status !== 404 || absent.body['resourceType'] !== 'OperationOutcome')
      wrong.push(`${absent.url}: ${absent.status} where 404 with an OperationOutcome is due`);
    return wrong;
  },
  async vread(type, view) {
    const wrong: string[] = [];
    for (const { id, meta } of view.of(type).slice(0, readsAtMost)) {
      if (meta?.versionId === undefined) wrong.push(`${type}/${id} has no meta.versionId`);
      else
        wrong.push(
          ...isResource(await view.client.get(`${type}/${id}/_history/${meta.versionId}`), type, id),
        );
    }
    return wrong;
  },
  async 'history-instance'(type, view) {
    const { id, meta } = view.of(type)[0]!;
    return isHistory(await view.client.get(`${type}/${id}/_history`), type, id, meta?.versionId);
  },
  async 'history-type'(type, view) {
    const answer = await view.client.get(`${type}/_history`);
    return isHistory(answer, type, undefined, undefined);
  },
  async 'search-type'(type, view) {
    const found = await search(view.client, type, []);
    const missing = view.of(type).filter(({ id }) => !found.matches.has(`${type}/${id}`));
    const posted = await search(view.client, type, [['_count', '50']], 'POST');
    return [
      ...found.problems,
      ...posted.problems,
      ...(missing.length === 0 ? [] : [`${type}: ${missing.length} do not come, such as ${missing[0]!.id}`]),
      ...(posted.matches.size === found.matches.size
        ? []
        : [`POST ${type}/_search finds ${posted.matches.size}, GET ${found.matches.size}`]),
    ];
  },
};

/** @returns undefined where nothing of the type is seen */
export async function checkOperation(name: string, views: readonly View[]): Promise<Verdict> {
  if (name !== 'docref') return [`no check of the operation ${name}`];
  const view = views[0];
  const subject = (view?.of('DocumentReference')[0]?.['subject'] as { reference?: string } | undefined)
    ?.reference;
  if (view === undefined || subject === undefined) return undefined;
  const patient = subject.slice(subject.lastIndexOf('/') + 1);
  const parameters = { resourceType: 'Parameters', parameter: [{ name: 'patient', valueId: patient }] };
  const wrong: string[] = [];
  for (const answer of [
    await view.client.get(`DocumentReference/$docref?patient=${patient}`),
    await view.client.post('DocumentReference/$docref', JSON.stringify(parameters), 'application/fhir+json'),
  ]) {
    const found = list(answer.body['entry']).map((entry) => entry['resource'] as Resource | undefined);
    if (answer.status !== 200 || answer.body['type'] !== 'searchset')
      wrong.push(`${answer.url}: ${answer.status} ${diagnosticsOf(answer.body)}`);
    else if (!found.some((one) => one?.resourceType === 'DocumentReference'))
      wrong.push(`${answer.url}: no DocumentReference`);
    else if (found.some((one) => one !== undefined && !view.resources.has(`${one.resourceType}/${one.id}`)))
      wrong.push(`${answer.url}: a resource that no search finds`);
  }
  return wrong;
}

export async function checkSystemInteraction(code: string, { views }: Gathered): Promise<Verdict> {
  if (code !== 'batch') return [`no check of the interaction ${code}`];
  const view = views.find(({ client, resources }) => client.caller.token !== undefined && resources.size > 0);
  if (view === undefined) return undefined;
  const some = [...view.resources.values()].slice(0, 3);
  const bundle = {
    resourceType: 'Bundle',
    type: 'batch',
    entry: [
      ...some.map(({ resourceType, id }) => `${resourceType}/${id}`),
      'Patient/there-is-none-of-this-id',
    ].map((url) => ({ request: { method: 'GET', url } })),
  };
  const answer = await view.client.post('', JSON.stringify(bundle), 'application/fhir+json');
  if (answer.status !== 200 || answer.body['type'] !== 'batch-response')
    return [`POST of a batch: ${answer.status} ${diagnosticsOf(answer.body)}`];
  const entries = list(answer.body['entry']);
  const statuses = entries.map((entry) =>
    String((entry['response'] as { status?: string } | undefined)?.status).slice(0, 3),
  );
  const expected = [...some.map(() => '200'), '404'];
  const wrong =
    statuses.join() === expected.join() ? [] : [`a batch answers ${statuses.join()}, not ${expected.join()}`];
  for (const [index, { id }] of some.entries())
    if ((entries[index]?.['resource'] as Resource | undefined)?.id !== id)
      wrong.push(`entry ${index} of a batch is another resource than asked`);
  return wrong;
}

function isResource(answer: Answer, type: string, id: string): string[] {
  if (answer.status !== 200) return [`${answer.url}: ${answer.status}`];
  if (answer.body['resourceType'] !== type || answer.body['id'] !== id)
    return [`${answer.url}: another resource than asked`];
  return answer.headers.get('etag') === null ? [`${answer.url}: no ETag`] : [];
}

function isHistory(
  answer: Answer,
  type: string,
  id: string | undefined,
  version: string | undefined,
): string[] {
  if (answer.status !== 200) return [`${answer.url}: ${answer.status} ${diagnosticsOf(answer.body)}`];
  const entries = list(answer.body['entry']);
  if (answer.body['type'] !== 'history' || entries.length === 0) return [`${answer.url}: no history`];
  const versions = entries.flatMap((entry) => (entry['resource'] as Resource | undefined) ?? []);
  return [
    ...(versions.every((one) => one.resourceType === type && (id === undefined || one.id === id))
      ? []
      : [`${answer.url}: another resource than asked`]),
    ...(version === undefined || versions.some((one) => one.meta?.versionId === version)
      ? []
      : [`${answer.url}: the present version is not in it`]),
    ...(entries.every((entry) => entry['request'] !== undefined)
      ? []
      : [`${answer.url}: entries without request`]),
  ];
}
