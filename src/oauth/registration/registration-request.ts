// What an app that registers itself asks for, in the words of https://www.rfc-editor.org/rfc/rfc7591#section-2, as our registry
// takes it. What we do not know is left out of the answer (section 3.2.1); what we cannot do is refused by name.
import { z } from 'zod';
import { supportedScopes } from '../../smart/scopes.ts';
import { ClientError } from '../client-error.ts';
import type { ClientChanges, ClientKeys, ClientRegistration } from '../client-registration.ts';
import type { RegisteredClient } from '../client-registry.ts';

/** `error` of https://www.rfc-editor.org/rfc/rfc7591#section-3.2.2 */
export type RegistrationErrorCode =
  | 'invalid_redirect_uri'
  | 'invalid_client_metadata'
  | 'invalid_software_statement'
  | 'unapproved_software_statement';

export class RegistrationError extends Error {
  override name = 'RegistrationError';
  readonly code: RegistrationErrorCode;

  constructor(code: RegistrationErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

const authMethods = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const;
const grantTypes = ['authorization_code', 'refresh_token', 'implicit'] as const;
const responseTypes = ['code', 'code id_token'] as const;

const metadataSchema = z.looseObject({
  client_name: z.string().min(1).max(100),
  redirect_uris: z.array(z.string().max(2000)).min(1).max(20),
  token_endpoint_auth_method: z.enum(authMethods).default('client_secret_basic'),
  grant_types: z.array(z.enum(grantTypes)).default(['authorization_code']),
  response_types: z.array(z.enum(responseTypes)).default(['code']),
  scope: z.string().max(20_000).optional(),
  jwks: z.looseObject({ keys: z.array(z.looseObject({})).min(1).max(20) }).optional(),
  jwks_uri: z.string().max(2000).optional(),
});

export type ClientMetadata = z.infer<typeof metadataSchema>;

/** @throws {RegistrationError} */
export function readMetadata(sent: unknown): ClientMetadata {
  const read = metadataSchema.safeParse(sent);
  if (!read.success) {
    const [issue] = read.error.issues;
    const name = issue?.path.join('.') ?? '';
    throw new RegistrationError(
      name.startsWith('redirect_uris') ? 'invalid_redirect_uri' : 'invalid_client_metadata',
      `${name === '' ? 'the body' : name}: ${issue?.message ?? 'cannot be read'}`,
    );
  }
  const metadata = read.data;
  const isSigned = metadata.token_endpoint_auth_method === 'private_key_jwt';
  const refuse = (message: string) => new RegistrationError('invalid_client_metadata', message);
  if (isSigned && (metadata.jwks === undefined) === (metadata.jwks_uri === undefined))
    throw refuse('jwks: private_key_jwt needs the public keys, or jwks_uri where they are, and not both');
  if (!isSigned && (metadata.jwks !== undefined || metadata.jwks_uri !== undefined))
    throw refuse('jwks: only a client with private_key_jwt has keys');
  if (!metadata.grant_types.includes('authorization_code'))
    throw refuse('grant_types: an app of a member needs authorization_code');
  if (metadata.response_types.includes('code id_token') && metadata.token_endpoint_auth_method === 'none')
    throw refuse('response_types: code id_token is for apps that authenticate');
  return metadata;
}

/** For one line. @throws {RegistrationError} */
export function toRegistration(metadata: ClientMetadata, line: string): ClientRegistration {
  const scopes = metadata.scope?.split(/ +/).filter((scope) => supportedScopes.includes(scope));
  if (scopes?.length === 0)
    throw new RegistrationError('invalid_client_metadata', 'scope: none of these is in scopes_supported');
  return {
    name: metadata.client_name,
    redirectUris: metadata.redirect_uris,
    public: metadata.token_endpoint_auth_method === 'none',
    lines: [line],
    scopes,
    ...keysOf(metadata),
  };
}

/** What an app may change of itself. @throws {RegistrationError} */
export function toChanges(metadata: ClientMetadata, client: RegisteredClient): ClientChanges {
  const method =
    client.authMethod === 'client_secret'
      ? metadata.token_endpoint_auth_method.startsWith('client_secret')
      : metadata.token_endpoint_auth_method === client.authMethod;
  if (!method)
    throw new RegistrationError(
      'invalid_client_metadata',
      'token_endpoint_auth_method: it stays as it was registered; register anew for another',
    );
  return { name: metadata.client_name, redirectUris: metadata.redirect_uris, ...keysOf(metadata) };
}

function keysOf({ jwks, jwks_uri: jwksUri }: ClientMetadata): ClientKeys {
  return {
    ...(jwks === undefined ? {} : { jwks: jwks as { keys: object[] } }),
    ...(jwksUri === undefined ? {} : { jwksUri }),
  };
}

/** What the registry refuses, as this protocol says it. */
export function asRegistrationError(error: unknown): unknown {
  if (!(error instanceof ClientError)) return error;
  return new RegistrationError(
    error.field === 'redirectUris' ? 'invalid_redirect_uri' : 'invalid_client_metadata',
    error.message,
  );
}

/** What was registered, as the answer has it. */
export function registeredMetadata(client: RegisteredClient, metadata?: ClientMetadata) {
  return {
    client_id: client.client_id,
    client_id_issued_at: Math.floor(client.createdAt / 1000),
    client_name: client.name,
    redirect_uris: client.redirectUris,
    token_endpoint_auth_method:
      client.authMethod === 'client_secret'
        ? (metadata?.token_endpoint_auth_method ?? 'client_secret_basic')
        : client.authMethod,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: client.public ? ['code'] : ['code', 'code id_token'],
    ...(client.scopes === undefined ? {} : { scope: client.scopes.join(' ') }),
    ...(client.jwks === undefined ? {} : { jwks: JSON.parse(client.jwks) as object }),
    ...(client.jwksUri === undefined ? {} : { jwks_uri: client.jwksUri }),
  };
}
