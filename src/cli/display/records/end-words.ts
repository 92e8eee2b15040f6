import type { RunSummary } from '../../../ports/run-store.ts';
import { exitStatus } from '../../exit-status.ts';
import { oneLine } from '../quantities.ts';
import { isWaiting } from './decision-words.ts';
import { isDriven } from './holder-words.ts';

/** What came of something that was asked of a run that another process drives. */
export interface RunEndWords {
  readonly words: string;
  readonly status: number;
  /** False: it goes on, or its end is not known. */
  readonly isSeen: boolean;
}

const nameOf = ({ machine, subject }: RunSummary): string => oneLine(subject ?? machine);
const more = ({ id }: RunSummary): string => `virtstate show ${id}`;
const seen = (words: string, status: number): RunEndWords => ({ words, status, isSeen: true });

/** Of a run that was asked to abort. */
export function abortedWords(run: RunSummary): RunEndWords {
  if (isWaiting(run) && isDriven(run))
    return seen(
      `not aborted: it was too late, and ${nameOf(run)} is on its new volumes: virtstate undo ${run.id} goes back`,
      exitStatus.rolledBack,
    );
  switch (run.outcome) {
    case 'rolledBack':
    case 'refused':
      return seen(`undone: ${nameOf(run)} is as before`, exitStatus.completed);
    case 'completed':
      return seen(
        `completed all the same: it was too late to abort (${more(run)})`,
        exitStatus.rolledBack,
      );
    default:
      return otherWords(run);
  }
}

/** Of a run that waited for this decision. */
export function decidedWords(word: 'confirm' | 'undo', run: RunSummary): RunEndWords {
  const name = nameOf(run);
  const statusFor = (decision: typeof word): number =>
    word === decision ? exitStatus.completed : exitStatus.rolledBack;
  if (isWaiting(run) && isDriven(run))
    return seen(
      `not undone: ${name} stays on its new volumes, and run ${run.id} waits again: ${more(run)} says why`,
      exitStatus.rolledBack,
    );
  switch (run.outcome) {
    case 'completed':
      return seen(`kept: ${name} is on its new volumes`, statusFor('confirm'));
    case 'rolledBack':
      return seen(
        `undone: ${name} is on its old volumes, with all that it wrote`,
        statusFor('undo'),
      );
    default:
      return otherWords(run);
  }
}

function otherWords(run: RunSummary): RunEndWords {
  if (run.finishedAtEpochMs === null) {
    const words = `the end of run ${run.id} was not seen: ${more(run)} tells where it stands`;
    return { words, status: exitStatus.left, isSeen: false };
  }
  return run.outcome === 'needsOperator'
    ? seen(`needs an operator: ${more(run)} says why`, exitStatus.needsOperator)
    : seen(`virtstate itself failed: ${more(run)} says why`, exitStatus.broken);
}
