// What the server says of itself in four documents, field by field, for each line, at one address and on hosts of their own.
// https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html, https://www.rfc-editor.org/rfc/rfc8414#section-2,
// https://hl7.org/fhir/smart-app-launch/1.0.0/conformance/index.html
import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Config, Line } from '../../src/config/config.ts';
import { sqlitePlace } from '../databases.ts';
import { type RunningPortico, startPortico } from '../portico.ts';

type Json = Record<string, unknown>;

const ownHosts: readonly Line[] = [
  {
    id: 'cco',
    name: 'CCO',
    portalUrl: 'https://ccoportal.example.org',
    fhirUrl: 'https://interop-cco.api.example.org',
  },
  {
    id: 'advantage',
    name: 'Advantage',
    portalUrl: 'https://adv.example.org/my/portal',
    fhirUrl: 'https://adv.example.org/my/fhir',
  },
];

for (const [where, settings] of [
  ['at one address', {}],
  ['on hosts of their own', { mode: 'production', lines: ownHosts }],
] as const satisfies readonly (readonly [string, Partial<Config>])[]) {
  describe(`the documents of discovery agree, ${where}`, () => {
    let server: RunningPortico;
    const ends: (() => unknown)[] = [];
    before(async () => {
      const context = { after: (end: () => unknown) => ends.unshift(end) } as unknown as TestContext;
      server = await startPortico(context, await sqlitePlace(context), settings);
    });
    after(async () => {
      for (const end of ends) await end();
    });

    const read = async (url: string, headers: Record<string, string> = {}): Promise<Json> => {
      const { host, pathname } = new URL(url);
      const answer = await server.portico.app.inject({
        url: pathname,
        headers: { host, accept: 'application/json', ...headers },
      });
      assert.equal(answer.statusCode, 200, `${url}: ${answer.body}`);
      assert.match(String(answer.headers['content-type']), /^application\/(fhir\+)?json/);
      assert.ok(answer.headers['access-control-allow-origin'] !== undefined, url);
      return answer.json<Json>();
    };

    for (const id of ['cco', 'advantage']) {
      test(`of ${id}`, async () => {
        const line = lineOf(server, settings, id);
        const origin = { origin: 'https://any.example' };
        const openid = await read(`${line.portalUrl}/.well-known/openid-configuration`, origin);
        const rfc8414 = await read(`${line.portalUrl}/.well-known/oauth-authorization-server`, origin);
        const smart = await read(`${line.fhirUrl}/.well-known/smart-configuration`);
        const metadata = await read(`${line.fhirUrl}/metadata`);

        assert.deepEqual(rfc8414, openid);
        const { capabilities, ...fields } = smart;
        assert.deepEqual(fields, openid);
        assert.ok(Array.isArray(capabilities) && capabilities.includes('launch-standalone'));

        const uris = Object.fromEntries(oauthUris(metadata));
        assert.deepEqual(uris, {
          authorize: smart.authorization_endpoint,
          token: smart.token_endpoint,
          introspect: smart.introspection_endpoint,
          revoke: smart.revocation_endpoint,
          manage: smart.management_endpoint,
          ...(smart.registration_endpoint === undefined ? {} : { register: smart.registration_endpoint }),
        });

        assert.equal(openid.issuer, line.portalUrl);
        for (const [name, value] of Object.entries(openid))
          if (/(_endpoint|_uri|_documentation)$/.test(name))
            assert.ok(URL.canParse(String(value)) && /^https?:\/\//.test(String(value)), name);
        for (const [name, value] of Object.entries(openid))
          if (/_(endpoint|uri)$/.test(name)) assert.ok(String(value).startsWith(`${line.portalUrl}/`), name);
      });

      test(`what ${id} says of clients is what it takes`, async () => {
        const line = lineOf(server, settings, id);
        const smart = await read(`${line.fhirUrl}/.well-known/smart-configuration`);
        assert.deepEqual([...(smart.token_endpoint_auth_methods_supported as string[])].sort(), [
          'client_secret_basic',
          'client_secret_post',
          'none',
          'private_key_jwt',
        ]);
        assert.deepEqual(smart.code_challenge_methods_supported, ['S256']);
        const grants = smart.grant_types_supported as string[];
        for (const grant of ['authorization_code', 'refresh_token']) assert.ok(grants.includes(grant));
        assert.deepEqual(smart.response_types_supported, ['code', 'code id_token']);
        for (const algorithm of ['RS384', 'ES384'])
          assert.ok(
            (smart.token_endpoint_auth_signing_alg_values_supported as string[]).includes(algorithm),
            algorithm,
          );
      });
    }
  });
}

function lineOf(server: RunningPortico, settings: Partial<Config>, id: string): Line {
  const known = settings.lines?.find((line) => line.id === id);
  return known ?? { id, name: id, portalUrl: `${server.base}/${id}`, fhirUrl: `${server.base}/${id}/fhir` };
}

function oauthUris(metadata: Json): [string, string][] {
  const { rest } = metadata as {
    rest: { security: { extension: { url: string; extension: { url: string; valueUri: string }[] }[] } }[];
  };
  const [found] = rest[0]!.security.extension;
  return found!.extension.map(({ url, valueUri }) => [url, valueUri]);
}
