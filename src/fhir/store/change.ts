// One resource of a batch on its way into the tables.
import type { FhirResource } from '../fhir-resource.ts';
import type { IndexedRow } from '../search/index-resource.ts';
import type { ResourceTable } from './schema.ts';

export type Stored = Pick<
  ResourceTable,
  'key' | 'type' | 'id' | 'version' | 'deleted' | 'scopes' | 'digest' | 'access_digest' | 'content'
>;

export interface Change {
  readonly type: string;
  readonly id: string;
  readonly resource: FhirResource | undefined;
  readonly digest: string;
  readonly stored: Stored | undefined;
  readonly rows: readonly IndexedRow[];
  key: number;
  version: number;
  scopes: number[];
  /** The scope whose other resources it shall lie with; undefined for what belongs to nobody. */
  home: number | undefined;
  waitsFor: readonly { readonly type: string; readonly id: string }[];
}

export function parseScopes(row: { readonly scopes: string }): number[] {
  return JSON.parse(row.scopes) as number[];
}
