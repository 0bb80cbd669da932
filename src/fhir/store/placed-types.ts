// Which types are where the rules of this program place them. What older rules have placed may be in the sight of those from
// whom it is kept now, so nobody is shown a type before it was indexed anew.
import type { Kysely } from 'kysely';
import { referredTypes } from '../../smart/data-classes.ts';
import { FhirError } from '../operation-outcome.ts';
import type { IndexRules } from './index-rules.ts';
import { unplacedTypes } from './reindex.ts';
import type { ResourceTables } from './schema.ts';

/** Milliseconds. */
const lookAgainAfter = 1000;

export class PlacedTypes {
  readonly #db: Kysely<ResourceTables>;
  readonly #rules: IndexRules;
  readonly #clock: () => number;
  #unplaced: ReadonlySet<string> = new Set();
  #lookedAt = 0;

  constructor(db: Kysely<ResourceTables>, rules: IndexRules, clock: () => number) {
    this.#db = db;
    this.#rules = rules;
    this.#clock = clock;
  }

  /** As nearly always: there is nothing to wait for. */
  get areAll(): boolean {
    return this.#unplaced.size === 0;
  }

  async look(): Promise<void> {
    this.#unplaced = await unplacedTypes(this.#db, this.#rules);
    if (!this.areAll) this.#lookedAt = this.#clock();
  }

  /** @throws {FhirError} unavailable */
  async require(type: string): Promise<void> {
    // Another thread or process indexes anew.
    if (!this.areAll && this.#clock() >= this.#lookedAt + lookAgainAfter) await this.look();
    // What is seen because others refer to it is seen as they are.
    if (this.#unplaced.has(type) || (!this.areAll && referredTypes.includes(type)))
      throw new FhirError(
        'unavailable',
        `${type}: an update of the server is not through with these records; try again later.`,
      );
  }
}
