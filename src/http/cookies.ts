// Reads the Cookie header and writes Set-Cookie: https://www.rfc-editor.org/rfc/rfc6265
/** Name → value; of a name that comes twice, the first. */
export function parseCookies(header: string | undefined): Readonly<Record<string, string | undefined>> {
  const cookies: Record<string, string> = Object.create(null);
  for (const pair of (header ?? '').split(';')) {
    const equals = pair.indexOf('=');
    if (equals === -1) continue;
    const name = pair.slice(0, equals).trim();
    cookies[name] ??= pair.slice(equals + 1).trim();
  }
  return cookies;
}

export interface CookieOptions {
  readonly path: string;
  readonly secure: boolean;
  /** Ends with the browser when absent; 0 deletes it. */
  readonly maxAgeSeconds?: number;
}

/** Always HttpOnly and SameSite=Lax. `value` must consist of cookie-safe characters (base64url does). */
export function cookie(name: string, value: string, { path, secure, maxAgeSeconds }: CookieOptions): string {
  return [
    `${name}=${value}`,
    `Path=${path}`,
    'HttpOnly',
    'SameSite=Lax',
    ...(secure ? ['Secure'] : []),
    ...(maxAgeSeconds === undefined ? [] : [`Max-Age=${maxAgeSeconds}`]),
  ].join('; ');
}
