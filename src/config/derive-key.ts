// Keys for one purpose each, from the installation's secret (HKDF, RFC 5869), so that no key serves two ends.
import { hkdfSync } from 'node:crypto';

/** 32 bytes for `purpose`, the same in every process of the installation. */
export function deriveKey(secretKey: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secretKey, 'portico', purpose, 32));
}
