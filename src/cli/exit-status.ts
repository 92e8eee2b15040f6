/** What the process ends with; scripts decide by it. */
export const exitStatus = {
  completed: 0,
  rolledBack: 1,
  /** Wrong usage, or refused: nothing was touched. */
  refused: 2,
  needsOperator: 3,
  /** The fault is ours: a bug, or a store that failed. */
  broken: 70,
  /** Left by a second Ctrl-C, unfinished on record: `recover` takes it up. */
  left: 75,
  /** Rolled back because somebody asked for it. */
  aborted: 130,
} as const;

/** Of a swap that a person undid: what was asked for is done. */
const undoneCode = 'undone';

/** Aborted by this run's own machine, or by somebody else through libvirt (VIR_ERR_OPERATION_ABORTED). */
const abortCodes: readonly string[] = ['abortRequested', 'operationAborted'];

export function exitStatusOf(ended: {
  readonly outcome: 'completed' | 'refused' | 'rolledBack' | 'needsOperator';
  readonly failure: { readonly code: string } | null;
}): number {
  const { outcome, failure } = ended;
  if (outcome === 'rolledBack' && failure?.code === undoneCode) return exitStatus.completed;
  const wasAborted = failure !== null && abortCodes.includes(failure.code);
  return outcome === 'rolledBack' && wasAborted ? exitStatus.aborted : exitStatus[outcome];
}

/** Of several runs: what needs a person comes before what can be tried again. */
const byGravity = [
  exitStatus.broken,
  exitStatus.needsOperator,
  exitStatus.left,
  exitStatus.rolledBack,
] as const;

/** What a command that drives several runs ends with; whatever did not move counts as rolled back. */
export function gravest(statuses: readonly number[]): number {
  const found = byGravity.find((status) => statuses.includes(status));
  if (found !== undefined) return found;
  const moved = statuses.every((status) => status === exitStatus.completed);
  return moved ? exitStatus.completed : exitStatus.rolledBack;
}
