// Searches that are wrong, absurd or meant to cost much: an OperationOutcome that names the parameter, or an empty answer, with
// bounded work and nothing leaked. Never a 5xx, on either database.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { SearchParam } from '../../src/fhir/definitions/definitions.ts';
import { classScopes, resourceScopes } from '../../src/smart/scopes.ts';
import { type TestPlace, testOnEachDatabase } from '../databases.ts';
import { type RunningPortico, startPortico, type Token } from '../portico.ts';

const everything = `openid ${[...classScopes, ...resourceScopes.filter((scope) => /^patient\/.*\.rs$/.test(scope))].join(' ')}`;

async function start(
  place: TestPlace,
  context: TestContext,
): Promise<{ server: RunningPortico; token: Token }> {
  const server = await startPortico(context, place);
  return { server, token: await server.token('cco', 'maria.delgado', everything) };
}

/** By POST, which takes longer texts than an address. */
async function post(
  server: RunningPortico,
  token: Token,
  type: string,
  pairs: readonly (readonly string[])[],
) {
  const started = performance.now();
  const answer = await fetch(`${server.base}/cco/fhir/${type}/_search`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token.access_token}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    // Commas as they are, so that more of them fit.
    body: new URLSearchParams(pairs.map(([name, value]) => [name!, value!]))
      .toString()
      .replaceAll('%2C', ','),
  });
  const text = await answer.text();
  return { status: answer.status, text, ms: performance.now() - started };
}

const oddValues = [
  '\0',
  'a\0b',
  '\ufffd',
  '%',
  '_',
  "'",
  "' or 1=1 --",
  '"',
  '\\',
  '\\\\',
  '\\,',
  ',',
  'a,',
  ',,,',
  '$',
  'a$',
  '$b',
  'a$b$c',
  '|',
  '||',
  '|||',
  'a|b|c|d|e',
  '-',
  'ge',
  'ne',
  '1e400',
  '-1e-400',
  '9999-12-31T23:59:60+14:00',
  '0000-01-01',
  'Patient/',
  '/',
  'urn:uuid:',
  '\u{10FFFF}',
  '𝒜́'.repeat(50),
  'x'.repeat(5000),
  '|'.repeat(300),
  '9'.repeat(400),
  '{"a":1}',
  '<x/>',
];
const modifiers = ['', 'missing', 'exact', 'contains', 'text', 'not', 'in', 'not-in', 'above', 'below'];
const moreModifiers = [
  'identifier',
  'of-type',
  'Patient',
  'iterate',
  '__proto__',
  'constructor',
  ':',
  ' ',
  '\0',
];

testOnEachDatabase('no value and no modifier brings the server down', async (place, context) => {
  const { server, token } = await start(place, context);
  const kinds = new Map<string, SearchParam>();
  for (const type of [
    'Observation',
    'Condition',
    'Location',
    'InsurancePlan',
    'QuestionnaireResponse',
    'Patient',
  ])
    for (const param of server.portico.plan.definitions.searchParams(type))
      if (!kinds.has(param.type)) kinds.set(param.type, param);
  assert.deepEqual([...kinds.keys()].sort(), [
    'composite',
    'date',
    'quantity',
    'reference',
    'special',
    'string',
    'token',
    'uri',
  ]);
  const names = [...kinds.values()].flatMap((param) =>
    [...modifiers, ...moreModifiers].map(
      (modifier) => [param.resourceType, modifier === '' ? param.code : `${param.code}:${modifier}`] as const,
    ),
  );
  for (const [type, name] of [...names, ['Patient', '_id'] as const, ['Patient', '_lastUpdated'] as const])
    for (const value of oddValues) {
      const { status, text } = await post(server, token, type, [[name, value]]);
      assert.ok(
        status === 200 || status === 400,
        `${type}?${name}=${JSON.stringify(value)}: ${status} ${text.slice(0, 300)}`,
      );
      if (status === 400) assert.doesNotMatch(text, /\.ts:|select |node_modules/);
    }
  for (const name of [
    '_filter',
    '_sort',
    '_count',
    '_total',
    '_summary',
    '_elements',
    '_include',
    '_revinclude',
    '_page',
    '_has:a:b:c',
  ])
    for (const value of oddValues) {
      const { status, text } = await post(server, token, 'Patient', [[name, value]]);
      assert.equal(status, 400, `${name}=${JSON.stringify(value)}: ${text.slice(0, 200)}`);
    }
});

const many = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n));

