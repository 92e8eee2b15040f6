import { expect } from 'vitest';

import type { SwapEnd } from './simulated-swap.ts';

/** Of the guest alone: no claim, no job, no tick lost or repeated on the disk that it writes to. */
export function expectWell(end: SwapEnd): void {
  const { after, configured, lastTickOn, spans } = end;
  expect(after.claims).toEqual([]);
  const paths = (after.disks ?? []).map(({ path }) => path ?? '');
  expect(after.disks?.map(({ blockJob }) => blockJob)).toEqual(paths.map(() => null));
  if (after.persistent === true) expect(configured).toEqual(paths);
  for (const [index, span] of spans.entries())
    if (index > 0) expect(span.firstTick).toBe((spans[index - 1]?.lastTick ?? 0) + 1);
  const last = spans.at(-1)?.lastTick ?? null;
  for (const path of paths) expect(lastTickOn(path), path).toBe(last);
}

/** Those disks are on their new volumes, the others where they were, and all definitions say so. */
export function expectSwapped(end: SwapEnd, ...targetDevs: readonly string[]): void {
  const { after, before, output } = end;
  expect(output).toMatchObject({ outcome: 'completed', failure: null });
  const all = targetDevs.length === 0 ? ['vda'] : targetDevs;
  expect(output.swapped.map(({ targetDev }) => targetDev)).toEqual(all);
  const wanted = ['vda', 'vdb'].map((targetDev) =>
    all.includes(targetDev) ? `/new/${targetDev}.qcow2` : `/images/${targetDev}.qcow2`,
  );
  expect(after.disks?.map(({ path }) => path)).toEqual(wanted);
  expect({ ...after, disks: [], files: [] }).toEqual({ ...before, disks: [], files: [] });
  expectWell(end);
}

/** The guest has its old volumes, and nothing is left of the new ones. */
export function expectKept(end: SwapEnd): void {
  const { after, before, output } = end;
  expect(output.swapped).toEqual([]);
  expect(after.disks).toEqual(before.disks);
  expect(after.files).toEqual(before.files);
  expectWell(end);
}

/**
 * libvirt was killed behind a pivot and believes in an old volume: the guest runs on with the one that
 * its next start takes, too, and whoever reads what is said knows.
 */
export function expectUnseen({ after, configured, lastTickOn, output, spans }: SwapEnd): void {
  expect(output).toMatchObject({ outcome: 'needsOperator', failure: { effect: 'done' } });
  expect(after).toMatchObject({ state: 'running', vcpus: 'running' });
  expect(after.claims).toHaveLength(1);
  const last = spans.at(-1)?.lastTick ?? null;
  for (const path of configured) expect(lastTickOn(path ?? ''), path ?? '').toBe(last);
  for (const [index, span] of spans.entries())
    if (index > 0) expect(span.firstTick).toBe((spans[index - 1]?.lastTick ?? 0) + 1);
}

/** Whatever struck it: it is on its new volumes, or on its old ones. */
export function expectSafe(end: SwapEnd, ...targetDevs: readonly string[]): void {
  expect(['completed', 'rolledBack'], JSON.stringify(end.output.failure)).toContain(
    end.output.outcome,
  );
  if (end.output.outcome === 'completed') expectSwapped(end, ...targetDevs);
  else expectKept(end);
}
