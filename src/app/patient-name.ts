// What people, never apps, are shown of a Patient: whether the line has one of this id, and the name to choose by.
import { compileRead } from '../fhir/store/compile-read.ts';
import type { ResourceStore } from '../fhir/store/resource-store.ts';

/** Undefined when there is no such Patient; '' when it has no name. */
export async function patientName(
  store: ResourceStore,
  line: string,
  patient: string,
): Promise<string | undefined> {
  const row = await store.one(
    await compileRead(store.search, 'Patient', patient, { kind: 'operator', line }),
  );
  if (row === undefined || row.deleted !== 0) return undefined;
  const { name } = JSON.parse(row.content) as {
    name?: { given?: string[]; family?: string; text?: string }[];
  };
  const first = name?.[0];
  return (
    first?.text ?? [...(first?.given ?? []), first?.family].filter((part) => part !== undefined).join(' ')
  );
}
