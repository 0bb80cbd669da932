// `_sort`: by which parameters the matches are ordered (https://hl7.org/fhir/R4/search.html#sort).
import type { Definitions, SearchParam } from '../definitions/definitions.ts';
import { FhirError } from '../operation-outcome.ts';
import { clip } from './parse-ask.ts';

export interface SortKey {
  /** A parameter of the type, or what every resource row has. */
  readonly by: SearchParam | '_id' | '_lastUpdated';
  readonly descending: boolean;
}

const sortable: readonly string[] = ['date', 'string', 'token', 'quantity', 'number', 'uri'];
const keysAtMost = 3;

/** @throws {FhirError} */
export function parseSort(definitions: Definitions, type: string, value: string): SortKey[] {
  const names = value.split(',');
  if (names.length > keysAtMost)
    throw new FhirError('invalid-parameter', `_sort: more than ${keysAtMost} parameters.`);
  return names.map((name) => {
    const descending = name.startsWith('-');
    const code = descending ? name.slice(1) : name;
    if (code === '_id' || code === '_lastUpdated') return { by: code, descending };
    const param = definitions.searchParam(type, code);
    if (param === undefined || !sortable.includes(param.type)) {
      const why =
        param === undefined
          ? `is no search parameter of ${type} here`
          : `is a ${param.type}, which has no order`;
      throw new FhirError('invalid-parameter', `_sort: '${clip(code)}' ${why}.`);
    }
    return { by: param, descending };
  });
}
