// A digest of the rules that the resources of each type are indexed by. It stands in the database beside the rows, so that
// rules that change reach what was indexed by older ones.
import { hash } from 'node:crypto';
import { memberTypes, referenceTypes, referredTypes } from '../../smart/data-classes.ts';
import { sensitiveClasses } from '../../smart/sensitive-classes.ts';
import type { Definitions } from '../definitions/definitions.ts';

/** Counts up when the code makes other index rows, or other compartments, of the same definitions. */
export const indexFormat = 2;

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
      const facts = JSON.stringify([format, params, compartment, labels]);
      return [type, hash('sha256', facts, 'base64url')];
    }),
  );
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
