// date: intervals by the precision of what is written (https://hl7.org/fhir/R4/search.html#date). A value without a
// time zone is read as UTC on both sides.
import { all, any, type Condition, compare } from '../condition.ts';
import {
  type IndexRow,
  InvalidParamValue,
  missingPredicate,
  type ParamType,
  refuseModifier,
} from './param-type.ts';

/** Milliseconds of an open end. */
export const earliest = -8_640_000_000_000_000;
export const latest = 8_640_000_000_000_000;

export interface Interval {
  /** Epoch milliseconds, both inclusive. */
  readonly lo: number;
  readonly hi: number;
}

type Json = Record<string, unknown>;

export const date: ParamType = {
  index(nodes, ord) {
    const rows: IndexRow[] = [];
    for (const { value } of nodes) {
      const interval = intervalOf(value);
      if (interval !== undefined) rows.push({ table: 'idx_date', ...interval, ord });
    }
    return rows;
  },

  predicate(ask) {
    const missing = missingPredicate(ask, 'idx_date');
    if (missing !== undefined) return missing;
    refuseModifier(ask);
    const wanted = ask.values.filter((value) => value !== '').map((value) => parse(value, ask.now));
    return {
      table: 'idx_date',
      // `ne` is true of a resource one of whose values differs, which is no negation of the whole.
      negate: false,
      where: any(wanted.map(compared)),
    };
  },
};

interface Wanted extends Interval {
  readonly prefix: string;
}

function compared({ prefix, lo, hi }: Wanted): Condition {
  const inside = all(compare('lo', '>=', lo), compare('hi', '<=', hi));
  switch (prefix) {
    case 'ne':
      return any([compare('lo', '<', lo), compare('hi', '>', hi)]);
    case 'gt':
      return compare('hi', '>', hi);
    case 'ge':
      // The range above overlaps, or the range of the value contains the whole.
      return any([compare('hi', '>', hi), inside]);
    case 'lt':
      return compare('lo', '<', lo);
    case 'le':
      return any([compare('lo', '<', lo), inside]);
    case 'sa':
      return compare('lo', '>', hi);
    case 'eb':
      return compare('hi', '<', lo);
    case 'ap':
      return all(compare('lo', '<=', hi), compare('hi', '>=', lo));
    default:
      return inside;
  }
}

function parse(value: string, now: number): Wanted {
  const [, prefix = 'eq', rest = ''] = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.*)$/s.exec(value) ?? [];
  const interval = readDate(rest);
  if (typeof interval === 'string') throw new InvalidParamValue(`'${value}' is not a date: ${interval}`);
  if (prefix !== 'ap') return { prefix, ...interval };
  // "10% of the gap between now and the date"; of today, at least a day.
  const gap = Math.max(interval.lo - now, now - interval.hi, 0);
  const slack = Math.max(Math.round(gap / 10), 86_400_000);
  return { prefix, lo: interval.lo - slack, hi: interval.hi + slack };
}

const datePattern =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/;

/** The interval that a date, dateTime or instant stands for, or a sentence that says why it is none. */
export function readDate(text: string): Interval | string {
  // A plus sign that was not percent-encoded arrives as a space.
  const match = datePattern.exec(text.replace(/ (?=\d\d:\d\d$)/, '+'));
  if (match === null) return 'expected YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with a time zone';
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  const [y, mo, d] = [Number(year), Number(month ?? 1), Number(day ?? 1)];
  if (mo < 1 || mo > 12) return `there is no month ${month}`;
  if (d < 1 || d > daysIn(y, mo)) return `there is no day ${day} in ${year}-${month}`;
  if (Number(hour ?? 0) > 23) return `there is no hour ${hour}`;
  if (Number(minute ?? 0) > 59) return `there is no minute ${minute}`;
  if (Number(second ?? 0) > 60) return `there is no second ${second}`;
  const start =
    utc(y, mo, d, Number(hour ?? 0), Number(minute ?? 0), Math.min(Number(second ?? 0), 59)) - offsetOf(zone);
  if (month === undefined) return { lo: start, hi: utc(y + 1, 1, 1, 0, 0, 0) - 1 };
  if (day === undefined)
    return { lo: start, hi: (mo === 12 ? utc(y + 1, 1, 1, 0, 0, 0) : utc(y, mo + 1, 1, 0, 0, 0)) - 1 };
  if (hour === undefined) return { lo: start, hi: start + 86_399_999 };
  if (second === undefined) return { lo: start, hi: start + 59_999 };
  if (fraction === undefined) return { lo: start, hi: start + 999 };
  const width = fraction.length >= 3 ? 1 : 10 ** (3 - fraction.length);
  const lo = start + Number(fraction.slice(0, 3).padEnd(3, '0'));
  return { lo, hi: lo + width - 1 };
}

function daysIn(year: number, month: number): number {
  return [
    31,
    (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28,
    31,
    30,
    31,
    30,
    31,
    31,
    30,
    31,
    30,
    31,
  ][month - 1]!;
}

/** As Date.UTC, without its reading of the years 0 to 99. */
function utc(year: number, month: number, day: number, hour: number, minute: number, second: number): number {
  if (year >= 100) return Date.UTC(year, month - 1, day, hour, minute, second);
  return new Date(0).setUTCFullYear(year, month - 1, day) + ((hour * 60 + minute) * 60 + second) * 1000;
}

function offsetOf(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0;
  const [hours, minutes] = zone.slice(1).split(':').map(Number) as [number, number];
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/** Of a date, a Period, or a Timing, whose events span the interval. */
function intervalOf(value: unknown): Interval | undefined {
  if (typeof value === 'string') {
    const interval = readDate(value);
    return typeof interval === 'string' ? undefined : interval;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { start, end, event, repeat } = value as Json;
  if (Array.isArray(event)) return span(event.map(intervalOf));
  if (typeof repeat === 'object' && repeat !== null) return intervalOf((repeat as Json)['boundsPeriod']);
  if (typeof start !== 'string' && typeof end !== 'string') return undefined;
  const from = typeof start === 'string' ? readDate(start) : { lo: earliest, hi: earliest };
  const to = typeof end === 'string' ? readDate(end) : { lo: latest, hi: latest };
  if (typeof from === 'string' || typeof to === 'string') return undefined;
  return { lo: from.lo, hi: to.hi };
}

function span(intervals: readonly (Interval | undefined)[]): Interval | undefined {
  const known = intervals.filter((interval) => interval !== undefined);
  if (known.length === 0) return undefined;
  return { lo: Math.min(...known.map(({ lo }) => lo)), hi: Math.max(...known.map(({ hi }) => hi)) };
}
