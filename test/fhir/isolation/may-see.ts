// What a token may see, said once more and independently of the server's queries: plain rules over the resources themselves,
// as docs/adr/0003 and 0012 have them. Slow, obvious, and in memory.
import { categoryScopes } from '../../../src/smart/category-scopes.ts';
import { dataClasses, memberTypes, referenceTypes, referredTypes } from '../../../src/smart/data-classes.ts';
import { sensitiveClasses } from '../../../src/smart/sensitive-classes.ts';
import type { Held, Json } from './world.ts';

export interface Grant {
  /** Undefined: no token at all. */
  readonly token: boolean;
  readonly patients: readonly string[];
  readonly scopes: readonly string[];
  readonly sensitive: readonly string[];
  readonly fhirUser: string | undefined;
}

type Interaction = 'read' | 'search';
interface Filter {
  readonly param: string;
  readonly codes: readonly string[];
  readonly exclude?: boolean;
}
/** Alternatives, each of filters that must all hold. */
export type Allowed = ReadonlyMap<string, Readonly<Record<Interaction, readonly (readonly Filter[])[]>>>;

export function allowedBy({ token, scopes }: Grant): Allowed {
  const allowed = new Map<string, Record<Interaction, (readonly Filter[])[]>>();
  const allow = (type: string, filters: readonly Filter[], how: string) => {
    const of = allowed.get(type) ?? { read: [], search: [] };
    allowed.set(type, of);
    if (how !== 's') of.read.push(filters);
    if (how !== 'r') of.search.push(filters);
  };
  if (!token) for (const type of referenceTypes) allow(type, [], 'rs');
  const known = [...memberTypes, ...referenceTypes, ...referredTypes];
  let any = false;
  for (const scope of scopes) {
    const byClass = dataClasses.find(({ code }) => scope === `patientapi.${code}.read`);
    for (const { type, filters } of byClass?.rules ?? []) allow(type, filters, 'rs');
    const [, type = '', how = '', query] =
      /^(?:patient|user)\/(\w+)\.(read|rs|r|s)(\?.*)?$/.exec(scope) ?? [];
    const category = categoryScopes.find((one) => one.type === type && query === `?category=${one.category}`);
    const isWhole = query === undefined && known.includes(type);
    const isPart = category !== undefined && how !== 'read';
    if (isWhole) allow(type, [], how);
    else if (isPart) allow(type, [{ param: 'category', codes: [category.category] }], how);
    any ||= byClass !== undefined || isWhole || isPart;
  }
  if (any)
    for (const type of [...referenceTypes, ...referredTypes])
      if (!memberTypes.includes(type)) allow(type, [], 'rs');
  return allowed;
}

/** Alternatives that leave nothing out: one without filters, or what is excluded let in by others. */
function isWhole(alternatives: readonly (readonly Filter[])[]): boolean {
  const letIn = new Set(
    alternatives.flatMap((filters) =>
      filters.length === 1 && filters[0]!.exclude !== true ? filters[0]!.codes : [],
    ),
  );
  return alternatives.some(
    (filters) =>
      filters.length === 0 ||
      (filters.length === 1 &&
        filters[0]!.exclude === true &&
        filters[0]!.codes.every((code) => letIn.has(code))),
  );
}

/** References by search parameter, for the parameters that the requests name. */
export function referencesOf(json: Json, param: string): string[] {
  const of = (...values: unknown[]): string[] =>
    values.flat().flatMap((value) => {
      const reference = (value as { reference?: unknown } | undefined)?.reference;
      return typeof reference === 'string' ? [reference] : [];
    });
  const inner = (list: unknown, name: string) =>
    Array.isArray(list) ? list.map((one) => (one as Record<string, unknown>)[name]) : [];
  switch (param) {
    case 'patient':
      return json.resourceType === 'Provenance'
        ? of(json['target']).filter(isPatient)
        : of(json['subject'], json['patient'], json['beneficiary']).filter(isPatient);
    case 'subject':
      return of(json['subject']);
    case 'performer':
      return of(json['performer'], inner(json['performer'], 'actor'));
    case 'participant':
      return of(inner(json['participant'], 'member'));
    case 'payee':
      return of((json['payee'] as { party?: unknown } | undefined)?.party);
    case 'medication':
      return of(json['medicationReference']);
    case 'policy-holder':
      return of(json['policyHolder']);
    default:
      return of(json[param]);
  }
}

