import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { LabGuest } from '../../lab/index.ts';
import { coldSnapshotInput } from '../../machines/index.ts';
import { bindColdSnapshot } from '../../src/bindings/cold-snapshot.ts';
import { alternate } from './bench.ts';
import type { Bench, BenchTools } from './bench.ts';
import { compare } from './row.ts';
import type { BenchRow } from './row.ts';
import { warmEngine } from './warm-engine.ts';

const bench = 'cold-snapshot';
const pairCount = 10;
const seen = z.object({ outageMs: z.number().positive() });

async function measure(tools: BenchTools): Promise<BenchRow[]> {
  const lab = await tools.lab();
  const host = lab.host('hostA');
  await using ours = warmEngine((hypervisors) => [bindColdSnapshot(hypervisors)]);
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
      const { output } = await ours.complete('coldSnapshot', input);
      await rm(join(directory, fileName));
      return seen.parse(output).outageMs;
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
    await lab.reset();
  }
}

/** How long a guest stands still must not grow with its disk. */
export const coldSnapshots: Bench = { name: bench, run: measure };
