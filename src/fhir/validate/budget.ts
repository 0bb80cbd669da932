// The time that one resource may take, with everything in it.

/** The clock is read once in so many questions. */
const asksBetween = 32;

export class Budget {
  readonly #until: number;
  readonly #now: () => number;
  #isOver = false;
  #asked = 0;

  /** @param now monotonic milliseconds */
  constructor(milliseconds: number, now: () => number) {
    this.#now = now;
    this.#until = now() + milliseconds;
  }

  /** What was found when the clock was last read. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Cheap enough to be asked at each element. */
  isSpent(): boolean {
    this.#asked++;
    return this.#isOver || (this.#asked % asksBetween === 0 && this.readClock());
  }

  readClock(): boolean {
    this.#isOver ||= this.#now() > this.#until;
    return this.#isOver;
  }
}
