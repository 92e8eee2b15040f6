import { followTicks } from '../../lab/index.ts';

/** The longest time between two ticks from now on, as the guest's own clock on the serial line tells it. */
export function largestGap(serial: string): { readonly end: () => Promise<number> } {
  const stop = new AbortController();
  const done = (async () => {
    let largestMs = 0;
    let lastEpochMs: number | null = null;
    for await (const { atEpochMs } of followTicks(serial, stop.signal)) {
      largestMs = Math.max(largestMs, atEpochMs - (lastEpochMs ?? atEpochMs));
      lastEpochMs = atEpochMs;
    }
    return largestMs;
  })();
  return {
    end: (): Promise<number> => {
      stop.abort();
      return done;
    },
  };
}
