// Texts that SQL keeps and nobody reads there: AES-256-GCM (RFC 5116) under a key of the installation.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** @param context where it stands, without which it cannot be opened */
export function seal(key: Buffer, context: string, text: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
}

/** @throws {Error} when the installation's secret is another than it was sealed with */
export function unseal(key: Buffer, context: string, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 });
  decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(12, 28));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
  } catch (cause) {
    throw new Error(
      'what is sealed in the database cannot be opened: PORTICO_SECRET (or secret.key) is not the one it was made with',
      { cause },
    );
  }
}
