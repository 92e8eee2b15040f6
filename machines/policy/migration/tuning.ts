import type { ProtocolContext, Tuning } from './protocol-context.ts';

type Tuned = Pick<ProtocolContext, 'tuning' | 'convergence'>;

/** The ramp's next step becomes what is wanted; a value given by hand ends the ramp. */
export function afterNextStep({ tuning, convergence }: Tuned): Tuning {
  const step = convergence.downtimeSteps[tuning.stepsBegun];
  if (step === undefined) return tuning;
  const wanted = { ...tuning.wanted, downtimeMs: step.downtimeMs };
  return { ...tuning, stepsBegun: tuning.stepsBegun + 1, wanted };
}

export function hasNextStep({ tuning, convergence }: Tuned): boolean {
  return tuning.stepsBegun < convergence.downtimeSteps.length;
}

export function nextStepAfterMs({ tuning, convergence }: Tuned): number {
  return convergence.downtimeSteps[tuning.stepsBegun]?.afterMs ?? 0;
}

export function withDowntimeByHand({ tuning, convergence }: Tuned, downtimeMs: number): Tuning {
  const wanted = { ...tuning.wanted, downtimeMs };
  return { ...tuning, stepsBegun: convergence.downtimeSteps.length, wanted };
}

export function withBandwidth(tuning: Tuning, mibPerS: number): Tuning {
  return { ...tuning, wanted: { ...tuning.wanted, mibPerS } };
}

/** The source has taken what was asked of it last. */
export function afterTaken(tuning: Tuning, what: keyof Tuning['taken'], value: number): Tuning {
  return { ...tuning, taken: { ...tuning.taken, [what]: value } };
}

export function isWanted({ wanted, taken }: Tuning, what: keyof Tuning['taken']): boolean {
  return wanted[what] !== null && wanted[what] !== taken[what];
}
