// What a token answer tells beyond RFC 6749: whom the grant is for.
// https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#launch-context-arrives-with-your-access_token
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Line } from '../config/config.ts';
import { type ConnectionCheck, checkConnection } from './check-connection.ts';

/** Kept with the access token, for the answer and for introspection. @throws InvalidGrant */
export async function tokenClaims(
  line: Line,
  grantId: string | undefined,
  check: Omit<ConnectionCheck, 'line'>,
): Promise<Record<string, string | undefined> | undefined> {
  if (grantId === undefined) return undefined;
  const connection = await checkConnection(grantId, { ...check, line: line.id });
  return {
    patient: connection.patients[0],
    ...(connection.fhirUser === undefined ? {} : { fhirUser: `${line.fhirUrl}/${connection.fhirUser}` }),
  };
}

/** Beside what the library answers. */
export function tokenAnswer(ctx: KoaContextWithOIDC): { readonly patient?: unknown } {
  const patient = ctx.oidc.entities.AccessToken?.extra?.patient;
  return patient === undefined ? {} : { patient };
}
