// The apps and people that the suites are run with at a sandbox.
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import type { SmartApps, SmartPeople } from './run-smart.ts';
import { redirectUri, type SmartApp } from './session.ts';
import { visitAs } from './visit.ts';

/** What `create` of the registry and `portico app create` take. */
export interface Registration {
  readonly name: string;
  readonly redirectUris: readonly string[];
  readonly public?: boolean;
  readonly pkceOptional?: boolean;
  readonly jwks?: { readonly keys: readonly object[] };
}

export type Register = (
  app: Registration,
) => Promise<{ readonly client_id: string; readonly client_secret?: string }>;

export async function registerApps(register: Register): Promise<SmartApps> {
  const named = { name: 'SMART conformance', redirectUris: [redirectUri] };
  const withSecret = async (more: Partial<Registration>): Promise<SmartApp> => {
    const { client_id, client_secret = '' } = await register({ ...named, ...more });
    return { kind: 'symmetric', clientId: client_id, secret: client_secret };
  };
  const withKey = async (alg: string): Promise<SmartApp> => {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const kid = `conformance-${alg}`;
    const shown: JWK = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
    const { client_id } = await register({ ...named, jwks: { keys: [shown] } });
    return {
      kind: 'asymmetric',
      clientId: client_id,
      privateKey: { ...(await exportJWK(privateKey)), kid, alg },
    };
  };
  return {
    public: { kind: 'public', clientId: (await register({ ...named, public: true })).client_id },
    symmetric: await withSecret({}),
    withoutPkce: await withSecret({ pkceOptional: true }),
    RS384: await withKey('RS384'),
    ES384: await withKey('ES384'),
  };
}

/** @param root `http://localhost:3000` */
export async function sandboxPeople(root: string): Promise<SmartPeople> {
  const answer = await fetch(`${root}/sandbox/members.json`);
  if (!answer.ok) throw new Error(`${root} is no sandbox: ${answer.status}`);
  const members = (await answer.json()) as { line: string; username: string; password: string }[];
  const person = (line: string, username: string, patient?: string) => {
    const member = members.find((one) => one.line === line && one.username === username);
    if (member === undefined) throw new Error(`no test member ${username}`);
    const { password } = member;
    const chosen = patient === undefined ? {} : { patient };
    return { base: `${root}/${line}/fhir`, visit: visitAs(root, { username, password, ...chosen }) };
  };
  return {
    member: person('cco', 'james.okafor'),
    parent: person('cco', 'maria.delgado', 'cco-100003'),
    representative: person('advantage', 'leila.haddad'),
  };
}
