import { describe, expect, test } from 'vitest';

import { snapshotDeleteInput } from '../../machines/index.ts';
import { snapshotRevertInput } from '../../machines/policy/snapshot-revert/snapshot-revert.ts';
import { bindSnapshotDelete } from '../../src/bindings/snapshot-delete.ts';
import { bindSnapshotRevert } from '../../src/bindings/snapshot-revert.ts';
import { readSnapshotTree } from '../../src/bindings/snapshot-tree.ts';
import { noLog } from '../../src/ports/log.ts';
import type { Hypervisors } from '../../src/ports/hypervisor.ts';
import type { SnapshotRequest } from '../../src/ports/snapshots.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import { snapshotGuest } from '../support/simulated-domain-snapshot.ts';
import type { HostScenario, SimulatedHost } from '../support/simulated-host.ts';
import { hostUri, openSimulatedHost, uuid } from '../support/simulated-host.ts';
import { driveSimulated } from '../support/simulated-runs.ts';

const { signal } = new AbortController();
const memoryPath = '/images/guest.memory';

const external: SnapshotRequest = {
  name: 'before',
  description: null,
  memory: { kind: 'external', path: memoryPath },
  disks: [
    { targetDev: 'vda', kind: 'external', overlayPath: '/images/guest.before', format: 'qcow2' },
    { targetDev: 'vdb', kind: 'no', overlayPath: null, format: 'qcow2' },
  ],
  diskOnly: false,
  quiesce: false,
  atomic: true,
  reuseExternal: false,
  halt: false,
  noMetadata: false,
  live: false,
};
const internal: SnapshotRequest = {
  ...external,
  memory: { kind: 'internal' },
  disks: ['vda', 'vdb'].map((targetDev) => ({
    targetDev,
    kind: 'internal',
    overlayPath: null,
    format: 'qcow2',
  })),
  atomic: false,
};

async function hostWith(request: SnapshotRequest, scenario: HostScenario = {}) {
  const host = await openSimulatedHost(scenario, snapshotGuest);
  await host.clock.run(host.hand.createSnapshot(uuid, request, signal));
  return host;
}

function treeOf(
  { clock, world }: SimulatedHost,
  { domain = 'guest', through = (plain: Hypervisors) => plain } = {},
) {
  const tools = { clock, signal, key: 'tree', log: noLog, report: () => undefined };
  const asked = { domain, host: hostUri };
  return clock.run(readSnapshotTree(through(world.hypervisors), asked, tools));
}

test('the tree of a host tells files with sizes, and what can be done', async () => {
  const tree = await treeOf(await hostWith(external));
  expect(tree).toMatchObject([
    {
      name: 'before',
      current: true,
      kind: 'external',
      consistency: 'application',
      files: [
        { path: '/images/guest.qcow2', role: 'state' },
        { path: '/images/guest.before', role: 'overlay' },
        { path: memoryPath, role: 'memory' },
      ],
      // The simulated host is of libvirt 9.0.
      revertObjection: expect.stringContaining('older than 9.9'),
      deleteObjection: null,
      children: [],
    },
  ]);
  for (const { bytes } of tree[0]?.files ?? []) expect(bytes).toBeGreaterThan(0);
});

test('a domain that is not there has no tree', async () => {
  const reading = treeOf(await hostWith(external), { domain: 'nobody' });
  await expect(reading).rejects.toThrow('has no domain nobody');
});

test('however many snapshots there are, the host is asked once for what they share', async () => {
  const host = await hostWith(external);
  for (const name of ['two', 'three', 'four']) {
    const disks = external.disks.map((disk) =>
      disk.overlayPath === null ? disk : { ...disk, overlayPath: `/images/guest.${name}` },
    );
    const memory = { kind: 'none' } as const;
    const request = { ...external, name, memory, disks, diskOnly: true };
    await host.clock.run(host.hand.createSnapshot(uuid, request, signal));
  }
  const asked: string[] = [];
  const counting = (name: 'findDomain' | 'listFiles' | 'listSnapshots') => ({
    [name]: (call: () => Promise<unknown>) => {
      asked.push(name);
      return call();
    },
  });
  const through = hooked({
    ...counting('findDomain'),
    ...counting('listSnapshots'),
    ...counting('listFiles'),
  });
  expect(await treeOf(host, { through })).toHaveLength(1);
  expect(asked.toSorted()).toEqual(['findDomain', 'listFiles', 'listSnapshots']);
});

const newer = { libvirtVersion: 11_003_000 };

/** What stands in the way of a revert, a deletion, or both. */
const worlds: readonly [
  string,
  SnapshotRequest,
  HostScenario,
  (host: SimulatedHost) => Promise<unknown>,
][] = [
  ['libvirt is too old', external, {}, () => Promise.resolve()],
  ['the memory is missing', external, newer, ({ hand }) => hand.removeFile(memoryPath, signal)],
  [
    'what a failed revert left is in the way',
    external,
    newer,
    ({ hand }) => {
      const disks = external.disks.map((disk) =>
        disk.overlayPath === null ? disk : { ...disk, overlayPath: '/images/guest.more' },
      );
      const memory = { kind: 'external', path: '/images/more.memory' } as const;
      const left = { ...external, name: 'before-before', memory, disks };
      return hand.createSnapshot(uuid, left, signal);
    },
  ],
  [
    'an overlay rests on the file that the snapshot is inside',
    internal,
    {},
    ({ hand }) => hand.createSnapshot(uuid, { ...external, name: 'later' }, signal),
  ],
  [
    'somebody else has a job on a disk',
    external,
    newer,
    ({ hand }) => hand.pullBlock(uuid, 'vda', { base: null, bandwidthMibPerS: 1 }, signal),
  ],
];

describe('what the tree says against a snapshot is what its runs are refused with', () => {
  test.each(worlds)('%s', async (_, request, scenario, happens) => {
    const host = await hostWith(request, scenario);
    await host.clock.run(happens(host));
    const [{ deleteObjection, revertObjection } = {}] = await treeOf(host);
    expect(revertObjection).toEqual(expect.any(String));
    const asked = { domain: 'guest', host: hostUri, name: 'before' };
    const input = snapshotRevertInput(asked);
    const revert = await driveSimulated(host, bindSnapshotRevert, input, {});
    expect(revert.output).toMatchObject({
      outcome: 'refused',
      failure: { message: revertObjection },
    });
    if (deleteObjection === null) return;
    const what = { kind: 'snapshot', children: 'keep', metadataOnly: false, by: 'auto' } as const;
    const deletion = await driveSimulated(
      host,
      bindSnapshotDelete,
      snapshotDeleteInput({ ...asked, what: { ...what, name: 'before' } }),
      {},
    );
    expect(deletion.output).toMatchObject({
      outcome: 'refused',
      failure: { message: deleteObjection },
    });
  });
});
