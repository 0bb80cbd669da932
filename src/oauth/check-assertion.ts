// What an assertion that a client signed must be beside what the library checks (signature, iss, aud, exp, nbf, a jti that
// was not used): short-lived. https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html
import { errors } from 'oidc-provider';

/** "The expiration time SHALL be no more than five minutes in the future." */
const longestSeconds = 5 * 60;
/** Of two clocks. */
const skewSeconds = 60;

/** @throws InvalidClientAuth; what is told outside is `invalid_client` only. */
export function checkAssertion(claims: Readonly<Record<string, unknown>>, now: number): void {
  const { exp, iat, jti } = claims;
  const refuse = (why: string) => new errors.InvalidClientAuth(`client_assertion: ${why}`);
  if (typeof exp !== 'number') throw refuse('exp must be a number of seconds');
  const seconds = now / 1000;
  if (exp > seconds + longestSeconds + skewSeconds) throw refuse('exp is more than five minutes ahead');
  if (iat !== undefined) {
    if (typeof iat !== 'number') throw refuse('iat must be a number of seconds');
    if (iat > seconds + skewSeconds) throw refuse('iat is in the future');
    if (exp - iat > longestSeconds + skewSeconds) throw refuse('it lives for more than five minutes');
  }
  if (typeof jti !== 'string' || jti.length > 256) throw refuse('jti must be a string of at most 256');
}
