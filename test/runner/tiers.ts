/** One tier of the test suite: a vitest project of its own, so that it can be run and timed alone. */
export interface Tier {
  readonly name: string;
  /** Where its files live, from the repository's root. */
  readonly directories: readonly string[];
  /** Single files beside the directories. */
  readonly files?: readonly string[];
  readonly testTimeoutMs: number;
  readonly hookTimeoutMs: number;
  /** Tiers of one group run at the same time; groups run one after the other. */
  readonly group: number;
  readonly workers: number;
}

const quick = { testTimeoutMs: 10_000, hookTimeoutMs: 20_000, group: 0, workers: 2 } as const;
const ofLabs = { testTimeoutMs: 120_000, hookTimeoutMs: 180_000, group: 3, workers: 3 } as const;

/**
 * Every tier, in the order in which they run. What touches real daemons comes after what needs the
 * processor, so that a busy machine does not look like a slow guest.
 */
export const tiers: readonly Tier[] = [
  {
    name: 'unit',
    directories: ['test/unit', 'test/runner'],
    files: ['test/architecture.test.ts'],
    ...quick,
  },
  { name: 'machines', directories: ['test/machines', 'test/paths'], ...quick },
  { name: 'types', directories: ['test/types'], ...quick, testTimeoutMs: 60_000 },
  { name: 'simulation', directories: ['test/simulation'], ...quick, testTimeoutMs: 60_000 },
  // It keeps both processors busy with processes of its own.
  {
    name: 'crash',
    directories: ['test/crash/simulated'],
    testTimeoutMs: 10_000,
    hookTimeoutMs: 600_000,
    group: 1,
    workers: 1,
  },
  {
    name: 'client',
    directories: ['packages/node-libvirt/test'],
    ...quick,
    testTimeoutMs: 30_000,
    group: 2,
  },
  // A lab mostly waits: two files at a time leave more than half of two processors idle, and three
  // still leave the guests, which run under emulation, what their timing needs. All of them are one
  // group, so that nobody waits for the last file of a tier.
  { name: 'contract', directories: ['test/contract'], ...ofLabs, testTimeoutMs: 60_000 },
  { name: 'lab', directories: ['test/lab', 'test/crash/lab'], ...ofLabs },
  { name: 'conformance', directories: ['test/conformance'], ...ofLabs },
  // What is held against a clock has the machine for itself.
  {
    name: 'lab-alone',
    directories: ['test/lab-alone'],
    testTimeoutMs: 120_000,
    hookTimeoutMs: 180_000,
    group: 4,
    workers: 1,
  },
  // The inspector in a browser, which is a busy process of its own: over simulated hosts, and a lab.
  {
    name: 'page',
    directories: ['test/page'],
    testTimeoutMs: 120_000,
    hookTimeoutMs: 180_000,
    group: 5,
    workers: 1,
  },
];

/** The tier to which a file belongs; null where none claims it. */
export function tierOf(path: string): Tier | null {
  const claims = (tier: Tier): boolean =>
    tier.files?.includes(path) === true ||
    tier.directories.some((directory) => path.startsWith(`${directory}/`));
  return tiers.find(claims) ?? null;
}
