// Dates by precision (https://hl7.org/fhir/R4/search.html#date, #prefix): each prefix against each value, the specification's
// own examples among them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadDefinitions, type SearchParam } from '../../definitions/definitions.ts';
import type { Condition } from '../condition.ts';
import { date, readDate } from './date.ts';
import type { IndexPredicate, IndexRow } from './param-type.ts';

const now = Date.UTC(2026, 10, 24);
const param: SearchParam = loadDefinitions().searchParam('Observation', 'date')!;

const values = {
  day: '2013-01-14',
  'day from midnight': '2013-01-14T00:00:00Z',
  'day at ten': '2013-01-14T10:00:00Z',
  'next midnight': '2013-01-15T00:00:00Z',
  'before 21 Jan': { end: '2013-01-21' },
  'from 21 Jan': { start: '2013-01-21' },
  'from 15 Mar': { start: '2013-03-15' },
  '14 Mar': '2013-03-14',
  '21 Jan': '2013-01-21',
  '15 Jun 2015': '2015-06-15',
  year: '2013',
  month: '2013-01',
} as const;
type Name = keyof typeof values;

function holds(condition: Condition, row: Record<string, number>): boolean {
  if ('all' in condition) return condition.all.every((part) => holds(part, row));
  if ('any' in condition) return condition.any.some((part) => holds(part, row));
  assert.ok('column' in condition);
  const [value, wanted] = [row[condition.column]!, Number(condition.values[0])];
  return { '<': value < wanted, '<=': value <= wanted, '>': value > wanted, '>=': value >= wanted }[
    condition.comparison as '<'
  ];
}

function found(asked: string): Name[] {
  const { where } = date.predicate({ param, modifier: undefined, values: [asked], now }) as IndexPredicate;
  return (Object.keys(values) as Name[]).filter((name) => {
    const [row] = date.index([{ type: undefined, value: values[name] }], 0) as [IndexRow];
    return holds(where, row as unknown as Record<string, number>);
  });
}

const all = Object.keys(values) as Name[];
const without = (...names: Name[]) => all.filter((name) => !names.includes(name));
const inDay: Name[] = ['day', 'day from midnight', 'day at ten'];

for (const [asked, expected, why] of [
  ['eq2013-01-14', inDay, 'the range asked for contains that of the value'],
  ['2013-01-14', inDay, 'the same without a prefix'],
  ['ne2013-01-14', without(...inDay), 'the range asked for does not contain that of the value'],
  ['2013-01-14T10:00', ['day at ten'], 'a minute contains its first second'],
  ['2013-01-14T10:00:00Z', ['day at ten'], 'a second'],
  ['2013-01-14T11:00:00+01:00', ['day at ten'], 'the same second elsewhere'],
  ['2013-01-14T10:00:00.000Z', [], 'a millisecond does not contain a second'],
  ['2013-01', ['day', 'day from midnight', 'day at ten', 'next midnight', '21 Jan', 'month'], 'a month'],
  [
    'lt2013-01-14T10:00:00Z',
    ['day', 'day from midnight', 'before 21 Jan', 'year', 'month'],
    'the day includes the part of it before ten',
  ],
  [
    'gt2013-01-14T10:00:00Z',
    without('day from midnight', 'day at ten'),
    'the day includes the part of it after ten',
  ],
  ['gt2013-01-14', without(...inDay), 'what ends later'],
  ['lt2013-01-14', ['before 21 Jan', 'year', 'month'], 'what begins earlier'],
  [
    'ge2013-03-14',
    ['from 21 Jan', 'from 15 Mar', '14 Mar', '15 Jun 2015', 'year'],
    'from 21 January onwards goes beyond 14 March',
  ],
  ['le2013-03-14', without('from 15 Mar', '15 Jun 2015'), 'from 21 January onwards begins before 14 March'],
  ['sa2013-03-14', ['from 15 Mar', '15 Jun 2015'], 'wholly after'],
  [
    'eb2013-03-14',
    ['day', 'day from midnight', 'day at ten', 'next midnight', 'before 21 Jan', '21 Jan', 'month'],
    'wholly before',
  ],
  ['ap2013-03-14', without('15 Jun 2015'), 'within a tenth of the time that has passed since'],
  ['ap2026-11-23', ['from 21 Jan', 'from 15 Mar'], 'of yesterday, a day'],
] as const) {
  test(`${asked}: ${why}`, () => assert.deepEqual(found(asked), expected));
}

test('a date that is none says what is wrong with it', () => {
  for (const [text, says] of [
    ['2013-00', 'there is no month 00'],
    ['2013-13-01', 'there is no month 13'],
    ['2013-02-29', 'there is no day 29 in 2013-02'],
    ['2012-02-30', 'there is no day 30 in 2012-02'],
    ['2013-04-31', 'there is no day 31 in 2013-04'],
    ['2013-01-14T24:00', 'there is no hour 24'],
    ['2013-01-14T10:60', 'there is no minute 60'],
    ['2013-01-14T10:00:61', 'there is no second 61'],
    ['13-01-14', 'expected'],
    ['2013-1-1', 'expected'],
    ['2013-01-14T10', 'expected'],
    ['20130114', 'expected'],
    ['', 'expected'],
  ] as const)
    assert.ok(String(readDate(text)).startsWith(says), `${text}: ${JSON.stringify(readDate(text))}`);
  for (const text of [
    '0001-01-01',
    '9999-12-31',
    '2012-02-29',
    '2016-12-31T23:59:60Z',
    '2013-01-14T10:00:00 02:00',
  ])
    assert.equal(typeof readDate(text), 'object', text);
});
