// The SMART runner must be able to fail: a server that is spoilt in one way, and the test of the suite that tells.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSmart } from '../../conformance/smart/run-smart.ts';
import { registerApps, sandboxPeople } from '../../conformance/smart/sandbox-smart.ts';
import type { Person } from '../../conformance/smart/session.ts';
import type { Fetch } from '../../conformance/view.ts';
import { sqlitePlace } from '../databases.ts';
import { startPortico } from '../portico.ts';

type Body = Record<string, unknown>;

interface Spoilt {
  readonly how: string;
  /** Which answers are changed. */
  readonly of?: (path: string, sent: URLSearchParams, isNarrow: boolean) => boolean;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: (body: Body) => Body;
  /** Where the browser comes back to. */
  readonly redirect?: (url: URL) => void;
  readonly suite?: string;
  readonly launch?: string;
  readonly told: string;
}

const config = (path: string) => path.endsWith('/.well-known/smart-configuration');
const metadata = (path: string) => path.endsWith('/metadata');
const openid = (path: string) => path.endsWith('/.well-known/openid-configuration');
const jwks = (path: string) => path.endsWith('/jwks');
const introspect = (path: string) => path.endsWith('/connect/introspect');
const person = (path: string) => path.includes('/fhir/Patient/');
const granted = (type: string) => (path: string, sent: URLSearchParams) =>
  path.endsWith('/connect/token') && sent.get('grant_type') === type;
const code = granted('authorization_code');
const refresh = granted('refresh_token');
const { stringify, parse } = JSON;
const without = (name: string) => (body: Body) => ({ ...body, [name]: undefined });
const withValue = (more: Body) => (body: Body) => ({ ...body, ...more });
const noCors = { 'access-control-allow-origin': undefined };
const cacheable = { 'cache-control': 'max-age=60' };

/** The ID Token with another header or payload; what was signed no longer verifies. */
const withToken = (part: 0 | 1, change: (json: Body) => Body) => (body: Body) => {
  const parts = String(body['id_token']).split('.');
  const json = parse(Buffer.from(parts[part] ?? '', 'base64url').toString()) as Body;
  parts[part] = Buffer.from(stringify(change(json))).toString('base64url');
  return { ...body, id_token: parts.join('.') };
};

const stu1 = { suite: 'smart' };
const asked = { launch: 'symmetric', of: introspect };
const carin = { suite: 'c4bb_v200_smart_launch' };
const usCore = { suite: 'us_core_v610_smart_granular_scopes', launch: 'scopes 1' };

