import { expect, test } from 'vitest';

import { nearestThere } from '../../../src/cli/workflows/nearest-there.ts';
import { shownOneHost } from '../../../src/cli/workflows/one-host.ts';
import { createSimulatedWorld, VirtualClock } from '../../../src/adapters/simulated/index.ts';
import { readLines, virtstate } from './spawned.ts';

const host = 'simulated:///hostA';
const disk = (targetDev: string) => ({ targetDev, path: `/images/${targetDev}.qcow2` });

/** A host with `db1`, which has two disks and two snapshots. */
async function oneHost() {
  const clock = new VirtualClock({ startEpochMs: 0, pace: 'asFastAsPossible' });
  const { hypervisors } = createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [
      {
        name: 'hostA',
        pools: [{ name: 'images', targetPath: '/images', capacityBytes: 2 ** 40 }],
      },
    ],
    domains: [
      {
        name: 'db1',
        host: 'hostA',
        state: 'shutoff',
        memoryBytes: 2 ** 20,
        disks: ['vda', 'vdb'].map((name) => ({
          ...disk(name),
          format: 'qcow2' as const,
          capacityBytes: 2 ** 20,
          storage: 'private' as const,
        })),
      },
    ],
    link: { bandwidthBytesPerS: 1 },
    faults: [],
  });
  const { signal } = new AbortController();
  await clock.run(
    (async () => {
      const opened = await hypervisors.open(host, signal);
      const domain = await opened.findDomain('db1', signal);
      for (const name of ['before', 'nightly'])
        await opened.createSnapshot(domain?.uuid ?? '', { ...internal, name }, signal);
    })(),
  );
  return { clock, hypervisors };
}

const internal = {
  description: null,
  memory: { kind: 'none' },
  disks: ['vda', 'vdb'].map((targetDev) => ({
    targetDev,
    kind: 'internal' as const,
    overlayPath: null,
    format: null,
  })),
  diskOnly: false,
  quiesce: false,
  atomic: false,
  reuseExternal: false,
  halt: false,
  noMetadata: false,
  live: false,
} as const;
const swapOf = (targetDev: string) => ({ disks: [{ targetDev }] });
const deletionOf = (name: string) =>
  ({ what: { kind: 'snapshot', name, children: 'keep', metadataOnly: false } }) as const;

test.each([
  ['a domain', 'domainExists', shownOneHost('managedSave', { domain: 'bd1', host }), 'db1'],
  [
    'a disk',
    'disksKnown',
    shownOneHost('volumeSwap', { domain: 'db1', host, ...swapOf('vbd') }),
    'vdb',
  ],
  [
    'a snapshot to go back to',
    'snapshotKnown',
    shownOneHost('snapshotRevert', { domain: 'db1', host, name: 'befroe' }),
    'before',
  ],
  [
    'a snapshot to delete',
    'snapshotExists',
    shownOneHost('snapshotDelete', { domain: 'db1', host, ...deletionOf('nigthly') }),
    'nightly',
  ],
  [
    'one disk of an image',
    'live.disksKnown',
    shownOneHost('instanceSnapshot', { domain: 'db1', host, disk: 'vad' }),
    'vda',
  ],
  ['a name unlike all', 'domainExists', shownOneHost('managedSave', { domain: 'x', host }), null],
  ['something else', 'noOtherJob', shownOneHost('managedSave', { domain: 'bd1', host }), null],
  [
    'a host that is not there',
    'domainExists',
    shownOneHost('managedSave', { domain: 'bd1', host: 'simulated:///gone' }),
    null,
  ],
])('%s: what may have been meant (%s)', async (_, check, shown, meant) => {
  const { clock, hypervisors } = await oneHost();
  expect(await clock.run(nearestThere(hypervisors, shown, check))).toBe(meant);
});

const on = ['--on', host];
const between = ['--from', host, '--to', 'simulated:///hostB'];

test.each([
  [['migrate', 'idel', ...between], 'hostA has no domain idel (domainExists)', 'idle'],
  [['swap', 'demo', 'vad', '--to', '/backup/x', '--create', ...on], 'has no disk vad', 'vda'],
])(
  'virtstate %o says what may have been meant',
  async (words, said, meant) => {
    const { status, stdout, stderr } = await virtstate(...words, '--json');
    expect(readLines(stdout).at(-1)).toMatchObject({ outcome: 'refused', nearest: meant });
    expect(stderr).toContain(said);
    expect(stderr).toContain(`nothing was touched; did you mean ${meant}?`);
    expect(status).toBe(2);
    const tried = await virtstate(...words, '--dry-run');
    expect(tried.stdout).toContain(said.replace(/ \(.*/, ''));
    expect(tried.stdout).toContain(`; did you mean ${meant}?\n`);
  },
  60_000,
);

test('virtstate tree says what may have been meant', async () => {
  const { status, stderr } = await virtstate('tree', 'dmeo', ...on);
  expect(stderr).toContain('(domainExists); nothing was touched; did you mean demo?');
  expect(status).toBe(2);
}, 60_000);
