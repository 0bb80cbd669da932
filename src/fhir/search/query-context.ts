// What compiling a query needs to know, and the texts compiled before.
import type { RawBuilder } from 'kysely';
import type { DialectName } from '../../db/database.ts';
import type { Access } from '../../smart/access.ts';
import type { Permissions } from '../../smart/scopes.ts';
import type { Terminology } from '../definitions/terminology.ts';
import { FhirError } from '../operation-outcome.ts';
import type { VisibleContext } from '../store/visible.ts';
import type { QueryShape, ScopedQuery } from './query-shape.ts';

export interface QueryContext extends VisibleContext {
  readonly dialect: DialectName;
  readonly terminology: Terminology;
  readonly now: () => number;
  /** FHIR bases that are this line's own, for absolute references. */
  readonly ownBases: (line: string) => readonly string[];
  /**
   * The query of a shape with its values in place. `build` is called for a shape that these permissions have not met;
   * whatever it depends on beside permissions must be in the shape.
   */
  compiled(access: Access, shape: QueryShape, build: () => RawBuilder<unknown>): ScopedQuery;
  /** The one row of a query that only counts, to choose how another goes. */
  counts(query: ScopedQuery): Promise<number[]>;
}

const shapesKept = 2000;
/** What is longer is rare, and compiled each time. */
const charactersKept = 32_768;
/** SQLite has 32,766, PostgreSQL 65,535; a value counts as often as it stands in the text. */
const parametersAtMost = 32_000;

/**
 * @param compile the text and the parameters of a query, for the database at hand
 * The answer throws a {FhirError} too-costly for a query that the database cannot take.
 */
export function createCompiled(
  compile: (query: RawBuilder<unknown>) => ScopedQuery,
): QueryContext['compiled'] {
  const byPermissions = new WeakMap<Permissions, Map<string, ScopedQuery>>();
  return (access, shape, build) => {
    if (access.kind === 'operator') return shape.bind(compile(build()));
    let texts = byPermissions.get(access.permissions);
    if (texts === undefined) {
      texts = new Map();
      byPermissions.set(access.permissions, texts);
    }
    let text = texts.get(shape.key);
    if (text === undefined) {
      if (texts.size >= shapesKept) texts.clear();
      text = compile(build());
      if (text.parameters.length > parametersAtMost)
        throw new FhirError(
          'too-costly',
          `The search comes to more than ${parametersAtMost} values; ask for less.`,
        );
      if (text.sql.length <= charactersKept) texts.set(shape.key, text);
    }
    return shape.bind(text);
  };
}
