import { describe, expect, test } from 'vitest';

import type { DomainSnapshotInput } from '../../machines/index.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import type { SnapshotScenario } from '../support/simulated-domain-snapshot.ts';
import { snapshotSimulated } from '../support/simulated-domain-snapshot.ts';
import { uuid } from '../support/simulated-host.ts';

const unending = new AbortController().signal;
const overlays = ['/images/guest.before', '/images/second.before'];

/** The overlays are open after 4 ms, and the guest goes on with them after 8. */
const killedBetween: SnapshotScenario['onState'] = (state, { later, world }) => {
  if (!/^working\.creating\.(disksAlone|withMemory\.writing\.running)$/.test(state)) return;
  later(6, () => world.killDaemon('hostA'));
  later(2_000, () => world.startDaemon('hostA'));
};

describe('an overlay that QEMU was left with, and no disk uses', () => {
  test('is let go of and removed, and the next snapshot is taken', async () => {
    let opened: readonly string[] = [];
    const ended = await snapshotSimulated({
      onState: killedBetween,
      through: hooked({
        dropLeftNodes: async (call, [, path]) => {
          opened = [...opened, String(path)];
          return call();
        },
      }),
    });
    const { after, before, clock, hand, output } = ended;
    expect(opened).toEqual(overlays);
    expect(output).toMatchObject({ outcome: 'rolledBack', artefacts: [], notes: [] });
    expect(after).toEqual(before);
    const request = {
      name: 'next',
      description: null,
      memory: { kind: 'none' },
      disks: [{ targetDev: 'vda', kind: 'external', overlayPath: '/images/next', format: 'qcow2' }],
      diskOnly: true,
      quiesce: false,
      atomic: true,
      reuseExternal: false,
      halt: false,
      noMetadata: false,
      live: false,
    } as const;
    await clock.run(hand.createSnapshot(uuid, request, unending));
    expect(await clock.run(hand.listSnapshots(uuid, unending))).toMatchObject([{ name: 'next' }]);
  });

  test('stays, and is told, where QEMU does not let go of it', async () => {
    const ended = await snapshotSimulated({
      onState: killedBetween,
      through: hooked({
        dropLeftNodes: (_, [, path]) =>
          Promise.resolve(path === overlays[0] ? ['libvirt-3-storage'] : []),
      }),
    });
    const { after, before, output } = ended;
    expect(output).toMatchObject({
      outcome: 'rolledBack',
      artefacts: [{ kind: 'overlay', path: overlays[0], status: 'left' }],
      notes: [
        expect.stringContaining('did not let go of it'),
        expect.stringContaining('"node-name":"libvirt-3-storage"'),
        `rm ${overlays[0]}`,
      ],
    });
    expect(after.files).toEqual([...before.files, overlays[0] ?? ''].toSorted());
    expect({ ...after, files: [] }).toEqual({ ...before, files: [] });
  });

  const others: readonly [string, Partial<DomainSnapshotInput>][] = [
    ['that takes too long', { memoryPath: '/images/memory', timeoutMs: 20 }],
    ['whose daemon dies in the memory', { memoryPath: '/images/memory' }],
  ];
  test.each(others)('is not asked for after a snapshot %s: it would taint', async (_, input) => {
    const asked: string[] = [];
    const notes = (name: string) => (call: () => Promise<unknown>) => {
      asked.push(name);
      return call();
    };
    const ended = await snapshotSimulated({
      input,
      onState: killedBetween,
      through: hooked({
        findDiskFiles: notes('findDiskFiles'),
        findOpenFiles: notes('findOpenFiles'),
        dropLeftNodes: notes('dropLeftNodes'),
      }),
    });
    expect(ended.output).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
    expect(ended.after).toEqual(ended.before);
    expect(asked).toEqual([]);
  });
});
