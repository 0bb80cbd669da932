// Whom the plan's identity provider says has signed in: which claim names the member is the plan's to configure.
// Must never look at an e-mail address or a name to find a member: anyone can have those written down.
import type { IdentityProviderConfig } from '../../config/config.ts';
import { type Claims, IdentityProviderFailed } from './identity-provider.ts';

export interface Identity {
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  /** As the claim has it: a Patient id, or the value of an identifier. */
  readonly member: string | undefined;
  /** Members that the person acts for, likewise. */
  readonly actsFor: readonly string[];
  /** How the person proved who they are (RFC 8176), when the provider says so. */
  readonly amr: readonly string[];
  readonly acr: string | undefined;
  /** Epoch seconds. */
  readonly authTime: number | undefined;
}

const longest = 200;

/** @throws {IdentityProviderFailed} when a claim has another form than it can have */
export function memberOfClaims(settings: IdentityProviderConfig, claims: Claims): Identity {
  const { memberClaim, actsForClaim, nameClaim } = settings;
  const name = claims[nameClaim];
  return {
    issuer: settings.issuer,
    subject: claims.sub,
    name: typeof name === 'string' && name.trim() !== '' ? name.trim().slice(0, longest) : 'Member',
    member: claims[memberClaim] === undefined ? undefined : idOf(memberClaim, claims[memberClaim]),
    actsFor: actsForClaim === undefined ? [] : idsOf(actsForClaim, claims[actsForClaim]),
    amr: Array.isArray(claims['amr']) ? claims['amr'].filter((one) => typeof one === 'string') : [],
    acr: typeof claims['acr'] === 'string' ? claims['acr'].slice(0, longest) : undefined,
    authTime: typeof claims['auth_time'] === 'number' ? Math.floor(claims['auth_time']) : undefined,
  };
}

function idsOf(claim: string, value: unknown): string[] {
  if (value === undefined || value === null) return [];
  return (Array.isArray(value) ? value : [value]).map((one) => idOf(claim, one));
}

function idOf(claim: string, value: unknown): string {
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== 'string' || text === '' || text.length > longest || /[\s\p{Cc}]/u.test(text))
    throw new IdentityProviderFailed(`the claim ${claim} is not the id of a member`);
  return text;
}
