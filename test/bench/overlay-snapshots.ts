import { domainSnapshotInput, snapshotDeleteInput } from '../../machines/index.ts';
import { bindDomainSnapshot } from '../../src/bindings/domain-snapshot.ts';
import { bindSnapshotDelete } from '../../src/bindings/snapshot-delete.ts';
import { alternate } from './bench.ts';
import type { Bench, BenchTools } from './bench.ts';
import { compare } from './row.ts';
import type { BenchRow } from './row.ts';
import { warmEngine } from './warm-engine.ts';

const bench = 'overlay-snapshot';
const pairCount = 30;

async function measure(tools: BenchTools): Promise<BenchRow[]> {
  const lab = await tools.lab();
  const host = lab.host('hostA');
  await using ours = warmEngine((hypervisors) => [
    bindDomainSnapshot(hypervisors),
    bindSnapshotDelete(hypervisors),
  ]);
  try {
    // Hosts and whoever is outside see these files at the same paths.
    const guest = await lab.guest('overlay', { on: 'hostA', storage: 'shared' });
    const about = { domain: guest.name, host: host.uri };
    const [name, overlay] = ['measured', `${guest.disk}.measured`];
    const oursMs = async (): Promise<number> => {
      const begunMs = performance.now();
      const disks = [{ targetDev: 'vda', overlayPath: overlay }];
      await ours.complete('domainSnapshot', domainSnapshotInput({ ...about, name, disks }));
      const what = { kind: 'snapshot', name, children: 'keep', metadataOnly: false } as const;
      await ours.complete(
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
    await lab.reset();
  }
}

/** As an administrator would at a shell, of which each command opens a connection of its own. */
export const overlaySnapshots: Bench = { name: bench, run: measure };
