// The digest under which tokens, codes and session ids are stored: they carry enough randomness of their own
// (RFC 6749 section 10.10) for a plain SHA-256. Must never be used for anything a person chose.
import { hash } from 'node:crypto';

export function tokenDigest(value: string): string {
  return hash('sha256', value, 'base64url');
}
