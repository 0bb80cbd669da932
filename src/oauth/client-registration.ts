// What an app says of itself when it is registered or changed, and whether that can be so.
// https://www.rfc-editor.org/rfc/rfc7591#section-2
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { supportedScopes } from '../smart/scopes.ts';
import { checkRedirectUri, isNative } from './check-redirect-uri.ts';
import { ClientError } from './client-error.ts';
import { keysAddressProblem } from './fetch-client-keys.ts';
import type { ClientTable } from './schema.ts';

/** Public keys of a confidential client that signs assertions instead of having a secret: themselves, or where they are. */
export interface ClientKeys {
  readonly jwks?: { readonly keys: readonly object[] } | undefined;
  readonly jwksUri?: string | undefined;
}

export interface ClientRegistration extends ClientKeys {
  readonly name: string;
  readonly redirectUris: readonly string[];
  /** Cannot keep a secret: a browser or phone app (RFC 6749 section 2.1). */
  readonly public?: boolean | undefined;
  /** Line ids; all when absent. */
  readonly lines?: readonly string[] | undefined;
  /** The scopes it may ask for; all supported ones when absent. */
  readonly scopes?: readonly string[] | undefined;
  /** Accepts `/connect/token?ClientId&ClientSecret&Code&RedirectUri`. */
  readonly legacyToken?: boolean | undefined;
  /** Does not insist on PKCE (confidential clients only). */
  readonly pkceOptional?: boolean | undefined;
  readonly developerId?: string | undefined;
  /** Name of the authority that vouches for it. */
  readonly verifiedBy?: string | undefined;
}

/** What is absent stays. Keys replace what there was: a secret, or other keys. */
export interface ClientChanges extends ClientKeys {
  readonly name?: string | undefined;
  readonly redirectUris?: readonly string[] | undefined;
}

/** @throws {ClientError} */
export function checkRegistration(
  registration: ClientRegistration,
  config: Config,
): Omit<ClientTable, 'client_id' | 'created_at' | 'disabled_at' | 'attested_at'> {
  const isPublic = registration.public ?? false;
  if (isPublic && (registration.legacyToken === true || registration.pkceOptional === true)) {
    const which = registration.legacyToken === true ? 'the legacy token request' : 'leaving out PKCE';
    throw new ClientError('public', `A public app has no secret, so ${which} is not for it.`);
  }
  return {
    name: checkName(registration.name),
    is_public: isPublic ? 1 : 0,
    redirect_uris: checkRedirectUris(registration.redirectUris, isPublic, config),
    lines: checkLines(registration.lines, config),
    scope: checkScopes(registration.scopes),
    legacy_token: registration.legacyToken === true ? 1 : 0,
    pkce_optional: registration.pkceOptional === true ? 1 : 0,
    ...(checkKeys(registration, isPublic, config) ?? { jwks: null, jwks_uri: null }),
    developer_id: registration.developerId ?? null,
    verified_by: registration.verifiedBy ?? null,
  };
}

/** The columns that change. @throws {ClientError} */
export function checkChanges(
  changes: ClientChanges,
  { is_public }: Pick<ClientTable, 'is_public'>,
  config: Config,
): Partial<Pick<ClientTable, 'name' | 'redirect_uris' | 'jwks' | 'jwks_uri'>> {
  const isPublic = is_public === 1;
  return {
    ...(changes.name === undefined ? {} : { name: checkName(changes.name) }),
    ...(changes.redirectUris === undefined
      ? {}
      : { redirect_uris: checkRedirectUris(changes.redirectUris, isPublic, config) }),
    ...checkKeys(changes, isPublic, config),
  };
}

