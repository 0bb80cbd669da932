// A digest of the rules that the resources of each type are indexed by. It stands in the database beside the rows, so that
// rules that change reach what was indexed by older ones.
import { hash } from 'node:crypto';
import { memberTypes, referenceTypes, referredTypes } from '../../smart/data-classes.ts';
import { sensitiveClasses } from '../../smart/sensitive-classes.ts';
import type { Definitions } from '../definitions/definitions.ts';

/** Counts up when the code makes other index rows of the same definitions. */
export const indexFormat = 2;

/** Counts up when the code makes other compartments of the same definitions. */
const placementFormat = 1;

/**
 * Of each type: a digest of what places its resources, a dot, and one of what they are found by. While it is indexed anew
 * the first alone stands in the database, or nothing if that changes as well.
 */
export type IndexRules = ReadonlyMap<string, string>;

export function indexRules(definitions: Definitions, format: number = indexFormat): IndexRules {
  const labels = sensitiveClasses.map((one) => [one.code, one.labels]);
  const compartments = [...definitions.servedTypes].sort().map((type) => compartmentFacts(definitions, type));
  return new Map(
    [...definitions.servedTypes].sort().map((type) => {
      const params = definitions
        .searchParams(type)
        .map(({ code, type: kind, expression, components }) => [code, kind, expression, components])
        .sort();
      // Provenance belongs where its targets do.
      const compartment = type === 'Provenance' ? compartments : compartmentFacts(definitions, type);
      return [type, `${digestOf([placementFormat, compartment, labels])}.${digestOf([format, params])}`];
    }),
  );
}

/** The part of a digest that says how resources are placed, with its dot; '' of none, and of what versions before wrote. */
export function placementOf(digest: string): string {
  return digest.slice(0, digest.indexOf('.') + 1);
}

function digestOf(facts: unknown): string {
  return hash('sha256', JSON.stringify(facts), 'base64url');
}

function compartmentFacts(definitions: Definitions, type: string): unknown {
  const codes = definitions.patientCompartment[type] ?? [];
  const status = definitions.statusElements[type];
  return [
    type,
    codes.map((code) => [code, definitions.searchParam(type, code)?.expression ?? '']),
    [memberTypes, referenceTypes, referredTypes].map((types) => types.includes(type)),
    // Said of these only, so that the others are not indexed anew.
    ...(status === undefined ? [] : [status]),
  ];
}
