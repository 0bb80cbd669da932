// quantity: a number with a unit; number: one without (https://hl7.org/fhir/R4/search.html#quantity, #number). A number
// that is asked for stands for the interval of its significant digits.
import { all, any, type Condition, compare } from '../condition.ts';
import { indexable } from './indexable.ts';
import {
  type IndexRow,
  InvalidParamValue,
  missingPredicate,
  type ParamType,
  refuseModifier,
  splitUnescaped,
} from './param-type.ts';

type Json = Record<string, unknown>;

export const quantity: ParamType = {
  index(nodes, ord) {
    const rows: IndexRow[] = [];
    for (const { value } of nodes) indexValue(rows, value, ord);
    return rows;
  },

  predicate(ask) {
    const missing = missingPredicate(ask, 'idx_quantity');
    if (missing !== undefined) return missing;
    refuseModifier(ask);
    const wanted = ask.values.filter((value) => value !== '').map(parse);
    return {
      table: 'idx_quantity',
      negate: false,
      where: any(wanted.map(compared)),
    };
  },
};

interface Wanted {
  readonly prefix: string;
  readonly number: number;
  /** Half-open interval of the significant digits; ten per cent around for `ap`. */
  readonly lo: number;
  readonly hi: number;
  readonly system: string | undefined;
  readonly code: string | undefined;
}

function compared(wanted: Wanted): Condition {
  const { code, system } = wanted;
  return all(
    comparedNumber(wanted),
    ...(code === undefined ? [] : [compare('code', '=', indexable(code))]),
    ...(system === undefined ? [] : [compare('system', '=', indexable(system))]),
  );
}

function comparedNumber({ prefix, number, lo, hi }: Wanted): Condition {
  switch (prefix) {
    case 'ne':
      return any([compare('lo', '<', lo), compare('hi', '>=', hi)]);
    case 'gt':
      return compare('hi', '>', number);
    case 'ge':
      return compare('hi', '>=', number);
    case 'lt':
      return compare('lo', '<', number);
    case 'le':
      return compare('lo', '<=', number);
    case 'sa':
      return compare('lo', '>', number);
    case 'eb':
      return compare('hi', '<', number);
    default:
      return all(compare('lo', '>=', lo), compare('hi', '<', hi));
  }
}

/** `[prefix]number`, `[prefix]number|system|code`, `[prefix]number||code`. */
function parse(value: string): Wanted {
  const parts = splitUnescaped(value, '|');
  const [, prefix = 'eq', digits = ''] = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.*)$/s.exec(parts[0]!) ?? [];
  const match = /^[+-]?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/.exec(digits);
  if (match === null)
    throw new InvalidParamValue(`'${value}' is not a number, or a number with |system|code`);
  if (parts.length !== 1 && parts.length !== 3)
    throw new InvalidParamValue(`'${value}' is not of the form number|system|code`);
  const number = Number(digits);
  if (!Number.isFinite(number)) throw new InvalidParamValue(`'${value}' is too large`);
  const half =
    prefix === 'ap' ? Math.abs(number) / 10 : 0.5 * 10 ** (Number(match[3] ?? 0) - (match[2]?.length ?? 0));
  const [, system, code] = parts;
  return {
    prefix,
    number,
    lo: number - half,
    hi: number + half,
    system: system === undefined || system === '' ? undefined : system,
    code: code === undefined || code === '' ? undefined : code,
  };
}

/** A Quantity by its code and by its unit; a Range from low to high; a Money; a bare number. */
function indexValue(rows: IndexRow[], value: unknown, ord: number): void {
  if (typeof value === 'number') {
    rows.push({ table: 'idx_quantity', lo: value, hi: value, code: '', system: '', ord });
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const { value: number, code, unit, system, currency, low, high } = value as Json;
  if (typeof number === 'number') {
    const add = (name: unknown, of: unknown) =>
      rows.push({
        table: 'idx_quantity',
        lo: number,
        hi: number,
        code: stringOf(name),
        system: stringOf(of),
        ord,
      });
    if (typeof currency === 'string') add(currency, 'urn:iso:std:iso:4217');
    else {
      add(code ?? unit, system);
      // Without a system a search may name the unit as it is written.
      if (typeof code === 'string' && typeof unit === 'string' && unit !== code) add(unit, '');
    }
  } else if (low !== undefined || high !== undefined) {
    const [from, to] = [low as Json | undefined, high as Json | undefined];
    const lo = typeof from?.['value'] === 'number' ? from['value'] : -Number.MAX_VALUE;
    const hi = typeof to?.['value'] === 'number' ? to['value'] : Number.MAX_VALUE;
    rows.push({
      table: 'idx_quantity',
      lo,
      hi,
      code: stringOf(from?.['code'] ?? to?.['code']),
      system: stringOf(from?.['system'] ?? to?.['system']),
      ord,
    });
  }
}

function stringOf(value: unknown): string {
  return typeof value === 'string' ? indexable(value) : '';
}