const spoilt: readonly Spoilt[] = [
  { how: 'has no smart-configuration', of: config, status: 404, told: 'well_known_endpoint' },
  {
    how: 'sends it as HTML',
    of: config,
    headers: { 'content-type': 'text/html' },
    told: 'well_known_endpoint',
  },
  {
    how: 'names no token endpoint',
    of: config,
    body: without('token_endpoint'),
    told: 'well_known_capabilities_stu2',
  },
  {
    how: 'lists plain',
    of: config,
    body: withValue({ code_challenge_methods_supported: ['S256', 'plain'] }),
    told: 'well_known_capabilities_stu2',
  },
  { how: 'names no keys', of: config, body: without('jwks_uri'), told: 'well_known_capabilities_stu2' },
  {
    how: 'has a capability that is no text',
    of: config,
    body: withValue({ capabilities: ['sso-openid-connect', 1] }),
    told: 'well_known_capabilities_stu2',
  },
  { how: 'hides it from other origins', of: config, headers: noCors, told: 'smart_cors_well_known_endpoint' },
  {
    how: 'hides /metadata from other origins',
    of: metadata,
    headers: noCors,
    told: 'smart_cors_metadata_request',
  },
  {
    how: 'has no endpoints in /metadata',
    of: metadata,
    body: without('rest'),
    ...stu1,
    told: 'smart_discovery-Test03',
  },
  {
    how: 'names another token endpoint in /metadata',
    of: metadata,
    body: (body) => parse(stringify(body).replaceAll('/connect/token', '/elsewhere')) as Body,
    ...stu1,
    told: 'smart_discovery-Test04',
  },
  {
    how: 'forgets the state',
    redirect: (url) => url.searchParams.set('state', 'x'),
    told: 'smart_app_redirect_stu2',
  },
  {
    how: 'sends the browser elsewhere',
    redirect: (url) => {
      url.host = 'elsewhere.example';
    },
    told: 'smart_app_redirect_stu2',
  },
  { how: 'sends no code', redirect: (url) => url.searchParams.delete('code'), told: 'smart_code_received' },
  {
    how: 'sends an error',
    redirect: (url) => url.searchParams.set('error', 'x'),
    told: 'smart_code_received',
  },
  { how: 'refuses the code', of: code, status: 400, told: 'smart_token_exchange_stu2_2' },
  ...[
    withValue({ expires_in: '3600' }),
    withValue({ token_type: 'mac' }),
    withValue({ fhirContext: ['Patient/1'] }),
    withValue({ scope: 'launch/patient openid' }),
    ...['scope', 'patient', 'id_token', 'refresh_token'].map(without),
  ].map((body, index) => ({
    how: `answers a token wrongly (${index + 1})`,
    of: code,
    body,
    told: 'smart_token_response_body_stu2_2',
  })),
  { how: 'lets tokens be kept', of: code, headers: cacheable, told: 'smart_token_response_headers' },
  { how: 'sends no Pragma', of: code, headers: { pragma: undefined }, told: 'smart_token_response_headers' },
  { how: 'hides tokens from the app', of: code, headers: noCors, told: 'smart_cors_token_exchange' },
  { how: 'sends no JWT', of: code, body: withValue({ id_token: 'x' }), told: 'smart_openid_decode_id_token' },
  {
    how: 'has no openid-configuration',
    of: openid,
    status: 404,
    told: 'smart_openid_retrieve_configuration',
  },
  {
    how: 'leaves out a field of it',
    of: openid,
    body: without('issuer'),
    told: 'smart_openid_required_configuration_fields',
  },
  {
    how: 'signs otherwise',
    of: openid,
    body: withValue({ id_token_signing_alg_values_supported: ['ES256'] }),
    told: 'smart_openid_required_configuration_fields',
  },
  { how: 'has no keys', of: jwks, body: withValue({ keys: [] }), told: 'smart_openid_retrieve_jwks' },
  {
    how: 'has a key that is none',
    of: jwks,
    body: withValue({ keys: [{ kty: 'RSA', n: 'x' }] }),
    told: 'smart_openid_retrieve_jwks',
  },
  {
    how: 'signs with another algorithm',
    of: code,
    body: withToken(0, withValue({ alg: 'HS256' })),
    told: 'smart_openid_token_header',
  },
  {
    how: 'signs with another key',
    of: code,
    body: withToken(0, withValue({ kid: 'other' })),
    told: 'smart_openid_token_header',
  },
  {
    how: 'means another app',
    of: code,
    body: withToken(1, withValue({ aud: 'x' })),
    told: 'smart_openid_token_payload',
  },
  {
    how: 'names no person',
    of: code,
    body: withToken(1, without('fhirUser')),
    told: 'smart_openid_fhir_user_claim',
  },
  {
    how: 'names a group',
    of: code,
    body: withToken(1, withValue({ fhirUser: 'Group/1' })),
    told: 'smart_openid_fhir_user_claim',
  },
  { how: 'does not show the person', of: person, status: 404, told: 'smart_openid_fhir_user_claim' },
  {
    how: 'shows another than the person',
    of: person,
    body: withValue({ resourceType: 'Basic' }),
    told: 'smart_openid_fhir_user_claim',
  },
  {
    how: 'hides the person from the app',
    of: person,
    headers: noCors,
    told: 'smart_cors_openid_fhir_user_claim',
  },
  { how: 'does not refresh', of: refresh, status: 400, told: 'smart_token_refresh_stu2' },
  {
    how: 'widens at a refresh',
    of: refresh,
    body: withValue({ scope: 'x' }),
    told: 'smart_token_refresh_body',
  },
  {
    how: 'lets refreshed tokens be kept',
    of: refresh,
    headers: cacheable,
    told: 'smart_token_response_headers',
  },
  {
    how: 'refuses introspection',
    ...asked,
    status: 401,
    told: 'smart_token_introspection_request_group-Test01',
  },
  {
    how: 'does not answer of a wrong token',
    ...asked,
    status: 404,
    told: 'smart_token_introspection_request_group-Test02',
  },
  ...[{ active: 'true' }, { client_id: 'x' }, { scope: 'x' }, { exp: 1 }, { patient: 'x' }, { sub: 'x' }].map(
    (more) => ({
      how: `tells ${Object.keys(more)[0]} wrongly`,
      ...asked,
      body: withValue(more),
      told: 'smart_token_introspection_response_group-Test01',
    }),
  ),
  {
    how: 'tells more of a wrong token',
    ...asked,
    body: (body) => (body['active'] === false ? { ...body, sub: 'x' } : body),
    told: 'smart_token_introspection_response_group-Test02',
  },
  {
    how: 'lacks a capability of CARIN',
    of: config,
    body: withValue({ capabilities: ['launch-standalone'] }),
    ...carin,
    told: 'c4bb_v200_smart_capabilities',
  },
  {
    how: 'grants less than CARIN asks',
    of: code,
    body: (body) => ({ ...body, scope: String(body['scope']).replace('user/Coverage.read ', '') }),
    ...carin,
    told: 'c4bb_v200_smart_scopes',
  },
  {
    how: 'grants a whole type beside its category',
    of: code,
    body: (body) => ({ ...body, scope: `${String(body['scope'])} patient/Condition.rs` }),
    ...usCore,
    told: 'us_core_granted_granular_scopes',
  },
  {
    how: 'finds less than the category',
    of: (path, _sent, isNarrow) => isNarrow && path.endsWith('/fhir/Condition'),
    body: (body) => ({ ...body, entry: [] }),
    ...usCore,
    told: 'us_core_v610_condition_patient_granular_scope_search_test',
  },
  {
    how: 'finds more than the category',
    of: (path, _sent, isNarrow) => isNarrow && path.endsWith('/fhir/Observation'),
    body: (body) => ({
      ...body,
      entry: [
        ...((body['entry'] as unknown[] | undefined) ?? []),
        { resource: { resourceType: 'Observation', id: 'stranger' } },
      ],
    }),
    ...usCore,
    told: 'us_core_v610_observation_patient_code_granular_scope_search_test',
  },
  {
    how: 'reads what is outside the category',
    of: (path, _sent, isNarrow) => isNarrow && path.includes('/fhir/Condition/'),
    status: 200,
    ...usCore,
    told: 'us_core_v610_condition_granular_scope_read_test',
  },
  {
    how: 'lists no scopes',
    of: config,
    body: without('scopes_supported'),
    ...usCore,
    told: 'us_core_smart_well_known_capabilities',
  },
];

