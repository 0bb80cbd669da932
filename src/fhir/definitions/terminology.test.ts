// Expansion of value sets and lineage in code systems (https://hl7.org/fhir/R4/valueset.html#compositions).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ValueSetFacts } from './guide-facts.ts';
import { createTerminology, loadTerminology } from './terminology.ts';

const valueSets: Readonly<Record<string, ValueSetFacts>> = {
  whole: { include: [{ system: 's' }] },
  some: { include: [{ system: 's', some: true }] },
  two: {
    include: [
      { system: 's', codes: ['a'] },
      { system: 't', codes: ['a', 'x'] },
    ],
  },
  without: { include: [{ system: 's' }], exclude: [{ system: 's', codes: ['b'] }] },
  both: { include: [{ system: 's', valueSets: ['two'] }] },
  other: { include: [{ valueSets: ['without'] }] },
  unknown: { include: [{ system: 'no-such' }] },
  'of unknown': { include: [{ valueSets: ['no-such'] }, { system: 's' }] },
  circle: { include: [{ valueSets: ['circle'] }] },
};
const terminology = createTerminology(
  () => ({
    valueSet: (url) => valueSets[url],
    codeSystem: (url) => (url === 's' ? new Set(['a', 'b', 'c']) : undefined),
  }),
  () =>
    new Map([
      [
        's',
        new Map([
          ['', ['a']],
          ['a', ['b', 'c']],
          ['b', ['c', 'a']],
        ]),
      ],
    ]),
);

test('lists the codes that a value set holds, or none at all where it cannot list them all', () => {
  const codes = (url: string) => terminology.codesOf(url)?.map(({ system, code }) => `${system}|${code}`);
  assert.deepEqual(codes('whole'), ['s|a', 's|b', 's|c']);
  assert.deepEqual(codes('two'), ['s|a', 't|a', 't|x']);
  assert.deepEqual(codes('without'), ['s|a', 's|c']);
  assert.deepEqual(codes('both'), ['s|a']);
  assert.deepEqual(codes('other'), ['s|a', 's|c']);
  for (const url of ['some', 'unknown', 'of unknown', 'circle', 'no-such'])
    assert.equal(codes(url), undefined, url);
});

test('finds what is above and below a code, in a circle too', () => {
  assert.deepEqual(terminology.lineage('s', 'c', 'below'), ['c']);
  assert.deepEqual(terminology.lineage('s', 'c', 'above'), ['c', 'a', 'b']);
  assert.deepEqual(terminology.lineage('s', 'a', 'below'), ['a', 'b', 'c']);
  assert.deepEqual(terminology.lineage('s', 'no-such', 'below'), ['no-such']);
  assert.equal(terminology.lineage('t', 'a', 'below'), undefined);
});

test('knows the race codes of US Core and the actuality of R4’s conditions', () => {
  const own = loadTerminology();
  const race = own.lineage('urn:oid:2.16.840.1.113883.6.238', '1002-5', 'below')!;
  assert.ok(race.includes('1004-1') && race.length > 500, `${race.length} codes`);
  assert.ok(
    own
      .codesOf('http://hl7.org/fhir/ValueSet/condition-clinical')!
      .some(({ system, code }) => system.endsWith('/condition-clinical') && code === 'relapse'),
  );
});
