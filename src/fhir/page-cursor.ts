// The opaque part of a `next` link: which search, and after which row. Encrypted and bound to the grant, the line and
// the address it was made for, so it tells nothing and is no use to another token (AES-256-GCM, RFC 5116).
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { FhirError } from './operation-outcome.ts';

export interface Cursor {
  /** The search as a query string, without the cursor itself. */
  readonly query: string;
  /** Key (search) or version (history) of the last row given out. */
  readonly after: number;
}

const nonceBytes = 12;

export class CursorBox {
  // As a KeyObject: made from bytes anew, the key costs more than the encryption.
  readonly #key: KeyObject;
  /** Random bytes, drawn for many at a time; none is used twice. */
  #nonces = Buffer.alloc(0);
  #nonceAt = 0;

  /** @param key 32 bytes */
  constructor(key: Buffer) {
    this.#key = createSecretKey(key);
    this.#renewNonces();
  }

  #renewNonces(): void {
    this.#nonces = randomBytes(128 * nonceBytes);
    this.#nonceAt = 0;
  }

  seal(cursor: Cursor, boundTo: string): string {
    const nonce = this.#nonces.subarray(this.#nonceAt, this.#nonceAt + nonceBytes);
    this.#nonceAt += nonceBytes;
    if (this.#nonceAt === this.#nonces.length) this.#renewNonces();
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce);
    cipher.setAAD(Buffer.from(boundTo));
    const sealed = Buffer.concat([cipher.update(`${cursor.after} ${cursor.query}`, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  /** @throws {FhirError} invalid-cursor for anything that `seal` did not make for the same binding. */
  open(text: string, boundTo: string): Cursor {
    const bytes = Buffer.from(text, 'base64url');
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, nonceBytes), {
        authTagLength: 16,
      });
      decipher.setAAD(Buffer.from(boundTo));
      decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + 16));
      const plain = Buffer.concat([
        decipher.update(bytes.subarray(nonceBytes + 16)),
        decipher.final(),
      ]).toString('utf8');
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
