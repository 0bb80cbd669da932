// The opaque part of a `next` link: which search, and after which row. Encrypted and bound to the grant, the line and
// the address it was made for, so it tells nothing and is no use to another token (AES-256-GCM, RFC 5116).
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { FhirError } from './operation-outcome.ts';

export interface Cursor {
  /** The search as a query string, without the cursor itself. */
  readonly query: string;
  /** Key (search) or version (history) of the last row given out. */
  readonly after: number;
}

export class CursorBox {
  readonly #key: Buffer;

  /** @param key 32 bytes */
  constructor(key: Buffer) {
    this.#key = key;
  }

  seal(cursor: Cursor, boundTo: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce);
    cipher.setAAD(Buffer.from(boundTo));
    const sealed = Buffer.concat([cipher.update(`${cursor.after} ${cursor.query}`, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  /** @throws {FhirError} invalid-cursor for anything that `seal` did not make for the same binding. */
  open(text: string, boundTo: string): Cursor {
    const bytes = Buffer.from(text, 'base64url');
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, 12), {
        authTagLength: 16,
      });
      decipher.setAAD(Buffer.from(boundTo));
      decipher.setAuthTag(bytes.subarray(12, 28));
      const plain = Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
      const space = plain.indexOf(' ');
      return { after: Number(plain.slice(0, space)), query: plain.slice(space + 1) };
    } catch {
      throw new FhirError(
        'invalid-cursor',
        '_page: this link was not made for this app and this address, or has been altered.',
      );
    }
  }
}
