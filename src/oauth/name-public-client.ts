// A refresh request that names no client: SMART's table of its parameters has no `client_id`, and SMART's own JavaScript
// client sends none for a public app. https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#refresh-access-token
// A public app proves nothing with its id, so the token itself says whose it is; a confidential one must say and prove it.
import type { Provider } from 'oidc-provider';
import type { ClientRegistry } from './client-registry.ts';

const credentials = ['client_id', 'client_secret', 'client_assertion', 'client_assertion_type'];

/** The form with the `client_id` of the public app that the refresh token was given to; undefined where nothing is to be added. */
export async function namePublicClient(
  form: URLSearchParams,
  { provider, clients }: { readonly provider: Provider; readonly clients: ClientRegistry },
): Promise<URLSearchParams | undefined> {
  const [token, ...more] = form.getAll('refresh_token');
  if (form.get('grant_type') !== 'refresh_token' || token === undefined || more.length > 0) return undefined;
  if (credentials.some((name) => form.has(name))) return undefined;
  const clientId = (await provider.RefreshToken.find(token))?.clientId;
  if (clientId === undefined || (await clients.find(clientId))?.public !== true) return undefined;
  return new URLSearchParams([...form, ['client_id', clientId]]);
}
