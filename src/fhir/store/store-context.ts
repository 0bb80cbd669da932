// What writing needs to know, made once at start.
import type { DialectName } from '../../db/database.ts';
import type { FhirResource } from '../fhir-resource.ts';
import type { IndexedRow } from '../search/index-resource.ts';
import type { Compartment } from './compartment.ts';
import type { ScopeRegistry } from './scope-registry.ts';

export interface StoreContext {
  readonly dialect: DialectName;
  readonly scopes: ScopeRegistry;
  /** Index rows of a resource, a fresh array. */
  readonly index: (resource: FhirResource) => IndexedRow[];
  readonly compartmentOf: (resource: FhirResource, rows: readonly IndexedRow[]) => Compartment;
  /** Position of a resource type in the list of R4's. */
  readonly typeNumber: (type: string) => number;
  /** Search parameters that OAuth scopes narrow by. */
  readonly narrowingParams: ReadonlySet<string>;
  /** Types some of whose resources may be indexed by other rules than these. */
  readonly outdated: ReadonlySet<string>;
  /** Scopes met in this transaction, to be remembered once it is committed. */
  readonly newScopes: [line: string, scopes: ReadonlyMap<string, number>][];
}
