import { expect, test } from 'vitest';

import { readSnapshotTree } from '../../src/bindings/snapshot-tree.ts';
import { noLog } from '../../src/ports/log.ts';
import { snapshotSimulated } from '../support/simulated-domain-snapshot.ts';

const signal = new AbortController().signal;

test('the tree of a host tells files with sizes, and what can be done', async () => {
  const { clock, world } = await snapshotSimulated({
    input: { memoryPath: '/images/guest.memory', disks: [{ targetDev: 'vda', overlayPath: null }] },
  });
  const tools = { clock, signal, key: 'tree', log: noLog, report: () => undefined };
  const asked = { domain: 'guest', host: 'simulated:///hostA' };
  const tree = await clock.run(readSnapshotTree(world.hypervisors, asked, tools));
  expect(tree).toMatchObject([
    {
      name: 'before',
      current: true,
      kind: 'external',
      consistency: 'application',
      files: [
        { path: '/images/guest.qcow2', role: 'state' },
        { path: '/images/guest.before', role: 'overlay' },
        { path: '/images/guest.memory', role: 'memory' },
      ],
      // The simulated host is of libvirt 9.0.
      revertObjection: expect.stringContaining('9.9.0'),
      deleteObjection: null,
      children: [],
    },
  ]);
  for (const { bytes } of tree[0]?.files ?? []) expect(bytes).toBeGreaterThan(0);
});

test('a domain that is not there has no tree', async () => {
  const { clock, world } = await snapshotSimulated();
  const tools = { clock, signal, key: 'tree', log: noLog, report: () => undefined };
  const asked = { domain: 'nobody', host: 'simulated:///hostA' };
  const reading = readSnapshotTree(world.hypervisors, asked, tools);
  await expect(clock.run(reading)).rejects.toThrow('has no domain nobody');
});
