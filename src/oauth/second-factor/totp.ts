// Codes of an authenticator app that change every 30 seconds: https://www.rfc-editor.org/rfc/rfc6238, by otpauth.
import { Secret, TOTP } from 'otpauth';

const secondsOfStep = 30;

/** Base32, as apps take it by hand. 160 bits (RFC 4226 section 4). */
export function newTotpSecret(): string {
  return new Secret({ size: 20 }).base32;
}

/** What an app reads from a picture: `otpauth://totp/…`. */
export function totpUri(
  secret: string,
  { issuer, label }: { readonly issuer: string; readonly label: string },
): string {
  return totp(secret, issuer, label).toString();
}

/** The number of the step that the code is of: this one, or one beside it for clocks that differ. Undefined when it is of none. */
export function totpStep(secret: string, code: string, now: number): number | undefined {
  const token = code.replaceAll(/\s/g, '');
  if (!/^\d{6}$/.test(token)) return undefined;
  const delta = totp(secret).validate({ token, timestamp: now, window: 1 });
  return delta === null ? undefined : Math.floor(now / 1000 / secondsOfStep) + delta;
}

function totp(secret: string, issuer = '', label = ''): TOTP {
  // SHA-1 and six digits are what every app understands; HMAC does not rest on what SHA-1 lacks.
  return new TOTP({ issuer, label, secret, algorithm: 'SHA1', digits: 6, period: secondsOfStep });
}
