// What tells in the sandbox that a record is sensitive: the diagnoses that come with Portico, and what a plan would list of its
// own: here the drugs and tests by which the conditions of the personas are known.
import type { SensitiveCodes } from '../../config/config.ts';
import { sensitiveClassesOf } from '../../smart/sensitive-classes.ts';
import { usualSensitiveCodes } from '../../smart/sensitive-codes.ts';
import type { Coding } from './building.ts';
import { conditionTable, labTests } from './condition-table.ts';

const codesOf = (sensitiveClass: string, codings: readonly Coding[]): SensitiveCodes[] =>
  codings.map(({ system, code }) => ({ class: sensitiveClass, system, codes: [code] }));

export const sandboxSensitiveCodes: readonly SensitiveCodes[] = [
  ...usualSensitiveCodes,
  ...Object.values(conditionTable).flatMap(({ snomed, drug, label }) => {
    if (label === undefined) return [];
    const ndc = drug === undefined ? [] : [{ system: 'http://hl7.org/fhir/sid/ndc', code: drug.ndc }];
    const codings = [snomed, ...(drug === undefined ? [] : [drug.rxnorm]), ...ndc] as Coding[];
    return sensitiveClassesOf({ meta: { security: [label] } }).flatMap((one) => codesOf(one, codings));
  }),
  ...codesOf('hiv', [labTests.viralLoad.code]),
];
