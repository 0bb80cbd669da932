// string: names, addresses and plain text, by default from their start, without case and diacritics
// (https://hl7.org/fhir/R4/search.html#string).
import { all, any, type Condition, compare } from '../condition.ts';
import {
  type IndexRow,
  missingPredicate,
  type ParamType,
  UnsupportedModifier,
  unescapeValue,
} from './param-type.ts';

const longest = 200;

export const string: ParamType = {
  index(nodes, ord) {
    const rows: IndexRow[] = [];
    for (const { value } of nodes) for (const text of textsOf(value)) rows.push(stringRow(text, ord));
    return rows;
  },

  predicate(ask) {
    const missing = missingPredicate(ask, 'idx_string');
    if (missing !== undefined) return missing;
    const { modifier } = ask;
    if (modifier !== undefined && modifier !== 'exact' && modifier !== 'contains')
      throw new UnsupportedModifier(ask.param, modifier);
    const texts = ask.values.filter((value) => value !== '').map(unescapeValue);
    return {
      table: 'idx_string',
      negate: false,
      where: any(
        texts.map((text) => {
          const norm = normalize(text);
          if (ask.operator === 'equals') return compare('norm', '=', norm);
          // Of nothing but signs every text would be the end.
          if (ask.operator === 'ends')
            return norm === '' ? compare('value', '=', cut(text)) : compare('norm', 'like', `%${norm}`);
          if (modifier === 'exact') return all(compare('norm', '=', norm), compare('value', '=', cut(text)));
          // Nothing that LIKE would read as a sign is left by normalize.
          return modifier === 'contains' && norm !== ''
            ? compare('norm', 'like', `%${norm}%`)
            : beginsWith(text);
        }),
      ),
    };
  },
};

export function stringRow(text: string, ord: number): IndexRow {
  return { table: 'idx_string', norm: normalize(text), value: cut(text), ord };
}

/** As a string is matched without a modifier. */
export function beginsWith(text: string): Condition {
  const norm = normalize(text);
  // Of a text without letters and digits nothing is left to compare; it is taken as it is written.
  return norm === '' ? startsWith('value', cut(text)) : startsWith('norm', norm);
}

function startsWith(column: string, text: string): Condition {
  return all(compare(column, '>=', text), compare(column, '<', `${text}\u{10FFFF}`));
}

/** Case, diacritics, punctuation and the amount of white space make no difference. */
export function normalize(text: string): string {
  return cut(text)
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
    .slice(0, longest);
}

function cut(text: string): string {
  return text.length > longest ? text.slice(0, longest) : text;
}

/** A string itself; of a HumanName or an Address each of its texts. */
function* textsOf(value: unknown): Generator<string> {
  if (typeof value === 'string') {
    if (value !== '') yield value;
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const { text, family, given, prefix, suffix, line, city, district, state, postalCode, country } =
    value as Record<string, unknown>;
  for (const part of [
    text,
    family,
    given,
    prefix,
    suffix,
    line,
    city,
    district,
    state,
    postalCode,
    country,
  ]) {
    for (const item of Array.isArray(part) ? part : [part])
      if (typeof item === 'string' && item !== '') yield item;
  }
}
