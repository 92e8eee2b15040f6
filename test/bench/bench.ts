import type { Lab } from '../../lab/index.ts';
import type { BenchRow } from './row.ts';

/** What a bench gets. */
export interface BenchTools {
  /** The lab of this run, brought up when it is first asked for. */
  readonly lab: () => Promise<Lab>;
  /** How many pairs to measure of so many that a figure to be published needs. */
  readonly pairs: (needed: number) => number;
}

/** A comparison of ours with a peer, in one run. */
export interface Bench {
  readonly name: string;
  readonly run: (tools: BenchTools) => Promise<BenchRow[]>;
}

/**
 * Measures ours and the peer in turn, `count` times each after `warmUp` unmeasured times; who is
 * first changes with every pair, so that neither always finds the machine as the other left it.
 */
export async function alternate<T>(
  { count, warmUp }: { readonly count: number; readonly warmUp: number },
  ours: () => Promise<T>,
  peer: () => Promise<T>,
): Promise<{ readonly ours: T; readonly peer: T }[]> {
  const pairs: { ours: T; peer: T }[] = [];
  for (let index = 0; index < warmUp + count; index += 1) {
    let pair: { ours: T; peer: T };
    if (index % 2 === 0) {
      pair = { ours: await ours(), peer: await peer() };
    } else {
      const second = await peer();
      pair = { ours: await ours(), peer: second };
    }
    if (index >= warmUp) pairs.push(pair);
  }
  return pairs;
}
