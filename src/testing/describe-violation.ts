import type { Violation } from './jury.ts';

/** A violation with its path as text, a line for each step, times from the first one on. */
export function describeViolation(violation: Violation): string {
  const { rule, invariant, says, found, atEpochMs, path, earlierSteps } = violation;
  const startEpochMs = path[0]?.atEpochMs ?? atEpochMs;
  const since = (at: number): string => `+${at - startEpochMs} ms`.padStart(12);
  return [
    `invariant ${invariant} (${rule}) does not hold: ${found}`,
    `  ${says}`,
    ...(earlierSteps > 0 ? [`  after ${earlierSteps} earlier steps:`] : []),
    ...path.map(({ atEpochMs: at, who, what }) => `${since(at)}  ${who}  ${what}`),
    `${since(atEpochMs)}  found`,
  ].join('\n');
}
