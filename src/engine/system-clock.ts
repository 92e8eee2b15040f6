import type { Clock } from '../ports/clock.ts';

/** setTimeout takes at most 2^31 - 1 ms and fires at once beyond. */
const longestWaitMs = 2 ** 31 - 1;

/** The time of this process. */
export const systemClock: Clock = {
  nowEpochMs: () => Date.now(),
  schedule(atEpochMs, wake) {
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const leftMs = Math.max(0, atEpochMs - Date.now());
      timer = setTimeout(leftMs > longestWaitMs ? arm : wake, Math.min(leftMs, longestWaitMs));
    };
    arm();
    return () => clearTimeout(timer);
  },
};
