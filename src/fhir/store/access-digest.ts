// A digest of what decides who sees a resource.
import { hash } from 'node:crypto';
import type { Change } from './change.ts';
import type { StoreContext } from './store-context.ts';

/** Of the scopes and of what scopes of OAuth narrow by: an older version of another value may be another's. */
export function accessDigest(context: StoreContext, change: Change): string {
  if (change.resource === undefined) return change.stored?.access_digest ?? '';
  const narrowing = narrowingRows(context, change.rows);
  return hash('sha256', JSON.stringify([[...change.scopes].sort(), narrowing]), 'base64url');
}

/** What scopes of OAuth narrow by. */
export function narrowingRows(context: StoreContext, rows: Change['rows']): string[] {
  return rows
    .filter(({ param }) => context.narrowingParams.has(param))
    .map(({ param, row }) => JSON.stringify([param, row]))
    .sort();
}
