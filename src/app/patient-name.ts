// The name of a Patient, for the person who acts for them to choose by. Never for an app.
import { compileRead } from '../fhir/store/compile-read.ts';
import type { ResourceStore } from '../fhir/store/resource-store.ts';

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
  const full = [...(first?.given ?? []), first?.family].filter((part) => part !== undefined).join(' ');
  return first?.text ?? (full === '' ? undefined : full);
}