export function tokensOf(json: Json, param: string): string[] {
  if (param === 'use') return [`|${String(json['use'])}`];
  const value = json[param];
  return (Array.isArray(value) ? value : [value]).flatMap((one: unknown) =>
    ((one as { coding?: { system: string; code: string }[] } | undefined)?.coding ?? []).map(
      ({ system, code }) => `${system}|${code}`,
    ),
  );
}

const isPatient = (reference: string) => reference.startsWith('Patient/');

/** Parameters of the Patient CompartmentDefinition, and of Device. */
const compartment: Readonly<Record<string, readonly string[]>> = {
  Observation: ['subject', 'performer'],
  Condition: ['patient', 'asserter'],
  Encounter: ['patient'],
  AllergyIntolerance: ['patient', 'recorder', 'asserter'],
  Immunization: ['patient'],
  Procedure: ['patient', 'performer'],
  MedicationRequest: ['subject'],
  MedicationDispense: ['subject', 'receiver'],
  DiagnosticReport: ['subject'],
  DocumentReference: ['subject', 'author'],
  CarePlan: ['patient'],
  CareTeam: ['patient', 'participant'],
  Goal: ['patient'],
  Coverage: ['policy-holder', 'subscriber', 'beneficiary', 'payor'],
  ExplanationOfBenefit: ['patient', 'payee'],
  RelatedPerson: ['patient'],
  Device: ['patient'],
  Specimen: ['subject'],
  ServiceRequest: ['subject', 'performer'],
  QuestionnaireResponse: ['subject', 'author'],
  Consent: ['patient'],
  Binary: ['securityContext'],
};

/** Whose a resource is, and why those see it not. */
interface Place {
  readonly owners: ReadonlySet<string>;
  readonly classes: ReadonlySet<string>;
  readonly withheld: boolean;
}

/** '' for everybody, '~' for those whose record refers to it. */
function placeOf(json: Json): Place {
  const classes = new Set(classesOf(json));
  const at = (owners: Iterable<string>, withheld = false): Place => ({
    owners: new Set(owners),
    classes,
    withheld,
  });
  if (json.resourceType === 'Patient') return at([json.id]);
  const owners = (compartment[json.resourceType] ?? [])
    .flatMap((param) => referencesOf(json, param))
    .filter(isPatient)
    .map((reference) => reference.slice('Patient/'.length));
  if (owners.length > 0) return at(owners, lacksStatus(json));
  if (JSON.stringify(json).includes('Patient/') || json.resourceType === 'List') return at([]);
  if (referredTypes.includes(json.resourceType)) return at(['~']);
  return at(referenceTypes.includes(json.resourceType) ? [''] : []);
}

function classesOf(json: Json): string[] {
  const security =
    (json['meta'] as { security?: { system: string; code: string }[] } | undefined)?.security ?? [];
  const of = (label: string) =>
    sensitiveClasses.filter(({ labels }) => labels.includes(label)).map(({ code }) => code);
  const labels = security.map(({ system, code }) => `${system}|${code}`);
  const specific = labels.filter((label) => !label.endsWith('|R')).flatMap(of);
  return specific.length > 0 ? specific : labels.flatMap(of);
}

/** None of those in the world was entered in error or has abated. */
function lacksStatus(json: Json): boolean {
  switch (json.resourceType) {
    case 'AllergyIntolerance':
      return json['clinicalStatus'] === undefined;
    case 'Condition':
      return (
        json['clinicalStatus'] === undefined &&
        tokensOf(json, 'category').some((code) => code.endsWith('|problem-list-item'))
      );
    case 'Goal':
      return json['lifecycleStatus'] === undefined;
    case 'DocumentReference':
    case 'Immunization':
      return json['status'] === undefined;
    default:
      return false;
  }
}

export class MaySee {
  readonly #world: ReadonlyMap<string, Held>;
  readonly #places: ReadonlyMap<string, Place>;

