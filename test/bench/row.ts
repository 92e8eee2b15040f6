import { interval95, median } from './statistics.ts';
import type { Pair } from './statistics.ts';

/** One result: a figure of ours beside the peer's, and the ratio that the goal is about. */
export interface BenchRow {
  readonly bench: string;
  readonly metric: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: number | null;
  readonly peerName: string | null;
  /** What the goal is held against: a ratio, or our figure where there is no peer. */
  readonly value: number;
  /** `null`: shown for what stands beside it. */
  readonly goal: string | null;
  /** How often it was measured: pairs, where there is a peer. */
  readonly pairs: number;
  readonly ci95: readonly [number, number];
}

/** What a row is about. */
export interface Metric {
  readonly bench: string;
  readonly metric: string;
  readonly unit: string;
  readonly peerName: string;
  readonly goal: string;
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

/** The row of a metric: medians of both, and the median of the ratios pair by pair. */
export function compare(metric: Metric, pairs: readonly Pair[]): BenchRow {
  const ratios = pairs.map(({ ours, peer }) => ours / peer);
  const [low, high] = interval95(ratios);
  const { bench, unit, peerName, goal } = metric;
  return {
    bench,
    metric: metric.metric,
    unit,
    ours: rounded(median(pairs.map(({ ours }) => ours))),
    peer: rounded(median(pairs.map(({ peer }) => peer))),
    peerName,
    value: rounded(median(ratios)),
    goal,
    pairs: pairs.length,
    ci95: [rounded(low), rounded(high)],
  };
}

/** The row of a metric without a peer: the median of what was measured, or what else is asked of it. */
export function absolute(
  metric: Pick<BenchRow, 'bench' | 'metric' | 'unit' | 'goal'>,
  values: readonly number[],
  statistic: (values: readonly number[]) => number = median,
): BenchRow {
  const [low, high] = interval95(values, statistic);
  const ours = rounded(statistic(values));
  const ci95 = [rounded(low), rounded(high)] as const;
  return { ...metric, ours, peer: null, peerName: null, value: ours, pairs: values.length, ci95 };
}

/**
 * Whether a row reaches its goal; a row without one does.
 * @throws when the goal is not `<=` or `>=` and a number.
 */
export function meetsGoal({ value, goal }: BenchRow): boolean {
  if (goal === null) return true;
  const [, sign, bound] = /^([<>])= (\d+(?:\.\d+)?)$/.exec(goal) ?? [];
  if (bound === undefined) throw new Error(`'${goal}' is not a goal`);
  return sign === '<' ? value <= Number(bound) : value >= Number(bound);
}

const headings = ['bench', 'metric', 'ours', 'peer', 'value', 'goal', '95 %', 'pairs', ''];

/** Rows as an aligned table. */
export function table(rows: readonly BenchRow[]): string {
  const cells = rows.map((row) => [
    row.bench,
    row.metric,
    `${row.ours} ${row.unit}`,
    row.peer === null ? '' : `${row.peer} (${row.peerName ?? ''})`,
    String(row.value),
    row.goal ?? '',
    row.ci95.join(' .. '),
    String(row.pairs),
    row.goal === null ? '' : meetsGoal(row) ? 'reached' : 'MISSED',
  ]);
  const lines = [headings, ...cells];
  const widths = headings.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
