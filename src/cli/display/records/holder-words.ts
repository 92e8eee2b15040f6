import { hostname } from 'node:os';

import type { EngineView, RunSummary } from '../../../ports/run-store.ts';
import { formatSpan, oneLine } from '../quantities.ts';
import { isWaiting } from './decision-words.ts';

/** Who drives a run, as far as a list has room for it. */
export function holderInShort(run: RunSummary): string {
  const { finishedAtEpochMs, holder, parked } = run;
  if (finishedAtEpochMs !== null) return '-';
  if (parked !== null) return 'nobody: needs an operator';
  if (holder?.alive !== true && isWaiting(run)) return 'nobody: waits for confirm or undo';
  if (holder === null) return 'nobody: left to recover';
  return holder.alive ? placeOf(holder) : `nobody: ${placeOf(holder)} is gone`;
}

/** The same with how long ago it was heard of. */
export function holderAtLength(run: RunSummary, nowEpochMs: number): string {
  const { holder, parked } = run;
  const isLeft = holder === null || (!holder.alive && isWaiting(run));
  if (run.finishedAtEpochMs !== null || parked !== null || isLeft) return holderInShort(run);
  const heard = formatSpan(nowEpochMs - holder.heartbeatAtEpochMs);
  return holder.alive
    ? `${placeOf(holder)}, which lives (heard of ${heard} ago)`
    : `nobody: ${placeOf(holder)} is gone since ${heard}`;
}

export function isDriven({ holder }: RunSummary): boolean {
  return holder !== null && holder.alive;
}

function placeOf({ pid, hostname: host }: EngineView): string {
  return host === hostname() ? `pid ${pid}` : `pid ${pid} on ${oneLine(host)}`;
}