  constructor(world: readonly Held[]) {
    this.#world = new Map(world.map((held) => [`${held.type}/${held.id}`, held]));
    const places = new Map<string, Place>();
    for (const held of world)
      if (held.type !== 'Provenance') places.set(`${held.type}/${held.id}`, placeOf(lastLiving(held)));
    for (const held of world)
      if (held.type === 'Provenance')
        places.set(`${held.type}/${held.id}`, provenancePlace(lastLiving(held), places));
    this.#places = places;
  }

  all(): Iterable<Held> {
    return this.#world.values();
  }

  find(reference: string): Held | undefined {
    return this.#world.get(reference);
  }

  sees(grant: Grant, allowed: Allowed, held: Held, interaction: Interaction): boolean {
    const { withheld } = this.#places.get(`${held.type}/${held.id}`)!;
    return !withheld && this.seesWithStatus(grant, allowed, held, interaction);
  }

  /** Or would see, were its status not missing. */
  seesWithStatus(grant: Grant, allowed: Allowed, held: Held, interaction: Interaction): boolean {
    const { owners, classes } = this.#places.get(`${held.type}/${held.id}`)!;
    const alternatives = allowed.get(held.type)?.[interaction] ?? [];
    if (alternatives.length === 0) return false;
    if (![...classes].every((one) => grant.sensitive.includes(one))) return false;
    const isTheirs =
      (memberTypes.includes(held.type) && grant.patients.some((patient) => owners.has(patient))) ||
      (referenceTypes.includes(held.type) && owners.has('')) ||
      (owners.has('~') && this.#isReferredTo(grant, allowed, held, interaction));
    if (!isTheirs) return false;
    const now = held.versions.at(-1);
    if (now === undefined) return isWhole(alternatives);
    return (
      isWhole(alternatives) || alternatives.some((filters) => filters.every((filter) => fits(now, filter)))
    );
  }

  isWithheld(held: Held): boolean {
    return this.#places.get(`${held.type}/${held.id}`)!.withheld;
  }

  #isReferredTo(grant: Grant, allowed: Allowed, { type, id }: Held, interaction: Interaction): boolean {
    for (const other of this.#world.values()) {
      const alternatives = allowed.get(other.type)?.[interaction] ?? [];
      const now = other.versions.at(-1);
      if (now === undefined || !memberTypes.includes(other.type) || !isWhole(alternatives)) continue;
      if (!JSON.stringify(now).includes(`"${type}/${id}"`)) continue;
      const { owners, classes, withheld } = this.#places.get(`${other.type}/${other.id}`)!;
      if (withheld || ![...classes].every((one) => grant.sensitive.includes(one))) continue;
      if (grant.patients.some((patient) => owners.has(patient))) return true;
    }
    return false;
  }

  /** Numbers of the versions that whoever sees the resource is shown, the newest first: back to where others saw it. */
  versions(held: Held): number[] {
    const shown: number[] = [];
    let known: string | undefined;
    for (let at = held.versions.length - 1; at >= 0; at--) {
      const json = held.versions[at];
      if (json !== undefined) {
        const { owners, classes, withheld } = placeOf(json);
        const parts = [tokensOf(json, 'category'), tokensOf(json, 'use')];
        const key = JSON.stringify([[...owners].sort(), [...classes].sort(), withheld, parts]);
        known ??= key;
        if (key !== known) break;
      }
      shown.push(at + 1);
    }
    return shown;
  }
}

function fits(json: Json, { param, codes, exclude }: Filter): boolean {
  return tokensOf(json, param).some((code) => codes.includes(code)) !== (exclude === true);
}

function lastLiving({ versions }: Held): Json {
  return versions.findLast((version) => version !== undefined)!;
}

/** Theirs who have all of the targets; kept for what any of them is kept for, withheld where all of them are. */
function provenancePlace(json: Json, places: ReadonlyMap<string, Place>): Place {
  const targets = referencesOf(json, 'target').map((target): Place => {
    const missing = isPatient(target) ? [target.slice('Patient/'.length)] : [];
    return places.get(target) ?? { owners: new Set(missing), classes: new Set(), withheld: false };
  });
  const [first, ...others] = targets;
  const owners = [...(first?.owners ?? [])].filter((owner) =>
    others.every((target) => target.owners.has(owner)),
  );
  const classes = new Set([...classesOf(json), ...targets.flatMap((target) => [...target.classes])]);
  return { owners: new Set(owners), classes, withheld: targets.every(({ withheld }) => withheld) };
}
