// /metadata says what the guides look for, for each line, to everybody.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadGuides } from '../../src/fhir/definitions/guides.ts';
import { structureCheck } from '../../src/fhir/validate/check-structure.ts';
import { sqlitePlace } from '../databases.ts';
import { startPortico } from '../portico.ts';

interface Statement {
  readonly instantiates: readonly string[];
  readonly rest: readonly {
    readonly resource: readonly {
      readonly type: string;
      readonly supportedProfile?: readonly string[];
      readonly extension?: readonly {
        readonly url: string;
        readonly extension: readonly { readonly url: string; readonly valueString?: string }[];
      }[];
      readonly searchParam: readonly { readonly name: string }[];
      readonly searchInclude?: readonly string[];
      readonly searchRevInclude?: readonly string[];
    }[];
  }[];
}

/** Of other APIs than a member's app reads: what is exchanged between payers, and terminology. */
const elsewhere = new Set(['Group', 'ValueSet']);

test('/metadata declares what every guide names', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  for (const line of ['cco', 'advantage']) {
    const answer = await server.get(`/${line}/fhir/metadata`);
    assert.equal(answer.status, 200);
    const statement = (await answer.json()) as Statement;
    assert.deepEqual(structureCheck()(statement), []);
    const missing: string[] = [];
    for (const guide of loadGuides()) {
      for (const canonical of guide.capabilities)
        for (const form of [canonical, canonical.split('|')[0]!])
          if (!statement.instantiates.includes(form)) missing.push(`${guide.id} instantiates ${form}`);
      for (const [type, demanded] of Object.entries(guide.resources)) {
        if (elsewhere.has(type)) continue;
        const declared = statement.rest[0]!.resource.find((resource) => resource.type === type);
        const names = declared?.searchParam.map((param) => param.name) ?? [];
        const combined = (declared?.extension ?? []).map((combination) =>
          combination.extension
            .flatMap((part) => (part.url === 'required' ? [part.valueString!] : []))
            .sort()
            .join('&'),
        );
        const check = (what: string, wanted: Iterable<string>, have: readonly string[]) => {
          for (const one of wanted)
            if (!have.includes(one)) missing.push(`${guide.id} ${type} ${what} ${one}`);
        };
        check('profile', demanded.profiles, declared?.supportedProfile ?? []);
        check('param', Object.keys(demanded.params), names);
        const whole = demanded.combinations.filter(({ params }) =>
          params.every((code) => names.includes(code)),
        );
        check(
          'combination',
          whole.map(({ params }) => [...params].sort().join('&')),
          combined,
        );
        // Guides write an include with its target type, or without the type it starts from.
        const start = (include: string) => include.split(':').slice(0, 2).join(':');
        const full = (include: string) => (include.includes(':') ? start(include) : `${type}:${include}`);
        check('_include', Object.keys(demanded.includes).map(full), declared?.searchInclude ?? []);
        check('_revinclude', Object.keys(demanded.revIncludes).map(start), declared?.searchRevInclude ?? []);
      }
    }
    assert.deepEqual(missing, []);
  }
});

test('smart-configuration is JSON whatever the request accepts (SMART App Launch 2.2, conformance)', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const path = '/cco/fhir/.well-known/smart-configuration';
  const usual = await (await server.get(path)).text();
  assert.ok((JSON.parse(usual) as { scopes_supported: string[] }).scopes_supported.length > 100);
  for (const accept of ['text/html', 'application/fhir+xml', 'image/png', '*/*;q=0', 'nonsense'])
    for (const query of ['', '?_format=xml', '?_format=nonsense', '?_pretty=x']) {
      const answer = await server.get(path + query, undefined, { accept });
      assert.equal(answer.status, 200, accept + query);
      assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8');
      assert.equal(await answer.text(), usual);
    }
});
