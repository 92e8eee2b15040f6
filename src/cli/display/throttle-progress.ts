import type { RunEvent } from './run-events.ts';

/** Lets the progress of each stream through at most once in each interval; all else passes. */
export function throttleProgress(
  intervalMs: number,
  tell: (event: RunEvent) => void,
): (event: RunEvent) => void {
  const toldAtEpochMs = new Map<string, number>();
  return (event) => {
    if (event.type !== 'progress') {
      tell(event);
      return;
    }
    const streams = event.streams.filter(({ stream }) => {
      const toldAt = toldAtEpochMs.get(stream);
      return toldAt === undefined || event.atEpochMs - toldAt >= intervalMs;
    });
    for (const { stream } of streams) toldAtEpochMs.set(stream, event.atEpochMs);
    if (streams.length > 0) tell({ ...event, streams });
  };
}