function checkName(given: string): string {
  const name = given.trim();
  if (name === '') throw new ClientError('name', 'The app needs a name: members see it when they are asked.');
  // What turns the direction of writing, and what nobody sees: with it a name looks like another's.
  if (
    name.length > 100 ||
    /[\p{Cc}\p{Zl}\p{Zp}\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/u.test(name)
  ) {
    throw new ClientError(
      'name',
      `The name ${JSON.stringify(name)} is longer than 100 characters or has control characters.`,
    );
  }
  return name;
}

function checkRedirectUris(given: readonly string[], isPublic: boolean, config: Config): string {
  const redirectUris = [...new Set(given.map((uri) => uri.trim()).filter((uri) => uri !== ''))];
  if (redirectUris.length === 0)
    throw new ClientError('redirectUris', 'The app needs at least one redirect URI.');
  if (redirectUris.length > 20) throw new ClientError('redirectUris', 'An app has at most 20 redirect URIs.');
  for (const uri of redirectUris) {
    checkRedirectUri(uri, { allowLoopback: config.mode === 'sandbox', isPublic });
  }
  const ownComputer = redirectUris.find((uri) =>
    /^https:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/?]?/i.test(uri),
  );
  if (isPublic && isNative(redirectUris) && ownComputer !== undefined) {
    throw new ClientError(
      'redirectUris',
      `The redirect URI ${JSON.stringify(ownComputer)} is for an app on a device, which uses http there.`,
    );
  }
  return JSON.stringify(redirectUris);
}

function checkLines(given: readonly string[] | undefined, config: Config): string {
  const known = config.lines.map((line) => line.id);
  const lines = [...new Set(given ?? known)];
  if (lines.length === 0) throw new ClientError('lines', 'The app needs at least one line of business.');
  for (const line of lines) {
    if (!known.includes(line)) {
      throw new ClientError(
        'lines',
        `There is no line ${JSON.stringify(line)}; there are: ${known.join(', ')}.`,
      );
    }
  }
  return JSON.stringify(lines);
}

function checkScopes(given: readonly string[] | undefined): string | null {
  const scopes = given === undefined ? undefined : [...new Set(given)];
  if (scopes?.length === 0) throw new ClientError('scopes', 'The app needs at least one scope.');
  for (const scope of scopes ?? []) {
    if (!supportedScopes.includes(scope)) {
      throw new ClientError(
        'scopes',
        `There is no scope ${JSON.stringify(scope)}; scopes_supported lists those there are.`,
      );
    }
  }
  return scopes?.join(' ') ?? null;
}

function checkKeys(
  { jwks, jwksUri }: ClientKeys,
  isPublic: boolean,
  config: Config,
): Pick<ClientTable, 'jwks' | 'jwks_uri'> | undefined {
  if (jwks === undefined && jwksUri === undefined) return undefined;
  const field = jwks === undefined ? 'jwksUri' : 'jwks';
  if (isPublic) throw new ClientError(field, 'A public app has no keys of its own.');
  if (jwksUri === undefined) return { jwks: checkJwks(jwks), jwks_uri: null };
  if (jwks !== undefined)
    throw new ClientError('jwksUri', 'Give the keys or the address where they are, not both.');
  const problem = keysAddressProblem(jwksUri, config.mode);
  if (problem !== undefined)
    throw new ClientError('jwksUri', `The address ${JSON.stringify(jwksUri)} ${problem}.`);
  return { jwks: null, jwks_uri: jwksUri };
}

function checkJwks(jwks: ClientKeys['jwks']): string {
  if (!Array.isArray(jwks?.keys) || jwks.keys.length === 0) {
    throw new ClientError('jwks', 'The JSON Web Key Set has no "keys".');
  }
  if (jwks.keys.length > 20) throw new ClientError('jwks', 'A JSON Web Key Set has at most 20 keys here.');
  for (const key of jwks.keys as readonly Record<string, unknown>[]) {
    if (typeof key !== 'object' || key === null)
      throw new ClientError('jwks', 'Each of "keys" is an object.');
    if (key.kty !== 'RSA' && key.kty !== 'EC') {
      throw new ClientError(
        'jwks',
        `A key of type ${JSON.stringify(key.kty)} cannot be used: RSA and EC can.`,
      );
    }
    if ('d' in key)
      throw new ClientError('jwks', 'The JSON Web Key Set has a private key: give the public part only.');
  }
  for (const key of jwks.keys) {
    try {
      createPublicKey({ key: key as JsonWebKey, format: 'jwk' });
    } catch {
      // A damaged key would otherwise fail at the app's first request.
      throw new ClientError('jwks', 'A key of the JSON Web Key Set is damaged or incomplete.');
    }
  }
  return JSON.stringify({ keys: jwks.keys });
}
