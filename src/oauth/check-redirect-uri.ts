// Which redirect URIs an app may register: https://www.rfc-editor.org/rfc/rfc9700#section-2.1, RFC 8252 section 7.
// They are compared as whole strings later, so there are no wildcards, and what a browser would read differently
// from what a person sees is refused here.
import { ClientError } from './client-error.ts';

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);
const scriptSchemes = new Set([
  'javascript:',
  'vbscript:',
  'data:',
  'blob:',
  'file:',
  'about:',
  'filesystem:',
]);

export interface RedirectUriRules {
  /** `http://localhost` and its like, for developing against a sandbox. */
  readonly allowLoopback: boolean;
  readonly isPublic: boolean;
}

/** @throws {ClientError} */
export function checkRedirectUri(uri: string, { allowLoopback, isPublic }: RedirectUriRules): void {
  const refusal = (why: string) =>
    new ClientError('redirectUris', `The redirect URI ${JSON.stringify(uri)} ${why}.`);
  if (uri.length > 2000) throw refusal('is longer than 2000 characters');
  const parsed = URL.parse(uri);
  if (parsed === null) throw refusal('is not an absolute URL, such as https://app.example.com/callback');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\u0000-\u0020\u007f-\uffff\\]/.test(uri))
    throw refusal('contains a space, a backslash or a character outside ASCII');
  if (uri.includes('#')) throw refusal('must not have a fragment (#)');
  if (uri.includes('*')) throw refusal('must not have a wildcard (*): register each URI');
  if (parsed.username !== '' || parsed.password !== '')
    throw refusal('must not have a user name or password');
  if (scriptSchemes.has(parsed.protocol)) throw refusal(`must not use the scheme ${parsed.protocol}`);
  if (parsed.protocol === 'https:') return;
  if (parsed.protocol === 'http:') {
    if (!loopback.has(parsed.hostname)) throw refusal('must use https');
    if (!allowLoopback) throw refusal('names your own computer, which only the sandbox accepts: use https');
    return;
  }
  if (!isPublic) throw refusal('must use https: only public apps may use a scheme of their own');
  if (!parsed.protocol.includes('.')) {
    throw refusal(
      'must use https, or a scheme made from a domain name you own, such as com.example.app:/callback',
    );
  }
}