testOnEachDatabase('what is meant to cost much is refused, or answered soon', async (place, context) => {
  const { server, token } = await start(place, context);
  const all = server.portico.plan.definitions;
  const references = [...all.servedTypes].filter((type) =>
    all.searchParams(type).some(({ type: kind }) => kind === 'reference'),
  );
  const rows: [
    title: string,
    type: string,
    pairs: readonly (readonly string[])[],
    status: number,
    says: RegExp,
  ][] = [
    [
      '501 alternatives',
      'Observation',
      [['code', many(501, String).join()]],
      400,
      /^code: more than 500 values/,
    ],
    ['500 alternatives', 'Observation', [['code', many(500, String).join()]], 200, /./],
    ['500 dates', 'Observation', [['date', many(500, (n) => `ge${1500 + n}`).join()]], 200, /./],
    ['101 parameters', 'Observation', many(101, () => ['code', 'x']), 400, /More than 100 parameters/],
    ['100 parameters', 'Observation', many(100, () => ['code', 'x']), 200, /./],
    [
      '500 ids of any type',
      'List',
      [['item', many(500, (n) => `i${n}`).join()]],
      400,
      /^item: the search comes to more than/,
    ],
    [
      'many values in many parameters',
      'Observation',
      many(45, () => ['code', many(490, (n) => n.toString(36)).join()]),
      400,
      /^code: the search comes to more than 20000 values/,
    ],
    [
      'many value sets',
      'Condition',
      many(90, () => ['code:in', 'http://terminology.hl7.org/ValueSet/v3-Race']),
      400,
      /^code(:in)?: /,
    ],
    [
      'many conditions on the directory',
      'PractitionerRole',
      [...many(8, () => ['practitioner.name:contains', 'a']), ['specialty', 'x']],
      400,
      /^specialty: a search of the directory has at most 16 conditions/,
    ],
    [
      'as many as are taken',
      'PractitionerRole',
      many(8, () => ['practitioner.name:contains', 'a']),
      200,
      /./,
    ],
    [
      'a long chain',
      'Organization',
      [['partof.partof.partof.partof.partof.partof.name', 'x']],
      400,
      /more than 5 steps/,
    ],
    [
      'a chain that branches',
      'List',
      [['item.subject.subject.subject.subject.name', 'x']],
      400,
      /leads along more than 100 ways/,
    ],
    ['a chain through any type', 'Basic', [['subject.author.organization.name', 'x']], 200, /./],
    ['nested _has', 'Patient', [[`${'_has:Observation:patient:'.repeat(8)}code`, 'x']], 400, /./],
    ['_include of anything', 'List', [['_include', 'List:*']], 200, /./],
    [
      'cyclic includes',
      'Organization',
      [
        ['_include:iterate', 'Organization:partof'],
        ['_revinclude:iterate', 'Organization:partof'],
        ['_count', '5'],
      ],
      200,
      /./,
    ],
    [
      'every include of every type, again and again',
      'Encounter',
      [
        ...references.map((type): [string, string] => ['_include:iterate', `${type}:*`]),
        ...references.map((type): [string, string] => ['_revinclude:iterate', `${type}:*`]),
        ['_count', '500'],
      ],
      200,
      /./,
    ],
    [
      'more values than a database takes',
      'Observation',
      many(50, () => ['_filter', many(50, () => 'subject.name co a').join(' or ')]),
      400,
      /^The search comes to more than 32000 values/,
    ],
    ['4 sort keys', 'Patient', [['_sort', '_id,_lastUpdated,birthdate,name']], 400, /^_sort: more than 3/],
    ['a huge page', 'Patient', [['_count', '1000000']], 400, /^_count: '1000000'/],
    ['a page of less than nothing', 'Patient', [['_count', '-1']], 400, /^_count: '-1'/],
    [
      '101 elements',
      'Patient',
      [['_elements', many(101, () => 'name').join()]],
      400,
      /^_elements: more than 100/,
    ],
  ];
  for (const [title, type, pairs, status, says] of rows) {
    const answer = await post(server, token, type, pairs);
    assert.equal(answer.status, status, `${title}: ${answer.text.slice(0, 300)}`);
    assert.ok(answer.ms < 5000, `${title}: ${answer.ms} ms`);
    if (status === 400) {
      const { issue } = JSON.parse(answer.text) as { issue: { diagnostics: string }[] };
      assert.match(issue[0]!.diagnostics, says, title);
    }
  }
});

testOnEachDatabase('a page link that was altered anywhere is refused', async (place, context) => {
  const { server, token } = await start(place, context);
  const page = (await (await server.get('/cco/fhir/Observation?_count=2&_sort=date', token)).json()) as {
    link: { relation: string; url: string }[];
  };
  const { url } = page.link.find(({ relation }) => relation === 'next')!;
  assert.equal((await server.get(url, token)).status, 200);
  const begin = url.indexOf('_page=') + '_page='.length;
  // The last character stands for bits that no byte has.
  for (let at = begin; at < url.length - 1; at += 3) {
    const altered = `${url.slice(0, at)}${url[at] === 'A' ? 'B' : 'A'}${url.slice(at + 1)}`;
    const answer = await server.get(altered, token);
    assert.equal(answer.status, 400, `${at - begin}`);
    assert.match(await answer.text(), /_page: this link was not made/);
  }
  for (const cut of [begin, begin + 10, begin + 40, url.length - 4])
    assert.equal((await server.get(url.slice(0, cut), token)).status, 400);
  for (const more of ['&code=x', '&_count=3', '&_summary=true', '&_page=x', '&_sort=date'])
    assert.equal((await server.get(url + more, token)).status, 400, more);
});
