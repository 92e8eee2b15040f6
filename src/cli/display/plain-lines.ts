import { formatBytes, formatOffset, formatSpan, oneLine } from './quantities.ts';
import type { RunEvent } from './run-events.ts';
import type { RunView } from './run-view.ts';
import { etaMs, isWorthTelling } from './run-view.ts';
import { describeState } from './state-words.ts';

/** One event of a run for a log or a pipe: whole lines, nothing redrawn. */
export function toPlainLines(event: RunEvent, view: RunView): string[] {
  const offset = formatOffset(event.atEpochMs - view.startedAtEpochMs).padStart(12);
  switch (event.type) {
    case 'run.started':
      return [];
    case 'state.entered': {
      if (!isWorthTelling(event)) return [];
      const { phase, evidence } = event;
      const { name, description } = describeState(event);
      const proof = phase === null || evidence === null ? '' : `${phase} (${evidence})  `;
      return [`${offset}  ${proof}${name}: ${description}`];
    }
    case 'progress':
      return event.streams.map((progress) => {
        const { stream, processedBytes, totalBytes, bytesPerS } = progress;
        const fraction = view.streams.find((known) => known.stream === stream)?.fraction ?? 0;
        const left = etaMs(progress);
        const parts = [
          `${oneLine(stream)} ${Math.floor(fraction * 100)} %`,
          `${formatBytes(processedBytes)} of ${formatBytes(totalBytes)}`,
          bytesPerS === null ? '' : `${formatBytes(bytesPerS)}/s`,
          left === null ? '' : `ETA ${formatSpan(left)}`,
        ];
        return `${offset}  ${parts.filter((part) => part !== '').join(', ')}`;
      });
  }
}
