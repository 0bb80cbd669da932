// Begins a transaction again and again while another process holds SQLite's one write lock for longer than a statement
// waits: a nightly import queues behind another instead of failing.

/**
 * @param run calls `begun` when its transaction has the lock; what fails after that is not tried again
 */
export async function untilFree<T>(run: (begun: () => void) => Promise<T>): Promise<T> {
  for (;;) {
    let hasBegun = false;
    try {
      return await run(() => {
        hasBegun = true;
      });
    } catch (error) {
      if (hasBegun || !isBusy(error)) throw error;
    }
  }
}

/** https://sqlite.org/rescode.html#busy */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 5;
}
