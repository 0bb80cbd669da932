// Keeps a small thing with a browser that can neither read nor change it, for one purpose and a few minutes: an encrypted
// JSON Web Token (RFC 7516 `dir`, A256GCM) for a cookie.
import { createSecretKey } from 'node:crypto';
import { EncryptJWT, errors, jwtDecrypt } from 'jose';
import { type CookieOptions, cookie } from '../http/cookies.ts';

export interface Sealing<Thing> {
  seal(thing: Thing): Promise<string>;
  /** Undefined for whatever was not sealed here, for another purpose, or too long ago. */
  open(text: string | undefined): Promise<Thing | undefined>;
}

export const sealedSeconds = 15 * 60;

/** Gives a browser what was sealed, for as long as it can be opened; '' takes it away. */
export function sealedCookie(
  name: string,
  sealed: string,
  place: Omit<CookieOptions, 'maxAgeSeconds'>,
): string {
  return cookie(name, sealed, { ...place, maxAgeSeconds: sealed === '' ? 0 : sealedSeconds });
}

/** @param key 32 bytes @param purpose what was sealed for another cannot be opened for this */
export function sealing<Thing extends object>(
  key: Buffer,
  purpose: string,
  clock: () => number,
): Sealing<Thing> {
  const secret = createSecretKey(key);
  return {
    seal: (thing) =>
      new EncryptJWT({ thing })
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .setAudience(purpose)
        .setExpirationTime(Math.floor(clock() / 1000) + sealedSeconds)
        .encrypt(secret),
    async open(text) {
      if (text === undefined || text.length > 4096) return undefined;
      try {
        const { payload } = await jwtDecrypt(text, secret, {
          audience: purpose,
          currentDate: new Date(clock()),
          keyManagementAlgorithms: ['dir'],
          contentEncryptionAlgorithms: ['A256GCM'],
        });
        return payload['thing'] as Thing;
      } catch (error) {
        if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined;
        throw error;
      }
    },
  };
}
