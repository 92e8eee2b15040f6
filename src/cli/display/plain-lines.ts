import { formatBytes, formatOffset, formatSpan, oneLine } from './quantities.ts';
import type { StreamProgress } from '../../ports/observation.ts';
import type { RunEvent } from './run-events.ts';
import type { RunView, StreamView } from './run-view.ts';
import { etaMs, fractionOf, isWorthTelling } from './run-view.ts';
import { mainStateOf } from './records/main-state.ts';
import { describeState } from './state-words.ts';

/** One event of a run for a log or a pipe: whole lines, nothing redrawn. */
export function toPlainLines(event: RunEvent, view: RunView): string[] {
  const offset = formatOffset(event.atEpochMs - view.startedAtEpochMs).padStart(12);
  switch (event.type) {
    case 'run.started':
      return [`${offset}  run ${event.run}`];
    case 'run.resumed':
      return [`${offset}  ${event.machine} is taken up in ${mainStateOf(event.states)}`];
    case 'state.entered': {
      if (!isWorthTelling(event)) return [];
      const { phase, evidence } = event;
      const { name, description } = describeState(event);
      const proof = phase === null || evidence === null ? '' : `${phase} (${evidence})  `;
      return [`${offset}  ${proof}${name}: ${description}`];
    }
    case 'progress':
      return event.streams.map((progress) => {
        const known = view.streams.find(({ stream }) => stream === progress.stream);
        return `${offset}  ${progressWords(progress, known)}`;
      });
  }
}

/** `known`: what was shown of it before, for it never goes backwards. */
export function progressWords(
  progress: StreamProgress,
  known: Pick<StreamView, 'fraction'> = { fraction: fractionOf(progress) },
): string {
  const { stream, processedBytes, totalBytes, bytesPerS } = progress;
  const left = etaMs(progress);
  const parts = [
    `${oneLine(stream)} ${Math.floor(known.fraction * 100)} %`,
    `${formatBytes(processedBytes)} of ${formatBytes(totalBytes)}`,
    bytesPerS === null ? '' : `${formatBytes(bytesPerS)}/s`,
    left === null ? '' : `ETA ${formatSpan(left)}`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}
