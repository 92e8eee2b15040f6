import { LabError } from './lab-error.ts';

/** TCP ports from the first to the last. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Reads one port or a range `FIRST-LAST` (also `FIRST:LAST`).
 * @throws {LabError} when it is none.
 */
export function parsePortRange(text: string): PortRange {
  const match = /^(\d{1,5})(?:[-:](\d{1,5}))?$/.exec(text);
  const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  if (first >= 1 && last >= first && last <= 65_535) return { first, last };
  throw new LabError(`'${text}' is no port range: write for example 49152-49215`);
}
