import { bindVolumeSwap } from '../../src/bindings/volume-swap.ts';
import type { Bench, BenchTools } from './bench.ts';
import { absolute } from './row.ts';
import type { BenchRow } from './row.ts';
import { swapStage } from './swap-stage.ts';
import { durableEngine } from './warm-engine.ts';

const bench = 'swap-cpu';
const swapCount = 3;
const leastMs = 55_000;

async function measure(tools: BenchTools): Promise<BenchRow[]> {
  const lab = await tools.lab();
  await using ours = await durableEngine((hypervisors) => [bindVolumeSwap(hypervisors)]);
  try {
    const stage = await swapStage(lab, 'slow', { disk: '64M', fill: '40M' });
    /** Percent of one core, of this whole process, from the call to the end. */
    const percent = (): Promise<number> =>
      stage.toNext(async (path) => {
        const before = process.cpuUsage();
        const input = stage.inputTo(path, { bandwidthMibPerS: 1 });
        const { elapsedMs } = await ours.complete('volumeSwap', input);
        const { system, user } = process.cpuUsage(before);
        if (elapsedMs < leastMs)
          throw new Error(`the copy took ${elapsedMs} ms, which is no minute`);
        return ((user + system) / 1000 / elapsedMs) * 100;
      });
    const values: number[] = [];
    for (let index = 0; index < tools.pairs(swapCount); index += 1) values.push(await percent());
    const metric = 'CPU of this process, swap of a minute (1 MiB/s)';
    return [absolute({ bench, metric, unit: '% of a core', goal: '<= 1' }, values)];
  } finally {
    await lab.reset();
  }
}

/** While QEMU copies there is hardly anything to do for us: we are told of the end. */
export const swapCpu: Bench = { name: bench, run: measure };
