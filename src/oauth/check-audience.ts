// `aud` of an authorization request: the FHIR base the app means to use its token at, so that a token can not be
// collected for another server. https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#obtain-authorization-code
import { errors } from 'oidc-provider';
import type { Line } from '../config/config.ts';

const smartScope = /^(patient\/|user\/|launch($|\/))/;

/** Required for SMART scopes; the seed's own `patientapi.*` requests have none. @throws InvalidRequest */
export function checkAudience(line: Line, aud: string | undefined, scopes: readonly string[]): void {
  if (aud === undefined || aud === '') {
    if (scopes.some((scope) => smartScope.test(scope))) {
      throw new errors.InvalidRequest(`aud is required with SMART scopes and must be ${line.fhirUrl}`);
    }
    return;
  }
  if (aud.replace(/\/$/, '') !== line.fhirUrl) {
    throw new errors.InvalidRequest(
      `aud must be ${line.fhirUrl}, the FHIR base of this authorization server`,
    );
  }
}
