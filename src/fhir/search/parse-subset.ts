// `_summary` and `_elements`: how much of each resource is asked for (https://hl7.org/fhir/R4/search.html#summary, #elements).
import type { Structure } from '../definitions/r4-structure.ts';
import type { Subset } from '../format/subset-resource.ts';
import { FhirError } from '../operation-outcome.ts';
import { clip } from './parse-ask.ts';

const elementsAtMost = 100;

/** Undefined for whole resources. @throws {FhirError} */
export function parseSummary(value: string): Subset | 'count' | undefined {
  switch (value) {
    case 'false':
      return undefined;
    case 'true':
      return { kind: 'summary' };
    case 'text':
    case 'data':
      return { kind: value };
    case 'count':
      return 'count';
    default:
      throw new FhirError(
        'invalid-parameter',
        `_summary: '${clip(value)}' is not one of true, text, data, count, false.`,
      );
  }
}

/** @throws {FhirError} naming an element that the type lacks */
export function parseElements(structure: Structure, type: string, value: string): Subset {
  const names = value.split(',');
  if (names.length > elementsAtMost)
    throw new FhirError('invalid-parameter', `_elements: more than ${elementsAtMost} names.`);
  const known = structure.resources.get(type)!.elements;
  const elements = names.flatMap((name) => {
    const plain = name.replace(/\[x\]$/, '');
    const forms = [...known].filter(([form, rule]) => form === plain || rule.choice === plain);
    if (forms.length === 0)
      throw new FhirError('invalid-parameter', `_elements: '${clip(name)}' is no element of ${type}.`);
    return forms.map(([form]) => form);
  });
  return { kind: 'elements', elements: new Set(elements) };
}

/** Of a read, which has no count. @throws {FhirError} */
export function subsetOf(structure: Structure, type: string, params: URLSearchParams): Subset | undefined {
  const [summary, elements] = [params.get('_summary'), params.get('_elements')];
  const subset = summary === null ? undefined : parseSummary(summary);
  if (subset === 'count')
    throw new FhirError('invalid-parameter', "_summary: 'count' is for a search, not for one resource.");
  return oneSubset(subset, elements === null ? undefined : parseElements(structure, type, elements));
}

/** @throws {FhirError} when both are asked for */
export function oneSubset(summary: Subset | undefined, elements: Subset | undefined): Subset | undefined {
  if (summary !== undefined && elements !== undefined)
    throw new FhirError(
      'invalid-parameter',
      '_elements: it does not go together with _summary; ask for one.',
    );
  return summary ?? elements;
}
