// token: codes, identifiers, contact points and booleans (https://hl7.org/fhir/R4/search.html#token).
import { all, any, type Condition, compare, oneOf } from '../condition.ts';
import type { TypedNode } from '../expression/compile-expression.ts';
import { indexable } from './indexable.ts';
import {
  type IndexPredicate,
  type IndexRow,
  InvalidParamValue,
  missingPredicate,
  type ParamAsk,
  type ParamType,
  splitUnescaped,
  UnsupportedModifier,
  UnsupportedValue,
  unescapeValue,
} from './param-type.ts';
import { beginsWith, stringRow } from './string.ts';

type Json = Record<string, unknown>;

export const token: ParamType = {
  index(nodes, ord) {
    const rows: IndexRow[] = [];
    for (const node of nodes) indexNode(rows, node, ord);
    return rows;
  },

  beside: { text: textRows, 'of-type': ofTypeRows },

  predicate(ask) {
    const missing = missingPredicate(ask, 'idx_token');
    if (missing !== undefined) return missing;
    const values = ask.values.filter((value) => value !== '');
    const predicate = (where: readonly Condition[], negate = false): IndexPredicate => ({
      table: 'idx_token',
      negate,
      where: any(where),
    });
    switch (ask.modifier) {
      case undefined:
        return predicate(values.map((value) => tokenCondition(value)));
      case 'not':
        return predicate(
          values.map((value) => tokenCondition(value)),
          true,
        );
      case 'text':
        return {
          table: 'idx_string',
          beside: 'text',
          negate: false,
          where: any(values.map((value) => beginsWith(unescapeValue(value)))),
        };
      case 'of-type':
        return { ...predicate(values.map(ofTypeCondition)), beside: 'of-type' };
      case 'in':
      case 'not-in':
        return predicate(
          values.flatMap((value) => inValueSet(ask, unescapeValue(value))),
          ask.modifier === 'not-in',
        );
      case 'above':
      case 'below': {
        const { modifier } = ask;
        return predicate(values.map((value) => inHierarchy(ask, value, modifier)));
      }
      default:
        throw new UnsupportedModifier(ask.param, ask.modifier);
    }
  },
};

/** @throws {InvalidParamValue} */
export function tokenCondition(value: string): Condition {
  const { system, code } = parse(value);
  return all(
    ...(code === undefined ? [] : [compare('code', '=', indexable(code))]),
    ...(system === undefined ? [] : [compare('system', '=', indexable(system))]),
  );
}

/** `system|code|value`: the type of an Identifier, and its value. */
function ofTypeCondition(text: string): Condition {
  const [system, code, value, ...more] = splitUnescaped(text, '|');
  if (code === undefined || value === undefined || more.length > 0 || code === '' || value === '')
    throw new InvalidParamValue(`'${text}' is not of the form system|code|value`);
  const typed = compare('code', '=', indexable(typedValue(code, value)));
  return system === '' ? typed : all(typed, compare('system', '=', indexable(system!)));
}

const codesAtMost = 2000;

function inValueSet({ terminology }: ParamAsk, url: string): Condition[] {
  const codes = terminology?.codesOf(url);
  if (codes === undefined)
    throw new InvalidParamValue(`the value set '${url}' is not known here, or its codes cannot be listed`);
  const bySystem = Object.groupBy(codes, ({ system }) => system);
  return Object.entries(bySystem).map(([system, entries = []]) => {
    if (entries.length > codesAtMost)
      throw new InvalidParamValue(`the value set '${url}' has more than ${codesAtMost} codes of a system`);
    // What is a code and no Coding has no system.
    return all(
      oneOf('system', [indexable(system), '']),
      oneOf(
        'code',
        entries.map(({ code }) => indexable(code)),
      ),
    );
  });
}

function inHierarchy({ terminology }: ParamAsk, value: string, modifier: 'above' | 'below'): Condition {
  const { system, code } = parse(value);
  if (system === undefined || system === '' || code === undefined)
    throw new InvalidParamValue(`'${value}' is not of the form system|code, which :${modifier} needs`);
  const codes = terminology?.lineage(system, code, modifier);
  if (codes === undefined)
    throw new UnsupportedValue(
      `:${modifier} is not supported for the code system '${system}', whose hierarchy is not known here`,
    );
  return all(oneOf('system', [indexable(system), '']), oneOf('code', codes.map(indexable)));
}

/** `code`, `system|code`, `|code` (no system), `system|` (any code). */
function parse(value: string): { system: string | undefined; code: string | undefined } {
  const parts = splitUnescaped(value, '|');
  if (parts.length > 2)
    throw new InvalidParamValue(
      `'${value}' has more than one '|'; escape those of the value with a backslash`,
    );
  if (parts.length === 1) return { system: undefined, code: parts[0]! };
  const [system, code] = parts as [string, string];
  if (system === '' && code === '') throw new InvalidParamValue(`'${value}' names neither system nor code`);
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

/** Of a CodeableConcept its text and displays, of a Coding its display, of an Identifier the text of its type. */
function textRows(nodes: readonly TypedNode[]): IndexRow[] {
  const texts = new Set<string>();
  const add = (text: unknown) => {
    if (typeof text === 'string' && text !== '') texts.add(text);
  };
  const addConcept = (value: unknown) => {
    if (typeof value !== 'object' || value === null) return;
    const { text, coding, display } = value as Json;
    add(text);
    add(display);
    if (Array.isArray(coding)) for (const one of coding) add((one as Json | null)?.['display']);
  };
  for (const { value } of nodes) {
    if (isIdentifier(value)) addConcept(value['type']);
    else addConcept(value);
  }
  return [...texts].map((text) => stringRow(text, 0));
}

function ofTypeRows(nodes: readonly TypedNode[]): IndexRow[] {
  const rows: IndexRow[] = [];
  for (const { value } of nodes) {
    if (!isIdentifier(value)) continue;
    const { type, value: text } = value;
    const codings = typeof type === 'object' && type !== null ? (type as Json)['coding'] : undefined;
    if (typeof text !== 'string' || !Array.isArray(codings)) continue;
    for (const coding of codings as readonly (Json | null)[])
      if (typeof coding?.['code'] === 'string')
        row(rows, typedValue(coding['code'], text), stringOf(coding['system']), 0);
  }
  return rows;
}

function isIdentifier(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && 'value' in value && typeof value.value === 'string';
}

/** A code has no `|` without a backslash before it, so no two pairs are written alike. */
function typedValue(code: string, value: string): string {
  return `${code.replace(/[\\|]/g, '\\$&')}|${value}`;
}

function row(rows: IndexRow[], code: string, system: string, ord: number): void {
  if (code !== '') rows.push({ table: 'idx_token', code: indexable(code), system: indexable(system), ord });
}

function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
