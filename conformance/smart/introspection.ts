// The introspection groups: https://hl7.org/fhir/smart-app-launch/STU2.2/token-introspection.html (RFC 7662). The suites send
// an Authorization header of the tester's choice: the app's own, by Basic.
import { basic, isText, type Session, type SmartTest, unless, wordsOf } from './session.ts';

const introspect = async (session: Session, token: string) => {
  const url = session.endpoint('introspection_endpoint');
  const { app } = session.launch;
  if (url === undefined || app.kind !== 'symmetric') return undefined;
  return session.ask(url, {
    method: 'POST',
    headers: { accept: 'application/json', authorization: basic(app) },
    body: new URLSearchParams({ token }),
  });
};

const active: SmartTest = {
  id: 'smart_token_introspection_request_group-Test01',
  title: 'an active token is answered with 200 and JSON',
  async run(session) {
    if (!isText(session.bearer())) return undefined;
    const reply = await introspect(session, session.bearer());
    session.activeIntrospection = reply;
    return (
      reply &&
      unless([reply.status === 200, `status ${reply.status}`], [reply.json !== undefined, 'not JSON'])
    );
  },
};

const invalid: SmartTest = {
  id: 'smart_token_introspection_request_group-Test02',
  title: 'and so is a token that never was',
  async run(session) {
    const reply = await introspect(session, 'invalid_token_value');
    session.invalidIntrospection = reply;
    return (
      reply &&
      unless([reply.status === 200, `status ${reply.status}`], [reply.json !== undefined, 'not JSON'])
    );
  },
};

const activeFields: SmartTest = {
  id: 'smart_token_introspection_response_group-Test01',
  title: 'active, client_id, scope, exp, patient, and of the ID Token iss, sub and fhirUser',
  run(session) {
    const told = session.activeIntrospection?.json;
    if (told === undefined) return undefined;
    const scopes = wordsOf(told['scope']);
    const granted = wordsOf(session.scope);
    const id = session.idPayload ?? {};
    return unless(
      [told['active'] === true, 'active is not true'],
      [told['client_id'] === session.launch.app.clientId, 'another client_id'],
      [scopes.length === granted.length && granted.every((scope) => scopes.includes(scope)), 'other scopes'],
      [Number(told['exp']) >= Date.now() / 1000 - 600, 'exp'],
      [told['patient'] === session.token?.json?.['patient'], 'another patient'],
      ...['iss', 'sub', 'fhirUser'].map((name) => [told[name] === id[name], `another ${name}`] as const),
    );
  },
};

const invalidFields: SmartTest = {
  id: 'smart_token_introspection_response_group-Test02',
  title: 'of a token that never was nothing but active: false',
  run(session) {
    const told = session.invalidIntrospection?.json;
    if (told === undefined) return undefined;
    return unless(
      [told['active'] === false, 'active is not false'],
      [Object.keys(told).length === 1, 'more is told'],
    );
  },
};

export const introspectionGroup = [active, invalid, activeFields, invalidFields];
