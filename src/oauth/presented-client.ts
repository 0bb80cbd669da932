// Whom a request to the token, introspection or revocation endpoint comes from by its own word, before anything is checked:
// https://www.rfc-editor.org/rfc/rfc6749#section-2.3. To count by, never to trust.
import type { IncomingHttpHeaders } from 'node:http';

/** '' when it names nobody. */
export function presentedClient(headers: IncomingHttpHeaders, form: URLSearchParams): string {
  const basic = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(headers.authorization ?? '')?.[1];
  if (basic !== undefined) return Buffer.from(basic, 'base64').toString().split(':')[0] ?? '';
  return form.get('client_id') ?? subjectOf(form.get('client_assertion') ?? '');
}

/** RFC 7523 section 3: `sub` is the client. */
function subjectOf(assertion: string): string {
  try {
    const claims: unknown = JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString());
    const { sub } = claims as { readonly sub?: unknown };
    return typeof sub === 'string' ? sub : '';
  } catch {
    return '';
  }
}
