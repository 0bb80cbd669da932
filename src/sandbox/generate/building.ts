// The small pieces that generated resources are made of, in the words of FHIR's data types.

export interface Resource {
  readonly resourceType: string;
  readonly id: string;
  readonly [element: string]: unknown;
}

export interface Coding {
  readonly system: string;
  readonly code: string;
  readonly display: string;
}

export const coding = (system: string, code: string, display: string): Coding => ({ system, code, display });

export const concept = (...codings: readonly Coding[]) => ({ coding: codings, text: codings[0]?.display });

export const reference = (type: string, id: string, display?: string) => ({
  reference: `${type}/${id}`,
  ...(display === undefined ? {} : { display }),
});

/** In place of a value that the plan does not know. */
export const unknown = {
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
};

/** ISO day `days` after another; negative for before. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** Whole years from one ISO day to another. */
export function yearsBetween(from: string, to: string): number {
  const years = Number(to.slice(0, 4)) - Number(from.slice(0, 4));
  return to.slice(5) < from.slice(5) ? years - 1 : years;
}

/** An instant of an ISO day, at a whole hour of the plan's time zone. */
export const instant = (day: string, hour = 9): string =>
  `${day}T${String(hour).padStart(2, '0')}:00:00-08:00`;
