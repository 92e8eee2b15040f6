import type { RunSummary } from '../../../ports/run-store.ts';

const byOutcome: Readonly<Record<string, string>> = {
  completed: 'nothing any more: it has completed',
  refused: 'nothing was touched',
  rolledBack: 'everything was undone',
  needsOperator: 'nothing by this run: an operator decides',
  broken: 'nothing by this run: virtstate itself failed',
};

/** By the first tag that speaks for what an abort would do now. */
const byTag: readonly (readonly [tag: string, words: string])[] = [
  ['waitingForOperator', 'nothing by itself: it waits for an operator'],
  [
    'awaitingConfirmation',
    'everything: virtstate undo goes back to the old volumes, with all that the guest wrote since',
  ],
  ['rollingBack', 'it is being undone already'],
  ['pointOfNoReturn', 'nothing any more: past the point of no return it goes on to its end'],
  ['abortable', 'everything: an abort leaves the guest as it was'],
];

/** What can still be undone of a run; `tags` are null where no machine here fits its record. */
export function undoWords(run: RunSummary, tags: ReadonlySet<string> | null): string {
  if (run.finishedAtEpochMs !== null) return byOutcome[run.outcome ?? ''] ?? 'it has ended';
  if (tags === null) return 'unknown: its record is of another version of the machine';
  const found = byTag.find(([tag]) => tags.has(tag));
  if (found !== undefined) return found[1];
  return run.holder?.alive === true
    ? 'not now: it decides what is next (ask again in a moment)'
    : 'what it finds when it is recovered decides';
}
