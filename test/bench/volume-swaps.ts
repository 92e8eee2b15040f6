import { z } from 'zod';
import { bindVolumeSwap } from '../../src/bindings/volume-swap.ts';
import { alternate } from './bench.ts';
import type { Bench, BenchTools } from './bench.ts';
import { compare } from './row.ts';
import type { BenchRow } from './row.ts';
import { swapStage } from './swap-stage.ts';
import { durableEngine } from './warm-engine.ts';

const peerName = 'virsh blockcopy --wait --pivot';
const swappedOne = z.object({ swapped: z.tuple([z.object({ targetDev: z.literal('vda') })]) });

interface Size {
  readonly bench: string;
  readonly disk: string;
  readonly fill: string;
  readonly metric: string;
  readonly goal: string;
  readonly pairs: number;
}

const small: Size = {
  bench: 'volume-swap',
  disk: '128M',
  fill: '80M',
  metric: '128 MiB with 80 MiB of data',
  goal: '<= 0.5',
  pairs: 30,
};
const large: Size = {
  bench: 'volume-swap-large',
  disk: '1G',
  fill: '800M',
  metric: '1 GiB with 800 MiB of data',
  goal: '<= 0.95',
  pairs: 30,
};

async function measureSize(tools: BenchTools, size: Size): Promise<BenchRow> {
  const lab = await tools.lab();
  await using ours = await durableEngine((hypervisors) => [bindVolumeSwap(hypervisors)]);
  try {
    const stage = await swapStage(lab, 'swapped', size);
    const oursMs = (): Promise<number> =>
      stage.toNext(async (path) => {
        const { elapsedMs, output } = await ours.complete('volumeSwap', stage.inputTo(path));
        swappedOne.parse(output);
        return elapsedMs;
      });
    const host = lab.host('hostA');
    const how = ['--wait', '--pivot', '--reuse-external', '--transient-job', '--format', 'qcow2'];
    const peerMs = (): Promise<number> =>
      stage.toNext(async (path) => {
        const begunMs = performance.now();
        await host.virsh(['blockcopy', stage.guest.name, 'vda', '--dest', path, ...how]);
        return performance.now() - begunMs;
      });
    const pairs = await alternate({ count: tools.pairs(size.pairs), warmUp: 1 }, oursMs, peerMs);
    const { bench, goal, metric } = size;
    return compare({ bench, metric, unit: 'ms', peerName, goal }, pairs);
  } finally {
    await lab.reset();
  }
}

/** The whole of a swap, its checks and its claim among it; the peer asks every 0.5 s whether the copy is ready. */
export const volumeSwaps: readonly Bench[] = [small, large].map((size) => ({
  name: size.bench,
  run: async (tools) => [await measureSize(tools, size)],
}));
