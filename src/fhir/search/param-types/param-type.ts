// What every search parameter type offers: the index rows of a selected element, and the condition on them that a value
// of a request asks for. Both sides of a type stand in one file, so that they cannot drift apart.
// https://hl7.org/fhir/R4/search.html
import type { SearchParam } from '../../definitions/definitions.ts';
import type { Terminology } from '../../definitions/terminology.ts';
import type { IndexTable } from '../../store/schema.ts';
import { all, type Condition } from '../condition.ts';
import type { TypedNode } from '../expression/compile-expression.ts';

/** A row of an index table without scope, param and key. `ord` numbers the element of a composite; 0 otherwise. */
export type IndexRow =
  | { readonly table: 'idx_token'; readonly code: string; readonly system: string; readonly ord: number }
  | { readonly table: 'idx_string'; readonly norm: string; readonly value: string; readonly ord: number }
  | { readonly table: 'idx_date'; readonly lo: number; readonly hi: number; readonly ord: number }
  | {
      readonly table: 'idx_quantity';
      readonly lo: number;
      readonly hi: number;
      readonly code: string;
      readonly system: string;
      readonly ord: number;
    }
  | { readonly table: 'idx_uri'; readonly value: string; readonly ord: number }
  | {
      readonly table: 'idx_reference';
      readonly target_type: string;
      readonly target_id: string;
      readonly ord: number;
    }
  | {
      readonly table: 'idx_position';
      readonly z: number;
      readonly x: number;
      readonly y: number;
      readonly ord: number;
    };

export interface ParamAsk {
  readonly param: SearchParam;
  readonly modifier: string | undefined;
  readonly operator?: 'equals' | 'ends';
  /** Alternatives, unescaped only as far as the commas between them go. */
  readonly values: readonly string[];
  /** FHIR bases of our own, for absolute references. */
  readonly ownBases?: readonly string[];
  /** Epoch milliseconds. */
  readonly now: number;
  /** Code systems and value sets whose codes are known. */
  readonly terminology?: Terminology;
}

export interface IndexPredicate {
  readonly table: IndexTable;
  /** Resources with no such row are asked for (`:not`, `:missing=true`). */
  readonly negate: boolean;
  /** The rows are those that `beside` of the type made under this name. */
  readonly beside?: string;
  /** Leaves few rows, though it fixes no column. */
  readonly selective?: boolean;
  /** Holds for most of a record, so it is looked up for each row instead of being listed first. */
  readonly broad?: boolean;
  /** On the value columns only; the caller adds scope, param and key. */
  readonly where: Condition;
}

/** Alternatives, each two conditions on the components `code#0` and `code#1`, of one resource and with one `ord`. */
export interface CompositePredicate {
  readonly composite: readonly (readonly [IndexPredicate, IndexPredicate])[];
}

export type ParamPredicate = IndexPredicate | CompositePredicate;

export interface ParamType {
  /** Never throws: what cannot be read is not found. */
  index(nodes: readonly TypedNode[], ord: number): IndexRow[];
  /** By modifier: what of an element it asks for that is not the value. Rows of `code:modifier`. */
  readonly beside?: Readonly<Record<string, (nodes: readonly TypedNode[]) => IndexRow[]>>;
  /** @throws {InvalidParamValue} @throws {UnsupportedModifier} */
  predicate(ask: ParamAsk): ParamPredicate;
}

/** Message: what is wrong with the value, without the parameter's name. */
export class InvalidParamValue extends Error {
  override name = 'InvalidParamValue';
}

/** The value may be right, but what it asks for is not offered. Message as above. */
export class UnsupportedValue extends Error {
  override name = 'UnsupportedValue';
}

export class UnsupportedModifier extends Error {
  override name = 'UnsupportedModifier';

  constructor(param: SearchParam, modifier: string) {
    super(
      `the modifier ':${modifier.slice(0, 40)}' is not supported on this parameter, which is a ${param.type}`,
    );
  }
}

/** Splits at commas that no backslash protects; `\|` and `\$` stay for the types that need them. */
export function splitSearchValues(raw: string): string[] {
  if (!raw.includes('\\')) return raw.split(',');
  const values: string[] = [];
  let value = '';
  for (let at = 0; at < raw.length; at++) {
    if (raw[at] === '\\' && at + 1 < raw.length) {
      const next = raw[++at]!;
      value += next === ',' ? ',' : `\\${next}`;
    } else if (raw[at] === ',') {
      values.push(value);
      value = '';
    } else value += raw[at];
  }
  values.push(value);
  return values;
}

export function unescapeValue(value: string): string {
  return value.includes('\\') ? value.replace(/\\([\\|$,])/g, '$1') : value;
}

/** Splits at `sign` where no backslash protects it, and unescapes the parts. */
export function splitUnescaped(value: string, sign: '|' | '$'): string[] {
  const parts: string[] = [];
  let part = '';
  for (let at = 0; at < value.length; at++) {
    if (value[at] === '\\' && at + 1 < value.length) part += value.slice(at, ++at + 1);
    else if (value[at] === sign) {
      parts.push(unescapeValue(part));
      part = '';
    } else part += value[at];
  }
  parts.push(unescapeValue(part));
  return parts;
}

/** `:missing=true|false`, the same for every type; undefined for another modifier. */
export function missingPredicate(ask: ParamAsk, table: IndexTable): IndexPredicate | undefined {
  if (ask.modifier !== 'missing') return undefined;
  const [value] = ask.values;
  if (ask.values.length !== 1 || (value !== 'true' && value !== 'false'))
    throw new InvalidParamValue(`'${ask.values.join(',')}' is not true or false`);
  return { table, negate: value === 'true', where: all() };
}

/** @throws {UnsupportedModifier} */
export function refuseModifier(ask: ParamAsk): void {
  if (ask.modifier !== undefined) throw new UnsupportedModifier(ask.param, ask.modifier);
}
