import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { LabGuest } from '../../lab/index.ts';
import { coldSnapshotInput } from '../../machines/index.ts';
import { createLibvirtHypervisors } from '../../src/adapters/libvirt/index.ts';
import { bindColdSnapshot } from '../../src/bindings/cold-snapshot.ts';
import { Engine, noLog, systemClock } from '../../src/index.ts';
import { MemoryStore } from '../../src/store/memory/index.ts';
import { alternate } from './bench.ts';
import type { Bench, BenchTools } from './bench.ts';
import { compare } from './row.ts';
import type { BenchRow } from './row.ts';

const bench = 'cold-snapshot';
const pairCount = 10;
const completed = z.object({
  output: z.object({ outcome: z.literal('completed'), outageMs: z.number().positive() }),
});

async function measure(tools: BenchTools): Promise<BenchRow[]> {
  const lab = await tools.lab();
  const host = lab.host('hostA');
  const hypervisors = createLibvirtHypervisors({ clock: systemClock });
  let runs = 0;
  const engine = new Engine({
    store: new MemoryStore(),
    clock: systemClock,
    log: noLog,
    machines: [bindColdSnapshot(hypervisors)],
    newRunId: () => `run-${(runs += 1)}`,
  });
  try {
    // Hosts and whoever is outside see these files at the same paths.
    const place = { on: 'hostA', storage: 'shared' } as const;
    const small = await lab.guest('small', { ...place, disk: '64M', fill: '40M' });
    const large = await lab.guest('large', { ...place, disk: '1G', fill: '800M' });
    const directory = join(lab.paths.sharedDir, 'images');
    await mkdir(directory);
    const outageMs = async (guest: LabGuest): Promise<number> => {
      const fileName = `${guest.name}.qcow2`;
      const input = coldSnapshotInput({
        domain: guest.name,
        host: host.uri,
        directory,
        fileName,
        shortOutage: true,
      });
      const ending = await (await engine.start('coldSnapshot', input)).wait();
      const { data } = completed.safeParse(ending);
      if (data === undefined) throw new Error(JSON.stringify(ending));
      await rm(join(directory, fileName));
      return data.output.outageMs;
    };
    const pairs = await alternate(
      { count: tools.pairs(pairCount), warmUp: 1 },
      () => outageMs(large),
      () => outageMs(small),
    );
    const metric = 'outage with --short-outage, 1 GiB with 800 MiB of data';
    const peerName = 'the same, 64 MiB with 40 MiB of data';
    return [compare({ bench, metric, unit: 'ms', peerName, goal: '<= 1.2' }, pairs)];
  } finally {
    await engine.close();
    await hypervisors.close();
    await lab.reset();
  }
}

/** How long a guest stands still must not grow with its disk. */
export const coldSnapshots: Bench = { name: bench, run: measure };
