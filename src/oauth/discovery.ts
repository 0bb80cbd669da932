// What a line's authorization server says of itself, read from the OAuth library once at start: every document of
// discovery (OpenID, RFC 8414, SMART, /metadata) is made from this one, so none can promise what another denies.
// https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata, https://www.rfc-editor.org/rfc/rfc8414#section-2
import Fastify from 'fastify';
import type { Provider } from 'oidc-provider';
import type { Line } from '../config/config.ts';
import type { Endpoints } from './endpoints.ts';
import { forwardToProvider } from './forward-to-provider.ts';

export interface Discovery extends Endpoints {
  readonly scopes_supported: readonly string[];
  readonly [name: string]: unknown;
}

export async function readDiscovery(provider: Provider, line: Line): Promise<Discovery> {
  const app = Fastify();
  app.get('/', (request, reply) =>
    forwardToProvider(
      provider,
      line,
      {
        method: 'GET',
        url: '/.well-known/openid-configuration',
        headers: { accept: 'application/json' },
        body: Buffer.alloc(0),
      },
      { request, reply },
    ),
  );
  const answer = await app.inject('/');
  await app.close();
  return answer.json<Discovery>();
}

/** `[fhir]/.well-known/smart-configuration`: https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html */
export function smartConfiguration(discovery: Discovery): Discovery & { readonly capabilities: string[] } {
  return {
    ...discovery,
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
