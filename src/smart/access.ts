// What one request may see. Made by whoever authenticates, consumed only by the query compiler.
// Pure data: holding an Access gives nothing by itself.
import type { Permissions } from './scopes.ts';
import { sensitiveClasses } from './sensitive-classes.ts';

/** A token's grant as the authorization server vouches for it at this instant. */
export interface TokenGrant {
  readonly line: string;
  readonly clientId: string;
  readonly grantId: string;
  /** Patient ids this grant is for; the first is the `patient` of the token answer. */
  readonly patients: readonly string[];
  /** Granted scopes, space-separated. */
  readonly scope: string;
  /** Relative reference of the person who signed in, e.g. `Patient/123`, when the connection may tell. */
  readonly fhirUser: string | undefined;
  /** Codes of the sensitive classes that the person ticked (sensitive-classes). */
  readonly sensitive: readonly string[];
}

/** Answers the grant of a live access token of this line, or undefined for any other string. */
export type VerifyToken = (line: string, token: string) => Promise<TokenGrant | undefined>;

export interface MemberAccess {
  readonly kind: 'member';
  readonly line: string;
  readonly clientId: string;
  /** The tie of page cursors: a cursor made for one grant is no use to another. */
  readonly grantId: string;
  readonly patients: readonly string[];
  /** Codes of the sensitive classes that may be seen beside what is not sensitive. */
  readonly sensitive: readonly string[];
  /** The person who signed in, whom the app may read and nothing more. */
  readonly fhirUser: string | undefined;
  readonly permissions: Permissions;
}

/** https://hl7.org/fhir/R4/datatypes.html#id */
export const idPattern = /^[A-Za-z0-9\-.]{1,64}$/;

const sensitiveCodes: ReadonlySet<string> = new Set(sensitiveClasses.map(({ code }) => code));

/** A refresh may have narrowed the scopes of a token since its connection was made. */
export function memberAccess(grant: TokenGrant, permissions: Permissions): MemberAccess {
  const { line, clientId, grantId, fhirUser, scope } = grant;
  // Names of scopes that are no member's own are no ids.
  const patients = grant.patients.filter((id) => idPattern.test(id));
  const sensitive = grant.sensitive.filter((code) => sensitiveCodes.has(code));
  const told = fhirUser !== undefined && scope.split(' ').includes('fhirUser') ? fhirUser : undefined;
  return { kind: 'member', line, clientId, grantId, patients, sensitive, fhirUser: told, permissions };
}

/**
 * Of an access that may read the person who signed in, the one that sees them and nothing else: a Patient in their own
 * record, anyone else in the records that the access is for. Undefined for every other resource.
 */
export function accessToUser(access: Access, type: string, id: string): MemberAccess | undefined {
  if (access.kind !== 'member' || access.fhirUser !== `${type}/${id}`) return undefined;
  const permissions = readOnly.get(type);
  if (permissions === undefined) return undefined;
  return { ...access, patients: type === 'Patient' ? [id] : access.patients, permissions };
}

/** Types that SMART lets a `fhirUser` be. Made once: compiled queries are kept by permissions. */
const readOnly: ReadonlyMap<string, Permissions> = new Map(
  ['Patient', 'RelatedPerson', 'Practitioner'].map((type) => [
    type,
    new Map([[type, { read: [[]], search: [] }]]),
  ]),
);

/** Whoever asks without a token: the provider directory and the formulary of one line, and nothing of any member. */
export interface PublicAccess {
  readonly kind: 'public';
  readonly line: string;
  readonly grantId: 'public';
  readonly patients: readonly [];
  readonly permissions: Permissions;
}

/** What a request over HTTP can come with. */
export type RequestAccess = MemberAccess | PublicAccess;

/** The operator's own commands: everything of one line. Never made from a token. */
export interface OperatorAccess {
  readonly kind: 'operator';
  readonly line: string;
}

export type Access = RequestAccess | OperatorAccess;
