// What the sample app reads with a token: over HTTP, with the seed's headers, following `next`.
import type { Line } from '../config/config.ts';

export interface ClaimView {
  /** `2026-10-30`; empty when the claim has none. */
  readonly date: string;
  /** In plain words: `Prescription`, `Hospital or facility`. */
  readonly kind: string;
  readonly provider: string;
  readonly what: string;
  /** US dollars. */
  readonly billed: number | undefined;
  readonly paid: number | undefined;
  readonly memberOwes: number | undefined;
  /** What is out of the ordinary: a prior authorization and its decision, a claim that was cancelled. */
  readonly note: string;
}

export interface RecordView {
  readonly patient: string;
  readonly name: string;
  readonly birthDate: string;
  readonly gender: string;
  readonly address: string;
  readonly phone: string;
  readonly language: string;
  /** Newest first. */
  readonly claims: readonly ClaimView[];
  /** In plain words → number of resources, for the types that the token covers. */
  readonly counts: readonly (readonly [what: string, count: number])[];
  /** Each request that was made, with its answer's status, for the reader to repeat. */
  readonly requests: readonly (readonly [url: string, status: number])[];
}

type Json = Record<string, unknown>;

/** The seed's own Accept header, as it prints it. */
const seedAccept = 'application/json, text/json, text/x-json, text/javascript, application/xml, text/xml';

/** Resource type → what a person calls them. */
const counted = [
  ['Coverage', 'Coverage'],
  ['Encounter', 'Visits'],
  ['Condition', 'Health conditions'],
  ['MedicationRequest', 'Prescriptions'],
  ['AllergyIntolerance', 'Allergies'],
  ['Immunization', 'Vaccines'],
  ['Observation', 'Measurements and results'],
  ['DiagnosticReport', 'Reports'],
  ['DocumentReference', 'Documents'],
  ['Procedure', 'Procedures'],
  ['CarePlan', 'Care plans'],
  ['CareTeam', 'Care teams'],
  ['Goal', 'Goals'],
  ['Device', 'Devices'],
] as const;

/** Of CARIN Blue Button's claim types. */
const kinds: Readonly<Record<string, string>> = {
  pharmacy: 'Prescription',
  professional: 'Doctor or clinic',
  institutional: 'Hospital or facility',
  oral: 'Dental',
  vision: 'Vision',
};

const decisions: Readonly<Record<string, string>> = {
  complete: 'decided',
  partial: 'partly decided',
  queued: 'not decided yet',
  error: 'could not be processed',
};
const pagesAtMost = 20;
const providersAtMost = 40;

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
  const counts: [string, number][] = [['Claims and prior authorizations', claims.length]];
  for (const [type, what] of counted) {
    const bundle = await get(`${line.fhirUrl}/${type}?patient=${patient}&_count=0`);
    if (typeof bundle?.['total'] === 'number') counts.push([what, bundle['total']]);
  }
  // The directory: who provided the care, by name.
  const providers = new Map<string, string>();
  for (const claim of claims) {
    const reference = text(at(claim, 'provider', 'reference'));
    if (!/^(Organization|Practitioner)\/[A-Za-z0-9.-]+$/.test(reference) || providers.has(reference))
      continue;
    if (providers.size >= providersAtMost) break;
    const provider = await get(`${line.fhirUrl}/${reference}`);
    providers.set(reference, text(provider?.['name']) || nameOf(provider));
  }
  return {
    patient,
    name: nameOf(person),
    birthDate: text(person?.['birthDate']),
    gender: text(person?.['gender']),
    address: addressOf(person),
    phone: phoneOf(person),
    language: languageOf(person),
    claims: claims.map((claim) => claimOf(claim, providers)).sort((a, b) => (a.date < b.date ? 1 : -1)),
    counts,
    requests,
  };
}

function claimOf(claim: Json, providers: ReadonlyMap<string, string>): ClaimView {
  const period = at(claim, 'billablePeriod') as Json | undefined;
  const reference = text(at(claim, 'provider', 'reference'));
  const kind = codingsOf(claim['type'])[0] ?? '';
  return {
    date: text(period?.['start'] ?? claim['created']).slice(0, 10),
    kind: kinds[kind] ?? (kind === '' ? 'Claim' : kind),
    provider: text(at(claim, 'provider', 'display')) || (providers.get(reference) ?? ''),
    what: firstItem(claim) || firstDiagnosis(claim),
    billed: totalOf(claim, 'submitted'),
    paid: totalOf(claim, 'benefit') ?? totalOf(claim, 'paidtoprovider'),
    memberOwes: totalOf(claim, 'memberliability'),
    note: noteOf(claim),
  };
}

function noteOf(claim: Json): string {
  const cancelled = text(claim['status']) === 'cancelled';
  if (text(claim['use']) === 'preauthorization') {
    const outcome = text(claim['outcome']);
    const decision =
      outcome === 'complete' ? text(claim['disposition']).toLowerCase() : (decisions[outcome] ?? outcome);
    return `Prior authorization, ${cancelled ? 'cancelled' : decision || 'decided'}`;
  }
  return cancelled ? 'Cancelled' : '';
}

/** An institutional stay has no one service: its items say “Not Applicable”. */
function firstDiagnosis(claim: Json): string {
  const diagnosis = (claim['diagnosis'] as Json[] | undefined)?.[0];
  const words = text(at(diagnosis, 'diagnosisCodeableConcept', 'text'));
  return words || (displaysOf(diagnosis?.['diagnosisCodeableConcept'])[0] ?? '');
}

function firstItem(claim: Json): string {
  const item = (claim['item'] as Json[] | undefined)?.[0];
  const words =
    text(at(item, 'productOrService', 'text')) || (displaysOf(item?.['productOrService'])[0] ?? '');
  return /^not applicable$/i.test(words) ? '' : words;
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

function phoneOf(person: Json | undefined): string {
  const contacts = (person?.['telecom'] as Json[] | undefined) ?? [];
  return text(contacts.find((contact) => contact['system'] === 'phone')?.['value']);
}

function languageOf(person: Json | undefined): string {
  const spoken = (person?.['communication'] as Json[] | undefined)?.[0]?.['language'];
  return text(at(spoken, 'text')) || (displaysOf(spoken)[0] ?? codingsOf(spoken)[0] ?? '');
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
