// Takes the values out of a query, so that requests of one shape share one compiled text: compiling costs more than running.
// The values are noted in the same walk that lays the slots, so the two cannot drift apart.
import type { Condition } from './condition.ts';

/** Stands for the n-th value of a query. */
export class Slot {
  readonly position: number;

  constructor(position: number) {
    this.position = position;
  }
}

export interface ScopedQuery {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

export class QueryShape {
  #key = '';
  readonly #values: unknown[] = [];

  /** Notes a part of the query that is no value. */
  word(text: string): void {
    this.#key += `${text} `;
  }

  /** Notes a value. */
  slot(value: unknown): Slot {
    this.#key += '? ';
    return new Slot(this.#values.push(value) - 1);
  }

  slots(values: readonly unknown[]): Slot[] {
    this.#key += `${values.length}`;
    return values.map((value) => this.slot(value));
  }

  condition(condition: Condition): Condition<Slot> {
    if ('column' in condition) {
      this.word(condition.column + condition.comparison);
      return { ...condition, values: this.slots(condition.values) };
    }
    if ('near' in condition) {
      this.word('near');
      return { near: this.slots(condition.near) };
    }
    const inner = 'all' in condition ? condition.all : condition.any;
    this.word(`${'all' in condition ? '&' : '|'}${inner.length}`);
    const slotted = inner.map((part) => this.condition(part));
    return 'all' in condition ? { all: slotted } : { any: slotted };
  }

  /** How many values it has. */
  get size(): number {
    return this.#values.length;
  }

  /** The same for queries that differ in their values only. */
  get key(): string {
    return this.#key;
  }

  /** A compiled text with the values of this query in its slots. */
  bind({ sql, parameters }: ScopedQuery): ScopedQuery {
    return {
      sql,
      parameters: parameters.map((parameter) =>
        parameter instanceof Slot ? this.#values[parameter.position] : parameter,
      ),
    };
  }
}
