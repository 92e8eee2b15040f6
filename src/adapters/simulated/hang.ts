import { killDaemon, startDaemon } from './daemon.ts';
import type { CallFault } from './faults.ts';
import type { Host, World } from './world.ts';

const restartMs = 1_000;

/** `null`: it does not hang. `endsMs`: somebody ends it so much later; `null`: nobody does. */
export function hangOf(fault: CallFault | null): { readonly endsMs: number | null } | null {
  if (fault === 'hang') return { endsMs: null };
  const isBounded = typeof fault === 'object' && fault !== null && 'hangsForMs' in fault;
  return isBounded ? { endsMs: fault.hangsForMs } : null;
}

export function slownessOf(fault: CallFault | null): number {
  return typeof fault === 'object' && fault !== null && 'slowMs' in fault ? fault.slowMs : 0;
}

/** Whoever looks after the host restarts a daemon that hangs. */
export function restartLater(world: World, host: Host, afterMs: number): void {
  const { clock } = world;
  clock.schedule(clock.nowEpochMs() + afterMs, () => {
    killDaemon(world, host);
    clock.schedule(clock.nowEpochMs() + restartMs, () => startDaemon(world, host));
  });
}
