import type { AskedChange } from './history.ts';

const nothing: AskedChange = {
  powerState: false,
  savedMemory: false,
  disks: false,
  fewerSnapshots: false,
  past: false,
};

/** By the machine's id; a machine that is not here is no workflow on one host. */
const changes: Readonly<Record<string, Partial<AskedChange>>> = {
  coldSnapshot: {},
  liveSnapshot: {},
  instanceSnapshot: {},
  managedSave: { powerState: true, savedMemory: true },
  domainSnapshot: { disks: true },
  volumeSwap: { disks: true },
  snapshotDelete: { disks: true, fewerSnapshots: true },
  snapshotRevert: {
    powerState: true,
    savedMemory: true,
    disks: true,
    fewerSnapshots: true,
    past: true,
  },
};

/** What such a machine's input or context asks for; `null`: it is of another machine. */
export function readChange(machine: string, request: unknown): AskedChange | null {
  const change = Object.hasOwn(changes, machine) ? changes[machine] : undefined;
  if (change === undefined) return null;
  const halts = machine === 'domainSnapshot' && Object(request).halt === true;
  return { ...nothing, ...change, ...(halts ? { powerState: true } : {}) };
}

/**
 * Of a run that came to what it was asked for, or to a halt on the way there; of any other nothing may
 * differ. But a revert that has
 * failed goes back by another one, on new layers of its own.
 */
export function allowedChange(
  run: { readonly outcome: string; readonly change: AskedChange | null } | null,
): AskedChange {
  const change = run?.change ?? null;
  if (run === null || change === null) return nothing;
  if (run.outcome === 'completed' || run.outcome === 'needsOperator') return change;
  return change.past && run.outcome === 'rolledBack'
    ? { ...nothing, disks: true, past: true }
    : nothing;
}
