// The token that a form must bring back, so that no other site can send it for a person: HMAC of what the form is bound to.
// https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
import { createHmac, timingSafeEqual } from 'node:crypto';

export function formToken(key: Buffer, boundTo: string): string {
  return createHmac('sha256', key).update(boundTo).digest('base64url');
}

/** In constant time. */
export function isFormToken(expected: string, given: string | null): boolean {
  const [left, right] = [Buffer.from(expected), Buffer.from(given ?? '')];
  return left.length === right.length && timingSafeEqual(left, right);
}
