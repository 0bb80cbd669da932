// What a token answer tells beyond RFC 6749: whom the grant is for, and when the member's consent ends.
// https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#launch-context-arrives-with-your-access_token
// https://datatracker.ietf.org/doc/draft-ietf-oauth-refresh-token-expiration/ (authorization_expires_in)
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Line } from '../config/config.ts';
import { type ConnectionCheck, checkConnection } from './check-connection.ts';

/** Kept with the access token, for the answer and for introspection. @throws InvalidGrant */
export async function tokenClaims(
  line: Line,
  grantId: string | undefined,
  check: Omit<ConnectionCheck, 'line'>,
): Promise<Record<string, string | number | undefined> | undefined> {
  if (grantId === undefined) return undefined;
  const connection = await checkConnection(grantId, { ...check, line: line.id });
  return {
    patient: connection.patients[0],
    authorization_exp: Math.floor(connection.expiresAt / 1000),
    ...(connection.fhirUser === undefined ? {} : { fhirUser: `${line.fhirUrl}/${connection.fhirUser}` }),
  };
}

/** Beside what the library answers. `now`: epoch milliseconds. */
export function tokenAnswer(ctx: KoaContextWithOIDC, now: number): Record<string, unknown> {
  const { patient, authorization_exp: end } = ctx.oidc.entities.AccessToken?.extra ?? {};
  return {
    ...(patient === undefined ? {} : { patient }),
    // Without a refresh token `expires_in` says it already.
    ...(typeof end === 'number' && 'refresh_token' in (ctx.body as object)
      ? { authorization_expires_in: Math.max(0, end - Math.floor(now / 1000)) }
      : {}),
  };
}
