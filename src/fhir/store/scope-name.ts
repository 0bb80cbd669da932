// What the scopes of a line are called: a member's id, or what is nobody's, and beside each of them one for whatever is kept
// from those who see the rest. No id of FHIR has a `~` (https://hl7.org/fhir/R4/datatypes.html#id), so it is nobody's own.

export const referenceScope = '';
export const referredScope = '~';

/** A reason for which nobody is shown a resource of a record; the other reasons are codes of sensitive classes. */
export const withheld = 'withheld';

export interface ScopeName {
  readonly owner: string;
  /** Why it is kept: seen by those who may see all of it. */
  readonly kept: readonly string[];
}

export function scopeName({ owner, kept }: ScopeName): string {
  return kept.length === 0 ? owner : `${owner}~${[...new Set(kept)].sort().join('+')}`;
}

export function readScopeName(name: string): ScopeName {
  const at = name.lastIndexOf('~');
  if (at < 0 || name === referredScope) return { owner: name, kept: [] };
  return { owner: name.slice(0, at), kept: name.slice(at + 1).split('+') };
}
