// The addresses of a line's authorization server. The library gets them from here and says them in its discovery.
// https://www.rfc-editor.org/rfc/rfc6749#section-3
import type { Line } from '../config/config.ts';

/** Paths below the portal, as the plan's published documentation has them. */
export const routes = {
  authorization: '/connect/authorize',
  token: '/connect/token',
  introspection: '/connect/introspect',
  revocation: '/connect/revocation',
  userinfo: '/connect/userinfo',
  registration: '/connect/register',
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
