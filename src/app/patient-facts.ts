// What of a line's records the sign-in and consent pages ask for: a name to choose by, an age to come of, and whether a
// resource is there at all.
import { compileRead } from '../fhir/store/compile-read.ts';
import type { ResourceStore } from '../fhir/store/resource-store.ts';

interface Patient {
  readonly name?: readonly {
    readonly given?: readonly string[];
    readonly family?: string;
    readonly text?: string;
  }[];
  readonly birthDate?: string;
}

/** Undefined when there is no such Patient; '' when it has no name. */
export async function patientName(
  store: ResourceStore,
  line: string,
  patient: string,
): Promise<string | undefined> {
  const found = await patientOf(store, line, patient);
  if (found === undefined) return undefined;
  const first = found.name?.[0];
  return (
    first?.text ?? [...(first?.given ?? []), first?.family].filter((part) => part !== undefined).join(' ')
  );
}

/** As FHIR writes dates; undefined when it is not known. */
export async function patientBirthDate(
  store: ResourceStore,
  line: string,
  patient: string,
): Promise<string | undefined> {
  return (await patientOf(store, line, patient))?.birthDate;
}

/** By its relative reference. */
export async function holdsResource(store: ResourceStore, line: string, reference: string): Promise<boolean> {
  const [type = '', id = ''] = reference.split('/');
  return (await contentOf(store, line, type, id)) !== undefined;
}

async function patientOf(store: ResourceStore, line: string, id: string): Promise<Patient | undefined> {
  const content = await contentOf(store, line, 'Patient', id);
  return content === undefined ? undefined : (JSON.parse(content) as Patient);
}

async function contentOf(
  store: ResourceStore,
  line: string,
  type: string,
  id: string,
): Promise<string | undefined> {
  const row = await store.one(await compileRead(store.search, type, id, { kind: 'operator', line }));
  return row === undefined || row.deleted !== 0 ? undefined : row.content;
}
