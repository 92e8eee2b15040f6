import type { Run } from '../engine/run.ts';
import type { ShownWorkflow } from './workflows/shown-workflow.ts';

/** npm and some shells pass the terminal's Ctrl-C on to a child that has had it already. */
const sameKeypressMs = 50;

const signals = ['SIGINT', 'SIGTERM'] as const;
const stay = (): void => undefined;

/** What a Ctrl-C means to a run that stands like this. */
export function answerInterrupt(
  run: Pick<Run, 'tags' | 'send' | 'states'>,
  { onlyForward }: Pick<ShownWorkflow, 'onlyForward'> = {},
): string {
  const tags = run.tags();
  if (tags.has('abortable') && run.send({ type: 'abort.requested' }))
    return 'asked to abort; waiting for the rollback (once more leaves it to virtstate recover)';
  if (tags.has('rollingBack'))
    return 'it is rolling back already; waiting for its end (once more leaves it to virtstate recover)';
  const why = tags.has('pointOfNoReturn')
    ? 'past the point of no return: it goes on to its end'
    : (onlyForward?.(run.states()) ?? 'there is nothing to be called off now; waiting for its end');
  return `${why} (once more leaves it to virtstate recover)`;
}

/** What happens to a run that we leave: whoever drives it goes on, or is gone. */
export function leavingWords(
  run: Pick<Run, 'id' | 'tags'>,
  shown: Pick<ShownWorkflow, 'whileLeft'>,
): string {
  const meanwhile = shown.whileLeft(run.tags());
  return `left: the run stands on record, and virtstate recover ${run.id} takes it up; ${meanwhile}`;
}

/**
 * Ctrl-C and SIGTERM: the first one asks the machines to abort, the second one leaves. A terminal
 * that hangs up (SIGHUP) does not end a run: it goes on without being shown.
 *
 * @returns takes the handlers away again
 */
export function onInterrupt(tell: {
  readonly first: () => void;
  readonly leave: () => void;
}): () => void {
  let firstAtMs: number | null = null;
  let isLeft = false;
  const interrupt = (): void => {
    const nowMs = performance.now();
    if (firstAtMs === null) {
      firstAtMs = nowMs;
      tell.first();
    } else if (!isLeft && nowMs - firstAtMs > sameKeypressMs) {
      isLeft = true;
      tell.leave();
    }
  };
  for (const signal of signals) process.on(signal, interrupt);
  process.on('SIGHUP', stay);
  return () => {
    for (const signal of signals) process.off(signal, interrupt);
    process.off('SIGHUP', stay);
  };
}
