import { bindVolumeSwap } from '../../src/bindings/volume-swap.ts';
import type { Bench, BenchTools } from './bench.ts';
import { PivotMeter } from './pivot-meter.ts';
import { absolute } from './row.ts';
import type { BenchRow } from './row.ts';
import { percentile } from './statistics.ts';
import { swapStage } from './swap-stage.ts';
import { durableEngine } from './warm-engine.ts';

const bench = 'swap-latency';
const pivotCount = 120;
const p99 = (values: readonly number[]): number => percentile(values, 99);

async function measure(tools: BenchTools): Promise<BenchRow[]> {
  const lab = await tools.lab();
  using meter = new PivotMeter();
  await using ours = await durableEngine((hypervisors) => [
    bindVolumeSwap(meter.around(hypervisors)),
  ]);
  try {
    const stage = await swapStage(lab, 'pivoted', { disk: '32M', fill: '8M' });
    const swap = (): Promise<unknown> =>
      stage.toNext((path) => ours.complete('volumeSwap', stage.inputTo(path)));
    await swap();
    meter.delaysMs.length = 0;
    const count = tools.pairs(pivotCount);
    for (let index = 0; index < count; index += 1) await swap();
    if (meter.delaysMs.length !== count)
      throw new Error(`${count} swaps, and ${meter.delaysMs.length} pivots were seen`);
    const metric = 'copy in step (event) to pivot sent, p99';
    return [absolute({ bench, metric, unit: 'ms', goal: '<= 10' }, meter.delaysMs, p99)];
  } finally {
    await lab.reset();
  }
}

/** How long a guest that is in step with its new volume waits for us; with the look that makes sure of it. */
export const swapLatency: Bench = { name: bench, run: measure };
