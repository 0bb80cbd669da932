// Which redirect URIs an app may register: https://www.rfc-editor.org/rfc/rfc9700#section-2.1, RFC 8252 section 7.
// They are compared as whole strings later, so there are no wildcards, and what a browser would read differently
// from what a person sees is refused here.
import { ClientError } from './client-error.ts';

/** Of an app on the member's own device: RFC 8252 section 7.3; a name could be looked up elsewhere (section 8.3). */
const loopbackAddresses = new Set(['127.0.0.1', '[::1]']);
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
  /** `http://localhost` and its like for every app, for developing against a sandbox. */
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
    const isAddress = loopbackAddresses.has(parsed.hostname);
    if (!isAddress && parsed.hostname !== 'localhost') throw refusal('must use https');
    if (allowLoopback || (isPublic && isAddress)) return;
    throw refusal(
      isPublic
        ? 'names localhost, which only the sandbox accepts: use https, or http://127.0.0.1 for an app on a device'
        : 'names your own computer, which only the sandbox accepts: use https',
    );
  }
  if (!isPublic) throw refusal('must use https: only public apps may use a scheme of their own');
  if (!parsed.protocol.includes('.')) {
    throw refusal(
      'must use https, or a scheme made from a domain name you own, such as com.example.app:/callback',
    );
  }
}

/**
 * RFC 8252: an app on the member's own device, which answers at a scheme of its own or at a port that it finds free. The
 * port of a loopback address is then not compared.
 */
export function isNative(redirectUris: readonly string[]): boolean {
  return redirectUris.some((uri) => {
    const parsed = URL.parse(uri);
    if (parsed === null || parsed.protocol === 'https:') return false;
    return parsed.protocol !== 'http:' || loopbackAddresses.has(parsed.hostname);
  });
}
