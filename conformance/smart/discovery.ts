// The discovery groups: https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html, and of STU1 the CapabilityStatement.
import type { Json } from '../view.ts';
import { appOrigin, isText, type Session, type SmartTest, unless } from './session.ts';

const oauthUris = 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris';

const wellKnownEndpoint: SmartTest = {
  id: 'well_known_endpoint',
  title: 'smart-configuration is there, as JSON',
  async run(session) {
    const reply = await session.ask(`${session.base}/.well-known/smart-configuration`, {
      headers: { accept: 'application/json' },
    });
    session.wellKnown = reply.status === 200 ? reply.json : undefined;
    return unless(
      [reply.status === 200, `status ${reply.status}`],
      [reply.json !== undefined, 'not a JSON object'],
      [
        /^application\/json/.test(reply.headers.get('content-type') ?? ''),
        'Content-Type is not application/json',
      ],
    );
  },
};

/** In the words of the suite: present, not blank, of the type. */
function fields(session: Session, texts: readonly string[], lists: readonly string[]): readonly string[] {
  return unless(
    ...texts.map((name) => [isText(session.wellKnown?.[name]), `${name} is no text`] as const),
    ...lists.map((name) => [listOf(session.wellKnown, name).length > 0, `${name} is no list`] as const),
    [listOf(session.wellKnown, 'capabilities').every(isText), 'a capability is no text'],
  );
}

const listOf = (document: Json | undefined, name: string): readonly unknown[] => {
  const value = document?.[name];
  return Array.isArray(value) ? value : [];
};

const capabilitiesOfStu1: SmartTest = {
  id: 'well_known_capabilities_stu1',
  title: 'smart-configuration has the two endpoints and capabilities',
  run: (session) =>
    session.wellKnown === undefined
      ? undefined
      : fields(session, ['authorization_endpoint', 'token_endpoint'], ['capabilities']),
};

const capabilitiesOfStu2: SmartTest = {
  id: 'well_known_capabilities_stu2',
  title: 'and grant types, S256 without plain, with sso-openid-connect issuer and jwks_uri',
  run(session) {
    const document = session.wellKnown;
    if (document === undefined) return undefined;
    const methods = listOf(document, 'code_challenge_methods_supported');
    const sso = listOf(document, 'capabilities').includes('sso-openid-connect');
    return [
      ...fields(
        session,
        ['authorization_endpoint', 'token_endpoint'],
        ['capabilities', 'grant_types_supported', 'code_challenge_methods_supported'],
      ),
      ...unless(
        [
          listOf(document, 'grant_types_supported').includes('authorization_code'),
          'grant_types_supported lacks authorization_code',
        ],
        [methods.includes('S256'), 'S256 is not listed'],
        [!methods.includes('plain'), 'plain is listed'],
        [
          sso ? isText(document['issuer']) : document['issuer'] === undefined,
          'issuer does not fit sso-openid-connect',
        ],
        [!sso || isText(document['jwks_uri']), 'jwks_uri is missing'],
      ),
    ];
  },
};

const statementEndpoints: SmartTest = {
  id: 'smart_discovery-Test03',
  title: 'the CapabilityStatement names authorize and token (oauth-uris)',
  async run(session) {
    const reply = await session.ask(`${session.base}/metadata`, {
      headers: { accept: 'application/fhir+json' },
    });
    const rest = listOf(reply.json, 'rest') as readonly { readonly security?: Security }[];
    const security = rest.find(({ security: one }) =>
      one?.service?.some(({ coding }) => coding?.some(({ code }) => code === 'SMART-on-FHIR')),
    )?.security;
    const uris = security?.extension?.find(({ url }) => url === oauthUris)?.extension ?? [];
    session.oauthUris = new Map(
      uris.map(({ url, valueUri }) => [url ?? '', new URL(valueUri ?? '', `${session.base}/`).href]),
    );
    return unless(
      [reply.status === 200, `status ${reply.status}`],
      [session.oauthUris.has('authorize'), 'no authorize'],
      [session.oauthUris.has('token'), 'no token'],
    );
  },
};

