import type { Engine } from '../../engine/engine.ts';
import { exitStatus } from '../exit-status.ts';
import { answerInterrupt, leavingWords, onInterrupt } from '../interruption.ts';
import type { Output } from '../output.ts';
import type { Driven } from './drive-to-end.ts';

/** What leaves in an orderly way takes milliseconds; a store or a host that hangs must not hold us. */
const leaveWithinMs = 3_000;

/**
 * What Ctrl-C means to runs that are driven from here.
 *
 * @param driven those that have not ended
 * @returns takes the handlers away again
 */
export function answerSignals(
  engine: Pick<Engine, 'close'>,
  driven: () => readonly Pick<Driven, 'run' | 'shown' | 'presenter'>[],
  output: Output,
): () => void {
  return onInterrupt({
    first: () => {
      for (const { presenter, run, shown } of driven())
        presenter.notice(answerInterrupt(run, shown));
    },
    leave: () => {
      output.placeAbove(null);
      for (const { run, shown } of driven()) output.say(`virtstate: ${leavingWords(run, shown)}`);
      // Whoever waits for a run hears that it was left; the user has asked twice.
      setTimeout(() => process.exit(exitStatus.left), leaveWithinMs).unref();
      void engine.close();
    },
  });
}
