import { oneLine } from './quantities.ts';

/** What became of one line that was typed while a run goes on. */
export interface CommandAnswer {
  readonly atEpochMs: number;
  /** The line as it was typed, no longer than commands are. */
  readonly command: string;
  /** `taken`: handed to the machine; what came of it, its next states tell. */
  readonly answer: 'taken' | 'notAllowed' | 'notUnderstood';
  /** Where the run stood then. */
  readonly state: string;
  /** What would be understood; `null` where it was. */
  readonly reason: string | null;
}

/** The object of its NDJSON line. */
export function answerToLine({ atEpochMs, ...answer }: CommandAnswer): object {
  return { type: 'command', at: atEpochMs, ...answer };
}

export function answerToWords({ command, answer, state, reason }: CommandAnswer): string {
  const words = {
    taken: 'taken',
    notAllowed: `not allowed in the state ${state}`,
    notUnderstood: `not understood: ${reason ?? 'no such command'}`,
  } as const;
  return oneLine(`virtstate: ${command}: ${words[answer]}`);
}
