// Many rows in one statement and one parameter, with the same text whatever their number: a JSON array of
// arrays that the database unfolds. Measured at 2.5 µs a row on SQLite, and one round trip on PostgreSQL.
import { type RawBuilder, sql } from 'kysely';
import type { DialectName } from './database.ts';

export type ColumnKind = 'bigint' | 'integer' | 'double precision' | 'text';
export type RowValue = string | number | null;

/** For `x in (…)`: the values of a JSON array. @param json its text, or what stands for it in a compiled query */
export function jsonValues(dialect: DialectName, kind: ColumnKind, json: unknown): RawBuilder<unknown> {
  return dialect === 'sqlite'
    ? sql`select value from json_each(${json})`
    : sql`select value::${sql.raw(kind)} from jsonb_array_elements_text(${json}::jsonb) as j(value)`;
}

/**
 * A sub-select of `rows` with one named, typed column for each entry of `columns`, to be put in parentheses.
 * Join it with `cross join` and a condition: SQLite then starts from the rows instead of scanning the table.
 */
export function jsonRows(
  dialect: DialectName,
  columns: Readonly<Record<string, ColumnKind>>,
  rows: readonly (readonly RowValue[])[],
): RawBuilder<unknown> {
  const selected = Object.entries(columns).map(([name, kind], position) =>
    dialect === 'sqlite'
      ? sql`value ->> ${sql.lit(position)} as ${sql.id(name)}`
      : sql`(value ->> ${sql.lit(position)})::${sql.raw(kind)} as ${sql.id(name)}`,
  );
  const source =
    dialect === 'sqlite'
      ? sql`json_each(${JSON.stringify(rows)})`
      : sql`jsonb_array_elements(${JSON.stringify(rows)}::jsonb) as j(value)`;
  return sql`select ${sql.join(selected)} from ${source}`;
}
