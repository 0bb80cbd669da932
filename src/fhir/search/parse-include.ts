// `_include` and `_revinclude`: which further resources come with the matches
// (https://hl7.org/fhir/R4/search.html#revinclude).
import type { Definitions, SearchParam } from '../definitions/definitions.ts';
import { FhirError } from '../operation-outcome.ts';
import { clip, referenceParam } from './parse-ask.ts';

export interface Include {
  /** Follows references to the matches instead of from them. */
  readonly reverse: boolean;
  /** Also from and to what was included. */
  readonly iterate: boolean;
  /** The type that refers. */
  readonly source: string;
  readonly params: readonly SearchParam[];
  /** Only what is of this type. */
  readonly target: string | undefined;
}

/** Undefined for any other parameter. @throws {FhirError} naming the parameter */
export function parseInclude(
  definitions: Definitions,
  type: string,
  name: string,
  value: string,
): Include | undefined {
  const match = /^_(rev)?include(?::(.*))?$/.exec(name);
  if (match === null) return undefined;
  const [, rev, modifier] = match;
  if (modifier !== undefined && modifier !== 'iterate')
    throw new FhirError('unknown-parameter', `${clip(name)}: the only modifier is :iterate.`);
  const [reverse, iterate] = [rev !== undefined, modifier === 'iterate'];
  const [source = '', code, target, ...more] = value.split(':');
  if (code === undefined || code === '' || more.length > 0) {
    throw new FhirError(
      'invalid-parameter',
      `${name}: '${clip(value)}' is not of the form Type:reference or Type:reference:Target.`,
    );
  }
  if (!reverse && !iterate && source !== type) {
    throw new FhirError(
      'invalid-parameter',
      `${name}: '${clip(value)}' follows references of ${clip(source)}, but the search is for ${type}; :iterate follows those of what was included.`,
    );
  }
  if (target !== undefined && !definitions.servedTypes.has(target))
    throw new FhirError('invalid-parameter', `${name}: '${clip(target)}' is not served here.`);
  const named =
    code === '*'
      ? referenceParams(definitions, source, value)
      : [referenceParam(definitions, source, code, value)];
  const params = named.filter((param) => !reverse || iterate || param.targets.includes(type));
  if (params.length === 0)
    throw new FhirError('invalid-parameter', `${name}: '${clip(value)}' never refers to ${type}.`);
  return { reverse, iterate, source, params, target };
}

/** All of a type, for `Type:*`. @throws {FhirError} */
function referenceParams(definitions: Definitions, type: string, value: string): readonly SearchParam[] {
  const params = definitions.searchParams(type).filter((param) => param.type === 'reference');
  if (params.length === 0)
    throw new FhirError(
      'invalid-parameter',
      `'${clip(value)}': ${clip(type)} has no reference to follow here.`,
    );
  return params;
}
