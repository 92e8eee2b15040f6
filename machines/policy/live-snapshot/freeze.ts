import { freezeMade, noteNothingFrozen } from '../one-host/freezing.ts';
import type { LiveSnapshotContext } from './live-snapshot.ts';
import { snapshotFailure } from './live-snapshot.ts';

type Context = LiveSnapshotContext;

/**
 * How much the guest knew of the moment: its file systems came to rest. Its applications did only
 * where hooks are known to run, since an agent does not tell whether it has some.
 */
export function noteFrozen(context: Context, { frozen }: { frozen: number }): Partial<Context> {
  if (frozen === 0) return noteNothingFrozen(context);
  const consistency = context.agentRunsHooks ? 'application' : 'filesystem';
  return { consistency, ...freezeMade(context) };
}

export const pausedFailure = snapshotFailure(
  'guestPaused',
  'it is paused, and a paused guest cannot bring its file systems to rest',
);
