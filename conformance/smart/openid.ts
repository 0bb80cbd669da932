// The OpenID Connect groups: the ID Token, its keys, and the person behind it.
// https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-identity-data
import { decodeJwt, decodeProtectedHeader, importJWK, jwtVerify } from 'jose';
import { allowsOrigin } from './discovery.ts';
import { appOrigin, isText, type Session, type SmartTest, unless, wordsOf } from './session.ts';

const decode: SmartTest = {
  id: 'smart_openid_decode_id_token',
  title: 'the ID Token is a JWT',
  run(session) {
    const token = session.token?.json?.['id_token'];
    if (!isText(token)) return undefined;
    try {
      session.idHeader = { ...decodeProtectedHeader(token) };
      session.idPayload = { ...decodeJwt(token) };
      return [];
    } catch {
      return ['it cannot be decoded'];
    }
  },
};

const configuration: SmartTest = {
  id: 'smart_openid_retrieve_configuration',
  title: 'the issuer’s openid-configuration is there',
  async run(session) {
    const issuer = session.idPayload?.['iss'];
    if (!isText(issuer)) return undefined;
    const reply = await session.ask(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    session.openid = reply.status === 200 ? reply.json : undefined;
    return unless(
      [reply.status === 200, `status ${reply.status}`],
      [reply.json !== undefined, 'not JSON'],
      [
        /^application\/json/.test(reply.headers.get('content-type') ?? ''),
        'Content-Type is not application/json',
      ],
    );
  },
};

const requiredFields: SmartTest = {
  id: 'smart_openid_required_configuration_fields',
  title: 'it has the required fields and lists RS256',
  run({ openid }) {
    if (openid === undefined) return undefined;
    const names = [
      'issuer',
      'authorization_endpoint',
      'token_endpoint',
      'jwks_uri',
      'response_types_supported',
      'subject_types_supported',
      'id_token_signing_alg_values_supported',
    ];
    const algorithms = openid['id_token_signing_alg_values_supported'];
    return unless(...names.map((name) => [name in openid, `${name} is missing`] as const), [
      Array.isArray(algorithms) && algorithms.includes('RS256'),
      'RS256 is not listed',
    ]);
  },
};

const keys: SmartTest = {
  id: 'smart_openid_retrieve_jwks',
  title: 'the keys are there, RSA ones among them, and can be read',
  async run(session) {
    const address = session.openid?.['jwks_uri'];
    if (!isText(address)) return undefined;
    const reply = await session.ask(address);
    const all = reply.json?.['keys'];
    const rsa = Array.isArray(all) ? all.filter((key: { kty?: unknown }) => key.kty === 'RSA') : [];
    session.rsaKeys = rsa.length > 0 ? rsa : undefined;
    const read = await Promise.allSettled(rsa.map((key) => importJWK(key, 'RS256')));
    return unless(
      [reply.status === 200, `status ${reply.status}`],
      [Array.isArray(all), 'keys is no list'],
      [rsa.length > 0, 'no RSA key'],
      [read.every(({ status }) => status === 'fulfilled'), 'a key cannot be read'],
    );
  },
};

const header: SmartTest = {
  id: 'smart_openid_token_header',
  title: 'the ID Token is signed with RS256 by one of them',
  run(session) {
    const { idHeader, rsaKeys } = session;
    if (idHeader === undefined || rsaKeys === undefined) return undefined;
    const { kid } = idHeader;
    session.idKey = rsaKeys.length > 1 || isText(kid) ? rsaKeys.find((key) => key.kid === kid) : rsaKeys[0];
    return unless(
      [idHeader['alg'] === 'RS256', `alg is ${String(idHeader['alg'])}`],
      [rsaKeys.length === 1 || isText(kid), 'kid is missing'],
      [session.idKey !== undefined, 'no key of that kid'],
    );
  },
};

const payload: SmartTest = {
  id: 'smart_openid_token_payload',
  title: 'its signature, iss, aud, exp, iat and sub hold',
  async run({ token, openid, idKey, launch }) {
    const text = token?.json?.['id_token'];
    if (!isText(text) || openid === undefined || idKey === undefined) return undefined;
    try {
      const { payload: claims } = await jwtVerify(text, await importJWK(idKey, 'RS256'), {
        algorithms: ['RS256'],
        issuer: String(openid['issuer']),
        audience: launch.app.clientId,
        requiredClaims: ['iss', 'sub', 'aud', 'exp', 'iat'],
        clockTolerance: 60,
      });
      const length = claims.sub?.length ?? 0;
      return unless([length > 0 && length < 256, 'sub is blank or too long']);
    } catch (error) {
      return [error instanceof Error ? error.message : 'it does not verify'];
    }
  },
};

const people = ['Patient', 'Practitioner', 'RelatedPerson', 'Person'];

const readUser = (session: Session, headers: Record<string, string>) => {
  const [type, id] = session.fhirUser?.split('/').slice(-2) ?? [];
  return session.ask(`${session.base}/${type}/${id}`, {
    headers: { accept: 'application/fhir+json', authorization: `Bearer ${session.bearer()}`, ...headers },
  });
};

const fhirUser: SmartTest = {
  id: 'smart_openid_fhir_user_claim',
  title: 'fhirUser names a person who can be read with the same token',
  async run(session) {
    if (session.idPayload === undefined || !wordsOf(session.launch.scopes).includes('fhirUser'))
      return undefined;
    const claim = session.idPayload['fhirUser'];
    if (!isText(claim)) return ['the ID Token has no fhirUser'];
    const type = claim.split('/').at(-2) ?? '';
    if (!people.includes(type)) return [`fhirUser is a ${type}`];
    session.fhirUser = claim;
    const reply = await readUser(session, {});
    return unless(
      [reply.status === 200, `status ${reply.status}`],
      [reply.status !== 200 || reply.json?.['resourceType'] === type, 'another type was read'],
    );
  },
};

const fhirUserFromOrigin: SmartTest = {
  id: 'smart_cors_openid_fhir_user_claim',
  title: 'and from the app’s origin',
  async run(session) {
    if (session.fhirUser === undefined) return undefined;
    const reply = await readUser(session, { origin: appOrigin });
    return unless(
      [reply.status === 200, `status ${reply.status}`],
      [allowsOrigin(reply.headers), 'no CORS header'],
    );
  },
};

export const openidConnect = [decode, configuration, requiredFields, keys, header, payload, fhirUser];
export const openidConnectOfStu22 = [...openidConnect, fhirUserFromOrigin];
