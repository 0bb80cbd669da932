// What is asked of one row of an index table, as data: columns, comparisons and values. Made by the search parameter
// types, turned into SQL by compile-search.ts.

export type Comparison = '=' | '<' | '<=' | '>' | '>=' | 'like' | 'in';

/** `Value` is what a request says, or the slot that stands for it in a compiled text. */
export type Condition<Value = string | number> =
  | {
      readonly column: string;
      readonly comparison: Comparison;
      /** One, or for `in` any number. */
      readonly values: readonly Value[];
    }
  /** x, y and z of a place on the sphere of radius 1, and the square of the straight distance that is near enough. */
  | { readonly near: readonly Value[] }
  | { readonly all: readonly Condition<Value>[] }
  | { readonly any: readonly Condition<Value>[] };

export function compare(
  column: string,
  comparison: Exclude<Comparison, 'in'>,
  value: string | number,
): Condition {
  return { column, comparison, values: [value] };
}

export function oneOf(column: string, values: readonly string[]): Condition {
  return values.length === 1 ? compare(column, '=', values[0]!) : { column, comparison: 'in', values };
}

/** True of every row when empty. */
export function all(...conditions: readonly Condition[]): Condition {
  return conditions.length === 1 ? conditions[0]! : { all: conditions };
}

/** True of no row when empty. */
export function any(conditions: readonly Condition[]): Condition {
  if (conditions.length === 1) return conditions[0]!;
  const [first] = conditions;
  if (first === undefined || !isEquality(first)) return { any: conditions };
  const { column } = first;
  const same = conditions.filter((one) => isEquality(one) && one.column === column);
  return same.length === conditions.length
    ? { column, comparison: 'in', values: same.flatMap((one) => ('values' in one ? one.values : [])) }
    : { any: conditions };
}

function isEquality(condition: Condition): condition is Extract<Condition, { readonly column: string }> {
  return 'column' in condition && condition.comparison === '=';
}

/** Columns that every row it holds for has one given value in; none of an alternative. */
export function fixedColumns(condition: Condition<unknown>): readonly string[] {
  if ('all' in condition) return condition.all.flatMap(fixedColumns);
  return 'column' in condition && condition.comparison === '=' ? [condition.column] : [];
}
