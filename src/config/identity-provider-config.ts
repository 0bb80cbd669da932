// What a line says of the plan's own OpenID provider: read from the configuration file, with the secret from a file of its own.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError } from './config-error.ts';

/** The plan's own OpenID provider, of which Portico is a client. */
export interface IdentityProviderConfig {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** `client_secret_post` instead of `client_secret_basic`. */
  readonly secretInBody: boolean;
  readonly scopes: readonly string[];
  /** The claim that names the member: a Patient id, or the value of an identifier of `memberIdentifierSystem`. */
  readonly memberClaim: string;
  readonly memberIdentifierSystem: string | undefined;
  /** The claim that names the members that a person acts for, in the same way. */
  readonly actsForClaim: string | undefined;
  readonly nameClaim: string;
  /** Accounts of Portico's own can sign in as well. */
  readonly besidePasswords: boolean;
  readonly button: string;
}

/** TLS, but for one on the machine itself. */
const issuerUrl = z.url({ protocol: /^https?$/ }).refine((value) => {
  const url = URL.parse(value);
  return url?.protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(url?.hostname ?? '');
}, 'must be https');

export const identityProviderSchema = z.strictObject({
  issuer: issuerUrl,
  client_id: z.string().min(1),
  client_secret_file: z.string().min(1),
  client_secret_in_body: z.boolean().default(false),
  scopes: z.array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/)).default(['openid', 'profile']),
  member_claim: z
    .string()
    .min(1)
    .refine((claim) => !/e-?mail/i.test(claim), 'must not be an e-mail address: those change hands'),
  member_identifier_system: z.string().min(1).optional(),
  acts_for_claim: z.string().min(1).optional(),
  name_claim: z.string().min(1).default('name'),
  beside_passwords: z.boolean().default(false),
  button: z.string().min(1).max(100).default('Sign in with your plan account'),
});

/** @throws {ConfigError} */
export function identityProviderConfig(
  file: string,
  line: string,
  settings: z.infer<typeof identityProviderSchema>,
): IdentityProviderConfig {
  if (!settings.scopes.includes('openid'))
    throw new ConfigError(`${file}: lines: ${line}: identity_provider: scopes must have openid`);
  let clientSecret: string;
  try {
    clientSecret = readFileSync(settings.client_secret_file, 'utf8').trim();
  } catch {
    throw new ConfigError(
      `${file}: lines: ${line}: identity_provider: client_secret_file ${settings.client_secret_file} cannot be read`,
    );
  }
  if (clientSecret === '')
    throw new ConfigError(`${file}: lines: ${line}: identity_provider: client_secret_file is empty`);
  return {
    issuer: settings.issuer,
    clientId: settings.client_id,
    clientSecret,
    secretInBody: settings.client_secret_in_body,
    scopes: settings.scopes,
    memberClaim: settings.member_claim,
    memberIdentifierSystem: settings.member_identifier_system,
    actsForClaim: settings.acts_for_claim,
    nameClaim: settings.name_claim,
    besidePasswords: settings.beside_passwords,
    button: settings.button,
  };
}
