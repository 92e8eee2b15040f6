import { z } from 'zod';
import { domainSnapshotInput, snapshotDeleteInput } from '../../machines/index.ts';
import { createLibvirtHypervisors } from '../../src/adapters/libvirt/index.ts';
import { bindDomainSnapshot } from '../../src/bindings/domain-snapshot.ts';
import { bindSnapshotDelete } from '../../src/bindings/snapshot-delete.ts';
import { Engine, noLog, systemClock } from '../../src/index.ts';
import { MemoryStore } from '../../src/store/memory/index.ts';

import { alternate } from './bench.ts';
import type { Bench, BenchTools } from './bench.ts';
import { compare } from './row.ts';
import type { BenchRow } from './row.ts';

const bench = 'overlay-snapshot';
const pairCount = 30;
const completed = z.object({ output: z.object({ outcome: z.literal('completed') }) });

async function measure(tools: BenchTools): Promise<BenchRow[]> {
  const lab = await tools.lab();
  const host = lab.host('hostA');
  const hypervisors = createLibvirtHypervisors({ clock: systemClock });
  let runs = 0;
  const engine = new Engine({
    store: new MemoryStore(),
    clock: systemClock,
    log: noLog,
    machines: [bindDomainSnapshot(hypervisors), bindSnapshotDelete(hypervisors)],
    newRunId: () => `run-${(runs += 1)}`,
  });
  const done = async (machine: string, input: object): Promise<void> => {
    const ending = await (await engine.start(machine, input)).wait();
    if (!completed.safeParse(ending).success) throw new Error(JSON.stringify(ending));
  };
  try {
    // Hosts and whoever is outside see these files at the same paths.
    const guest = await lab.guest('overlay', { on: 'hostA', storage: 'shared' });
    const about = { domain: guest.name, host: host.uri };
    const [name, overlay] = ['measured', `${guest.disk}.measured`];
    const oursMs = async (): Promise<number> => {
      const begunMs = performance.now();
      const disks = [{ targetDev: 'vda', overlayPath: overlay }];
      await done('domainSnapshot', domainSnapshotInput({ ...about, name, disks }));
      const what = { kind: 'snapshot', name, children: 'keep', metadataOnly: false } as const;
      await done(
        'snapshotDelete',
        snapshotDeleteInput({ ...about, what: { ...what, by: 'auto' } }),
      );
      return performance.now() - begunMs;
    };
    /** Neither metadata nor files are left either way. */
    const peerMs = async (): Promise<number> => {
      const begunMs = performance.now();
      const spec = `vda,snapshot=external,file=${overlay}`;
      await host.virsh(['snapshot-create-as', guest.name, name, '--disk-only', '--diskspec', spec]);
      const commit = ['blockcommit', guest.name, 'vda', '--active', '--pivot', '--delete'];
      await host.virsh(commit);
      await host.virsh(['snapshot-delete', guest.name, name, '--metadata']);
      return performance.now() - begunMs;
    };
    const pairs = await alternate({ count: tools.pairs(pairCount), warmUp: 1 }, oursMs, peerMs);
    const metric = 'overlay of one disk made, merged and removed';
    const peerName = 'virsh snapshot-create-as + blockcommit --pivot';
    return [compare({ bench, metric, unit: 'ms', peerName, goal: '<= 1.1' }, pairs)];
  } finally {
    await engine.close();
    await hypervisors.close();
    await lab.reset();
  }
}

/** As an administrator would at a shell, of which each command opens a connection of its own. */
export const overlaySnapshots: Bench = { name: bench, run: measure };
