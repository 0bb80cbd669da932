// token: codes, identifiers, contact points and booleans (https://hl7.org/fhir/R4/search.html#token).
import { all, any, compare } from '../condition.ts';
import type { TypedNode } from '../expression/compile-expression.ts';
import { indexable } from './indexable.ts';
import {
  type IndexRow,
  InvalidParamValue,
  missingPredicate,
  type ParamAsk,
  type ParamType,
  splitUnescaped,
  UnsupportedModifier,
} from './param-type.ts';

type Json = Record<string, unknown>;

export const token: ParamType = {
  index(nodes, ord) {
    const rows: IndexRow[] = [];
    for (const node of nodes) indexNode(rows, node, ord);
    return rows;
  },

  predicate(ask) {
    const missing = missingPredicate(ask, 'idx_token');
    if (missing !== undefined) return missing;
    if (ask.modifier !== undefined && ask.modifier !== 'not')
      throw new UnsupportedModifier(ask.param, ask.modifier);
    const wanted = ask.values.filter((value) => value !== '').map((value) => parse(ask, value));
    return {
      table: 'idx_token',
      negate: ask.modifier === 'not',
      where: any(
        wanted.map(({ system, code }) =>
          all(
            ...(code === undefined ? [] : [compare('code', '=', indexable(code))]),
            ...(system === undefined ? [] : [compare('system', '=', indexable(system))]),
          ),
        ),
      ),
    };
  },
};

/** `code`, `system|code`, `|code` (no system), `system|` (any code). */
function parse(ask: ParamAsk, value: string): { system: string | undefined; code: string | undefined } {
  const parts = splitUnescaped(value, '|');
  if (parts.length > 2)
    throw new InvalidParamValue(
      `'${value}' has more than one '|'; escape those of the value with a backslash`,
    );
  if (parts.length === 1) return { system: undefined, code: parts[0]! };
  const [system, code] = parts as [string, string];
  if (system === '' && code === '')
    throw new InvalidParamValue(`'${ask.values.join(',')}' names neither system nor code`);
  return { system, code: code === '' ? undefined : code };
}

function indexNode(rows: IndexRow[], { type, value }: TypedNode, ord: number): void {
  if (typeof value === 'string') row(rows, value, '', ord);
  else if (typeof value === 'boolean' || typeof value === 'number') row(rows, String(value), '', ord);
  else if (typeof value === 'object' && value !== null) indexObject(rows, type, value as Json, ord);
}

function indexObject(rows: IndexRow[], type: string | undefined, value: Json, ord: number): void {
  const codings = value['coding'];
  if (Array.isArray(codings)) for (const coding of codings) indexCoding(rows, coding, ord);
  // A Coding has a code, an Identifier and a ContactPoint a value.
  else if (value['code'] !== undefined && type !== 'Quantity') indexCoding(rows, value, ord);
  else if (typeof value['value'] === 'string') {
    // The system of a ContactPoint is a kind (phone, email), which is not what a search names.
    const system = isContactPoint(value) ? '' : stringOf(value['system']);
    row(rows, value['value'], system, ord);
  }
}

function indexCoding(rows: IndexRow[], coding: unknown, ord: number): void {
  if (typeof coding !== 'object' || coding === null) return;
  const { code, system } = coding as Json;
  if (typeof code === 'string') row(rows, code, stringOf(system), ord);
}

function isContactPoint(value: Json): boolean {
  return (
    typeof value['system'] === 'string' && /^(phone|fax|email|pager|url|sms|other)$/.test(value['system'])
  );
}

function row(rows: IndexRow[], code: string, system: string, ord: number): void {
  if (code !== '') rows.push({ table: 'idx_token', code: indexable(code), system: indexable(system), ord });
}

function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
