import type { PlayRecord } from './record.ts';

/** What the simulated world does otherwise than real hosts, and is left so. */
export interface Difference {
  readonly script: string;
  /** Where the two records differ; nothing there is compared. */
  readonly at: { readonly part: 'events' | 'states' | 'world'; readonly key: string };
}

/** Why each is left stands in test/contract/DIFFERENCES.md. */
export const differences: readonly Difference[] = [
  {
    script: 'p2p-link-cut',
    at: { part: 'states', key: 'peer2peerMigration.migrating.execution' },
  },
];

/** The record without what is known to differ. */
export function compared(script: string, record: PlayRecord): PlayRecord {
  let left = record;
  for (const { at, script: each } of differences) {
    if (each !== script) continue;
    const part = Object.entries(left[at.part]).filter(([key]) => key !== at.key);
    left = { ...left, [at.part]: Object.fromEntries(part) };
  }
  return left;
}
