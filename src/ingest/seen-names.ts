// Which types and ids there have been, in about forty bytes each whatever their length.

export class SeenNames {
  readonly #limit: number;
  readonly #hashes = new Map<number, number>();

  /** @param limit names that are remembered; when there are more, all are forgotten */
  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  /** False when the name has been added before. */
  add(name: string): boolean {
    const [a, b] = hashes(name);
    if (this.#hashes.get(a) === b) return false;
    if (this.#hashes.size >= this.#limit) this.#hashes.clear();
    this.#hashes.set(a, b);
    return true;
  }
}

/** Two numbers of 30 bits: that two names share both by accident is not to be expected. */
function hashes(text: string): [number, number] {
  let a = 0x811c9dc5;
  let b = 0x1234567;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x5bd1e995);
    b ^= b >>> 15;
  }
  return [a & 0x3fffffff, b & 0x3fffffff];
}
