// What one request may see. Made by whoever authenticates, consumed only by the query compiler.
// Pure data: holding an Access gives nothing by itself.
import type { Permissions } from './scopes.ts';

/** A token's grant as the authorization server vouches for it at this instant. */
export interface TokenGrant {
  readonly line: string;
  readonly clientId: string;
  readonly grantId: string;
  /** Patient ids this grant is for; the first is the `patient` of the token answer. */
  readonly patients: readonly string[];
  /** Granted scopes, space-separated. */
  readonly scope: string;
  /** Relative reference of the person who signed in, e.g. `Patient/123`, when they may be read. */
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