interface Security {
  readonly service?: readonly { readonly coding?: readonly { readonly code?: string }[] }[];
  readonly extension?: readonly Extension[];
}
interface Extension {
  readonly url?: string;
  readonly valueUri?: string;
  readonly extension?: readonly Extension[];
}

const bothAgree: SmartTest = {
  id: 'smart_discovery-Test04',
  title: 'both documents name the same addresses, or neither does',
  run(session) {
    const { oauthUris: uris, wellKnown } = session;
    if (uris === undefined || wellKnown === undefined) return undefined;
    const pairs = [
      ['authorize', 'authorization_endpoint'],
      ['token', 'token_endpoint'],
      ['introspect', 'introspection_endpoint'],
      ['manage', 'management_endpoint'],
      ['register', 'registration_endpoint'],
      ['revoke', 'revocation_endpoint'],
    ] as const;
    return unless(
      ...pairs.map(([uri, name]) => [uris.get(uri) === session.endpoint(name), `${uri} differs`] as const),
    );
  },
};

const fromAnyOrigin = (id: string, title: string, path: string): SmartTest => ({
  id,
  title,
  async run(session) {
    const reply = await session.ask(`${session.base}/${path}`, {
      headers: { accept: 'application/json', origin: appOrigin },
    });
    return unless(
      [reply.status === 200, `status ${reply.status}`],
      [allowsOrigin(reply.headers), 'no CORS header'],
    );
  },
});

export function allowsOrigin(headers: Headers): boolean {
  return ['*', appOrigin].includes(headers.get('access-control-allow-origin') ?? '');
}

const capabilitiesOfCarin: SmartTest = {
  id: 'c4bb_v200_smart_capabilities',
  title: 'the capabilities that CARIN Blue Button asks for',
  run(session) {
    if (session.wellKnown === undefined) return undefined;
    const has = listOf(session.wellKnown, 'capabilities');
    const asked = [
      'launch-standalone',
      'client-public',
      'client-confidential-symmetric',
      'sso-openid-connect',
      'context-standalone-patient',
      'permission-offline',
      'permission-patient',
      'permission-user',
    ];
    return unless(...asked.map((name) => [has.includes(name), `${name} is missing`] as const));
  },
};

const scopesOfUsCore: SmartTest = {
  id: 'us_core_smart_well_known_capabilities',
  title: 'scopes of resources and the introspection endpoint are listed',
  run(session) {
    if (session.wellKnown === undefined) return undefined;
    const pattern = /^(patient|user|system|\*)\/([a-zA-Z*]+)\.([cruds]+)(\?\w+=[^\s&]+(&\w+=[^\s&]+)*)?$/;
    const scopes = listOf(session.wellKnown, 'scopes_supported');
    return unless(
      [scopes.some((scope) => pattern.test(String(scope))), 'no scope of a resource'],
      [isText(session.wellKnown['introspection_endpoint']), 'no introspection_endpoint'],
    );
  },
};

export const discoveryOfStu1 = [wellKnownEndpoint, capabilitiesOfStu1, statementEndpoints, bothAgree];
export const discoveryOfStu2 = [wellKnownEndpoint, capabilitiesOfStu2];
export const discoveryOfStu22 = [
  ...discoveryOfStu2,
  fromAnyOrigin(
    'smart_cors_well_known_endpoint',
    'smart-configuration may be read from any origin',
    '.well-known/smart-configuration',
  ),
  fromAnyOrigin('smart_cors_metadata_request', '/metadata may be read from any origin', 'metadata'),
];
export const discoveryOfCarin = [...discoveryOfStu1, capabilitiesOfCarin];
export const discoveryOfUsCore = [...discoveryOfStu2, scopesOfUsCore];
