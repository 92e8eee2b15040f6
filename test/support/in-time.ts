/** How late a state may be that an event brings about. */
export const tellWithinMs = 50;

/** Something was told too late; its order was right. */
class LateError extends Error {
  override readonly name = 'LateError';
}

/** @throws LateError when it is not less than {@link tellWithinMs}; Error for what never came */
export function expectInTime(what: string, lateMs: number): void {
  if (lateMs < tellWithinMs) return;
  if (!Number.isFinite(lateMs)) throw new Error(`${what} was never told`);
  throw new LateError(`${what}: ${lateMs} ms late, of less than ${tellWithinMs} allowed`);
}

/**
 * The median of three plays is in time: a machine that stands still for a moment makes any one of them
 * late. Two more are made only where the first was, and both have to hold; an order that is wrong fails
 * at once.
 * @param play is told which it is, from 0, for names of its own
 * @param asNew brings back what a play begins with
 */
export async function expectMostlyInTime(
  play: (nth: number) => Promise<void>,
  asNew: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  try {
    return await play(0);
  } catch (error) {
    if (!(error instanceof LateError)) throw error;
    console.log(`${error.message}: played twice more`);
  }
  for (const nth of [1, 2]) {
    await asNew();
    await play(nth);
  }
}