test('a spoilt authorization server is caught', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const apps = await registerApps((app) => server.portico.oauth.clients.create(app));
  const people = await sandboxPeople(server.base);

  for (const { how, of, status, headers, body, redirect, suite, launch, told } of spoilt)
    await context.test(`a server that ${how}`, async () => {
      // The first token that reads is of the whole types.
      let whole: string | null | undefined;
      const send: Fetch = async (url, init) => {
        const response = await fetch(url, init);
        const sent = init?.body instanceof URLSearchParams ? init.body : new URLSearchParams();
        const bearer = new Headers(init?.headers).get('authorization');
        if (bearer?.startsWith('Bearer ')) whole ??= bearer;
        if (of?.(new URL(url).pathname, sent, bearer !== whole) !== true) return response;
        const changed = new Headers(response.headers);
        for (const [name, value] of Object.entries(headers ?? {}))
          if (value === undefined) changed.delete(name);
          else changed.set(name, value);
        const text = await response.text();
        const answer = body === undefined || !response.ok ? text : stringify(body(parse(text) as Body));
        return new Response(answer, { status: status ?? response.status, headers: changed });
      };
      const back = ({ base, visit }: Person): Person => ({
        base,
        async visit(request) {
          const url = new URL(await visit(request));
          redirect?.(url);
          return url.href;
        },
      });
      const { rows } = await runSmart({
        apps,
        people: { ...people, member: back(people.member) },
        fetch: send,
        suites: [suite ?? 'smart_stu2_2'],
        launches: [launch ?? 'public'],
      });
      const failed = rows.filter(({ outcome }) => outcome === 'failed');
      assert.ok(
        failed.some(({ id }) => id === told),
        `it was not caught; what failed: ${failed.map(({ id, detail }) => `${id} (${detail})`).join(', ')}`,
      );
    });
});
