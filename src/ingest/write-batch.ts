// What waits to be written in one transaction: of a resource named twice the last counts, as the store has it.
import type { Write } from '../fhir/store/write-resources.ts';

const itemsAtMost = 250;
const bytesAtMost = 2_000_000;

export interface Waiting {
  readonly write: Write;
  readonly line: number;
  /** The import has had a resource of this type and id in another batch. */
  readonly again: boolean;
}

export class WriteBatch {
  #waiting = new Map<string, Waiting>();
  #bytes = 0;

  /** `same` when the batch has it already, `replaced` when it had the same resource with other content. */
  add(item: Waiting, bytes: number): 'added' | 'same' | 'replaced' {
    const name = nameOf(item.write);
    const earlier = this.#waiting.get(name);
    if (earlier !== undefined && JSON.stringify(earlier.write) === JSON.stringify(item.write)) return 'same';
    this.#waiting.set(name, earlier === undefined ? item : { ...item, again: earlier.again });
    this.#bytes += bytes;
    return earlier === undefined ? 'added' : 'replaced';
  }

  get isFull(): boolean {
    return this.#waiting.size >= itemsAtMost || this.#bytes >= bytesAtMost;
  }

  get waiting(): readonly Waiting[] {
    return [...this.#waiting.values()];
  }

  empty(): void {
    this.#waiting = new Map();
    this.#bytes = 0;
  }
}

export function typeOf(write: Write): string {
  return 'delete' in write ? write.delete.type : write.resource.resourceType;
}

export function nameOf(write: Write): string {
  return `${typeOf(write)}/${'delete' in write ? write.delete.id : write.resource.id}`;
}
