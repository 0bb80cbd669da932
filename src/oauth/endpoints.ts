// The addresses of a line's authorization server: the one source for discovery, smart-configuration and /metadata.
// https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html
import type { Line } from '../config/config.ts';
import { supportedScopes } from '../smart/scopes.ts';

/** Paths below the portal, as the plan's published documentation has them. */
export const routes = {
  authorization: '/connect/authorize',
  token: '/connect/token',
  introspection: '/connect/introspect',
  revocation: '/connect/revocation',
  userinfo: '/connect/userinfo',
  end_session: '/connect/endsession',
  jwks: '/.well-known/openid-configuration/jwks',
} as const;

export interface Endpoints {
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly introspection_endpoint: string;
  readonly revocation_endpoint: string;
  readonly userinfo_endpoint: string;
  readonly jwks_uri: string;
  /** Where members see and end what they allowed. */
  readonly management_endpoint: string;
}

export function endpoints(line: Line): Endpoints {
  const at = (path: string) => line.portalUrl + path;
  return {
    issuer: line.portalUrl,
    authorization_endpoint: at(routes.authorization),
    token_endpoint: at(routes.token),
    introspection_endpoint: at(routes.introspection),
    revocation_endpoint: at(routes.revocation),
    userinfo_endpoint: at(routes.userinfo),
    jwks_uri: at(routes.jwks),
    management_endpoint: at('/account'),
  };
}

export const assertionAlgorithms = ['RS384', 'ES384', 'RS256', 'ES256'] as const;

/** `[fhir]/.well-known/smart-configuration`. */
export function smartConfiguration(line: Line) {
  return {
    ...endpoints(line),
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    grant_types_supported: ['authorization_code', 'refresh_token'],
    scopes_supported: supportedScopes,
    response_types_supported: ['code', 'code id_token'],
    code_challenge_methods_supported: ['S256'],
    capabilities: [
      'launch-standalone',
      'client-public',
      'client-confidential-symmetric',
      'client-confidential-asymmetric',
      'authorize-post',
      'sso-openid-connect',
      'context-standalone-patient',
      'permission-offline',
      'permission-online',
      'permission-patient',
      'permission-user',
      'permission-v1',
      'permission-v2',
    ],
  };
}
