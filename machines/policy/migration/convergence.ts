/** What is done about a migration that does not come to an end by itself. */
export type ConvergenceAction = 'none' | 'abort' | 'forceComplete' | 'postcopy';

/**
 * The longest pause that the guest may suffer at the switchover, raised in equal steps: the first
 * value at once, the last after `steps` steps. `steps: 0`: the limit at once.
 */
export interface DowntimeRamp {
  readonly startMs: number;
  readonly limitMs: number;
  readonly steps: number;
  /** Between two steps, for each GiB of data. */
  readonly stepMsPerGib: number;
}

/** How a migration is brought to its end: data, so that it can be written, shared and compared. */
export interface ConvergencePolicy {
  /** `null`: QEMU's own limit of 300 ms stays. */
  readonly downtime: DowntimeRamp | null;
  /** `null`: as long as it takes. */
  readonly budget: { readonly baseMs: number; readonly msPerGib: number } | null;
  readonly onBudget: ConvergenceAction;
  /** So many passes in a row that leave no less to send than the best one before; `null`: not looked for. */
  readonly stallPasses: number | null;
  readonly onStall: ConvergenceAction | 'raiseDowntime';
  /** Post-copy begins when so many passes are over; `null`: not by their number. */
  readonly postcopyAfterPasses: number | null;
}

/** A policy for one guest: everything that depends on its size worked out. */
export interface ConvergencePlan {
  /** In order; the first is due when the job begins. */
  readonly downtimeSteps: readonly DowntimeStep[];
  readonly budgetMs: number | null;
  readonly onBudget: ConvergenceAction;
  readonly stallPasses: number | null;
  readonly onStall: ConvergencePolicy['onStall'];
  readonly postcopyAfterPasses: number | null;
  /** So long a guest that was paused to end the migration may stand before it goes on where it was. */
  readonly forceMs: number;
}

export interface DowntimeStep {
  /** After the step before. */
  readonly afterMs: number;
  readonly downtimeMs: number;
}

const gib = 2 ** 30;

/** What has to be moved: memory and copied disks. A guest without much of either still has devices. */
export function dataGib(memoryBytes: number, copiedBytes: readonly number[]): number {
  const bytes = copiedBytes.reduce((sum, each) => sum + each, memoryBytes);
  return Math.max(1, bytes / gib);
}

/** A guest at rest whose memory cannot be sent at some 17 MiB/s is better off where it was. */
const force = { baseMs: 60_000, msPerGib: 60_000 };

export function planConvergence(policy: ConvergencePolicy, sizeGib: number): ConvergencePlan {
  const { budget, downtime, onBudget, onStall, postcopyAfterPasses, stallPasses } = policy;
  return {
    downtimeSteps: downtime === null ? [] : downtimeSteps(downtime, sizeGib),
    budgetMs: budget === null ? null : Math.round(budget.baseMs + budget.msPerGib * sizeGib),
    onBudget,
    stallPasses,
    onStall,
    postcopyAfterPasses,
    forceMs: Math.round(force.baseMs + force.msPerGib * sizeGib),
  };
}

export function downtimeSteps(ramp: DowntimeRamp, sizeGib: number): readonly DowntimeStep[] {
  const { limitMs, startMs, stepMsPerGib, steps } = ramp;
  if (steps === 0) return [{ afterMs: 0, downtimeMs: limitMs }];
  const raiseMs = (limitMs - startMs) / steps;
  return Array.from({ length: steps + 1 }, (_, step) => ({
    afterMs: step === 0 ? 0 : Math.round(stepMsPerGib * sizeGib),
    downtimeMs: Math.round(startMs + raiseMs * step),
  }));
}

/** Does anything in it need post-copy, and so the flag POSTCOPY from the start? */
export function wantsPostcopy(policy: ConvergencePolicy): boolean {
  const { onBudget, onStall, postcopyAfterPasses } = policy;
  return onBudget === 'postcopy' || onStall === 'postcopy' || postcopyAfterPasses !== null;
}

/** What QEMU's passes have shown so far. */
export interface Passes {
  /** Passes that are over: QEMU announces each when it begins. */
  readonly completed: number;
  /** The least that any pass left to be sent; `null` until one is over. */
  readonly leastRemainingBytes: number | null;
  /** Passes since then that left no less. */
  readonly sinceLeast: number;
}

export const noPasses: Passes = { completed: 0, leastRemainingBytes: null, sinceLeast: 0 };

/**
 * A pass begins, and shows what the one before left. Remaining bytes are a saw tooth within a pass
 * (a reason why Nova gave its progress timeout up, LP 1644248): only their minima tell a stall.
 */
export function afterPass(
  passes: Passes,
  begun: { readonly iteration: number; readonly remainingBytes: number | null },
): Passes {
  const completed = Math.max(passes.completed, begun.iteration - 1);
  // A pass may be told twice: a watch that comes back reads the present one.
  if (completed === passes.completed) return passes;
  const { leastRemainingBytes } = passes;
  if (begun.remainingBytes === null) return { ...passes, completed };
  const isLess = leastRemainingBytes === null || begun.remainingBytes < leastRemainingBytes;
  return isLess
    ? { completed, leastRemainingBytes: begun.remainingBytes, sinceLeast: 0 }
    : { completed, leastRemainingBytes, sinceLeast: passes.sinceLeast + 1 };
}

export function isStalled(passes: Passes, { stallPasses }: ConvergencePlan): boolean {
  return stallPasses !== null && passes.sinceLeast >= stallPasses;
}
