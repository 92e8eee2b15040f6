import type { Lab } from '../../lab/index.ts';
import { alternate } from './bench.ts';
import type { Bench, BenchTools } from './bench.ts';
import { downtimeLimitMs, DowntimeMeter } from './downtime.ts';
import { migrationVariants } from './migration-variants.ts';
import type { MigrationVariant } from './migration-variants.ts';
import { libraryOf, ourEngine } from './movers.ts';
import type { Moved, Mover, Way } from './movers.ts';
import { compare } from './row.ts';
import type { BenchRow, Metric } from './row.ts';
import type { Pair } from './statistics.ts';

/** What our looking before and after may cost; the goal is about the rest. */
const allowanceMs = 20;
const pairCount = 30;
const start = 'hostA';

/** A domain goes there and back, ours and the peer in turn. */
async function measure(
  tools: BenchTools,
  movers: { readonly ours: Mover; readonly peer: Mover },
  measured: (mover: Mover, way: Way) => Promise<number>,
): Promise<Pair[]> {
  let way: Way = { from: 'hostB', to: start };
  const next = (mover: Mover): Promise<number> => {
    way = { from: way.to, to: way.from };
    return measured(mover, way);
  };
  return alternate(
    { count: tools.pairs(pairCount), warmUp: 1 },
    () => next(movers.ours),
    () => next(movers.peer),
  );
}

/** Of a domain that only sits in its firmware: nothing but the calls takes time. */
async function compareTimes(
  variant: MigrationVariant,
  tools: BenchTools,
  lab: Lab,
  movers: { readonly ours: Mover; readonly peer: Mover },
): Promise<BenchRow> {
  const domain = await lab.bareDomain(`bench-${variant.bench}`, { on: start });
  const pairs = await measure(tools, movers, (mover, way) => mover.move(domain, way));
  const metric = `call to verified, less ${allowanceMs} ms`;
  return compare(
    { ...about(variant), metric, goal: variant.timeGoal },
    pairs.map(({ ours, peer }) => ({ ours: ours - allowanceMs, peer })),
  );
}

/** Of a guest at work, whose last dirty memory is sent while it stands still. */
async function compareDowntimes(
  variant: MigrationVariant,
  goal: string,
  tools: BenchTools,
  lab: Lab,
  movers: { readonly ours: Mover; readonly peer: Mover },
): Promise<BenchRow> {
  const guest: Moved = await lab.guest('busy', { on: start, storage: 'shared', dirtyMiBPerS: 8 });
  await using meter = await DowntimeMeter.open(lab);
  const pairs = await measure(tools, movers, (mover, way) => meter.downtimeMs(mover, guest, way));
  return compare(
    { ...about(variant), metric: `downtime, limit ${downtimeLimitMs} ms`, goal },
    pairs,
  );
}

function about({ bench, protocol }: MigrationVariant): Omit<Metric, 'metric' | 'goal'> {
  const call = protocol === 'direct' ? 'migrate3' : 'migrateToURI3';
  return { bench, unit: 'ms', peerName: `python3-libvirt ${call}` };
}

async function run(variant: MigrationVariant, tools: BenchTools): Promise<BenchRow[]> {
  const lab = await tools.lab();
  try {
    await using ours = ourEngine(variant, lab);
    await using peer = libraryOf(variant, lab);
    const movers = { ours, peer };
    const rows = [await compareTimes(variant, tools, lab, movers)];
    if (variant.downtimeGoal !== null) {
      rows.push(await compareDowntimes(variant, variant.downtimeGoal, tools, lab, movers));
    }
    return rows;
  } finally {
    // Whoever is measured next has the machine for itself.
    await lab.reset();
  }
}

/** Live migrations by our engine beside the C library's, one bench for each way to drive them. */
export const migrations: readonly Bench[] = migrationVariants.map((variant) => ({
  name: variant.bench,
  run: (tools) => run(variant, tools),
}));
