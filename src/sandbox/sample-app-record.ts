// What the sample app reads with a token: over HTTP, with the seed's headers, following `next`.
import type { Line } from '../config/config.ts';

export interface ClaimView {
  readonly date: string;
  readonly kind: string;
  readonly provider: string;
  readonly what: string;
  readonly billed: number | undefined;
  readonly paid: number | undefined;
  readonly status: string;
}

export interface RecordView {
  readonly patient: string;
  readonly name: string;
  readonly birthDate: string;
  readonly gender: string;
  readonly address: string;
  /** Newest first. */
  readonly claims: readonly ClaimView[];
  /** Type → number of resources, for the types that the token covers. */
  readonly counts: readonly (readonly [type: string, count: number])[];
  /** Each request that was made, with its answer's status, for the reader to repeat. */
  readonly requests: readonly (readonly [url: string, status: number])[];
}

type Json = Record<string, unknown>;

/** The seed's own Accept header, as it prints it. */
const seedAccept = 'application/json, text/json, text/x-json, text/javascript, application/xml, text/xml';

const counted = [
  'Coverage',
  'Encounter',
  'Condition',
  'MedicationRequest',
  'AllergyIntolerance',
  'Immunization',
  'Observation',
  'DiagnosticReport',
  'DocumentReference',
  'Procedure',
  'CarePlan',
  'CareTeam',
  'Goal',
  'Device',
];
const pagesAtMost = 20;

export async function fetchRecord(line: Line, token: string, patient: string): Promise<RecordView> {
  const requests: [string, number][] = [];
  const get = async (url: string): Promise<Json | undefined> => {
    const answer = await fetch(url, {
      headers: { authorization: `Bearer ${token}`, accept: seedAccept, 'accept-encoding': 'gzip, deflate' },
      signal: AbortSignal.timeout(15_000),
    });
    requests.push([url, answer.status]);
    return answer.ok ? ((await answer.json()) as Json) : undefined;
  };
  const person = await get(`${line.fhirUrl}/Patient/${patient}`);
  const claims: Json[] = [];
  let next: string | undefined = `${line.fhirUrl}/ExplanationOfBenefit?patient=${patient}&_count=100`;
  for (let page = 0; next !== undefined && page < pagesAtMost; page++) {
    const bundle: Json | undefined = await get(next);
    claims.push(...entriesOf(bundle));
    next = linkOf(bundle, 'next');
  }
  const counts: [string, number][] = [['ExplanationOfBenefit', claims.length]];
  for (const type of counted) {
    const bundle = await get(`${line.fhirUrl}/${type}?patient=${patient}&_count=0`);
    if (typeof bundle?.['total'] === 'number') counts.push([type, bundle['total']]);
  }
  return {
    patient,
    name: nameOf(person),
    birthDate: text(person?.['birthDate']),
    gender: text(person?.['gender']),
    address: addressOf(person),
    claims: claims.map(claimOf).sort((a, b) => (a.date < b.date ? 1 : -1)),
    counts,
    requests,
  };
}

function claimOf(claim: Json): ClaimView {
  const period = at(claim, 'billablePeriod') as Json | undefined;
  return {
    date: text(period?.['start'] ?? claim['created']).slice(0, 10),
    kind: codingsOf(claim['type'])[0] ?? 'claim',
    provider: text(at(claim, 'provider', 'display')),
    what: firstItem(claim),
    billed: totalOf(claim, 'submitted'),
    paid: totalOf(claim, 'benefit') ?? totalOf(claim, 'paidtoprovider'),
    status:
      text(claim['use']) === 'preauthorization'
        ? `authorization ${text(claim['outcome'])}`
        : text(claim['status']),
  };
}

function firstItem(claim: Json): string {
  const item = (claim['item'] as Json[] | undefined)?.[0];
  return text(at(item, 'productOrService', 'text')) || (displaysOf(item?.['productOrService'])[0] ?? '');
}

function totalOf(claim: Json, category: string): number | undefined {
  const totals = (claim['total'] as Json[] | undefined) ?? [];
  const found = totals.find((total) => codingsOf(total['category']).includes(category));
  const value = at(found, 'amount', 'value');
  return typeof value === 'number' ? value : undefined;
}

function codingsOf(concept: unknown): string[] {
  return (((concept as Json | undefined)?.['coding'] as Json[] | undefined) ?? []).map((coding) =>
    text(coding['code']),
  );
}

function displaysOf(concept: unknown): string[] {
  return (((concept as Json | undefined)?.['coding'] as Json[] | undefined) ?? []).map((coding) =>
    text(coding['display']),
  );
}

function nameOf(person: Json | undefined): string {
  const name = (person?.['name'] as Json[] | undefined)?.[0];
  return [...((name?.['given'] as string[] | undefined) ?? []), text(name?.['family'])].join(' ').trim();
}

function addressOf(person: Json | undefined): string {
  const address = (person?.['address'] as Json[] | undefined)?.[0];
  return [
    ...((address?.['line'] as string[] | undefined) ?? []),
    text(address?.['city']),
    text(address?.['state']),
    text(address?.['postalCode']),
  ]
    .filter((part) => part !== '')
    .join(', ');
}

function entriesOf(bundle: Json | undefined): Json[] {
  return ((bundle?.['entry'] as Json[] | undefined) ?? [])
    .map((entry) => entry['resource'] as Json)
    .filter((resource) => resource['resourceType'] === 'ExplanationOfBenefit');
}

function linkOf(bundle: Json | undefined, relation: string): string | undefined {
  return ((bundle?.['link'] as Json[] | undefined) ?? []).find((link) => link['relation'] === relation)?.[
    'url'
  ] as string | undefined;
}

function at(value: unknown, ...path: string[]): unknown {
  let here = value;
  for (const name of path)
    here = typeof here === 'object' && here !== null ? (here as Json)[name] : undefined;
  return here;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
