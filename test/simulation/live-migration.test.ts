import { afterAll, describe, expect, test } from 'vitest';

import type { Incident, MigrationPhase, TickSpan } from '../../src/adapters/simulated/index.ts';
import type { MigrationEnd } from '../support/simulated-migration.ts';
import { migrateSimulated, privateGuest, sharedGuest } from '../support/simulated-migration.ts';

const phases: readonly MigrationPhase[] = [
  'begin3',
  'prepare',
  'perform3',
  'perform3Done',
  'finish3',
  'confirm3',
];
const incidents: readonly Incident[] = [
  'killSourceDaemon',
  'killDestinationDaemon',
  'cutLink',
  'cutReplies',
];
const guests = { shared: sharedGuest, copied: privateGuest };
const cases = phases.flatMap((phase) =>
  incidents.flatMap((incident) =>
    (['shared', 'copied'] as const).map((disk) => ({ phase, incident, disk })),
  ),
);

/** Virtual time until whatever was killed or cut is mended. */
const mendedAfterMs = 45_000;

const manifest: Record<string, string>[] = [];

function hit(
  { phase, incident, disk }: (typeof cases)[number],
  peerWaitMs = 120_000,
): Promise<MigrationEnd> {
  return migrateSimulated({
    domain: guests[disk],
    options: { copyStorage: disk === 'copied' ? 'all' : 'none' },
    input: { peerWaitMs },
    faults: [
      { at: { phase }, do: incident },
      { at: { phase, afterMs: mendedAfterMs }, do: 'startDaemons' },
      { at: { phase, afterMs: mendedAfterMs }, do: 'restoreLink' },
    ],
  });
}

/** How long two copies ran at once, by the guest's own ticks. */
function overlapMs(spans: readonly TickSpan[]): number {
  const pairs = spans.flatMap((a, index) => spans.slice(index + 1).map((b) => [a, b] as const));
  return pairs
    .filter(([a, b]) => a.host !== b.host)
    .map(([a, b]) => {
      const [endA, endB] = [a.toEpochMs ?? Infinity, b.toEpochMs ?? Infinity];
      return Math.min(endA, endB) - Math.max(a.fromEpochMs, b.fromEpochMs);
    })
    .reduce((longest, each) => Math.max(longest, each), 0);
}

describe('whatever happens in whatever phase', () => {
  test.for(cases)('$incident in $phase, disk $disk', async (scenario) => {
    const { output, world } = await hit(scenario);
    manifest.push({ ...scenario, outcome: output.outcome, failure: output.failure?.code ?? '-' });
    // A daemon that was killed has its say again before its host is judged.
    for (const host of ['hostA', 'hostB']) world.startDaemon(host);
    const listing = world.listing();
    const held = listing.flatMap(({ name, domains }) =>
      domains.map((domain) => ({ host: name, ...domain })),
    );
    const running = held.filter(({ vcpus }) => vcpus === 'running');
    // 1: two copies never run longer than it takes to see and to stop one.
    expect(overlapMs(world.ticks(held[0]?.uuid ?? ''))).toBeLessThan(2000);
    // 2: exactly one place, or an operator is asked, with a reason.
    if (output.outcome !== 'needsOperator') expect(running).toHaveLength(1);
    else expect(output.failure?.message).toMatch(/source: .*; destination: /);
    // 3: persistent before is persistent after, in the place where it runs.
    if (output.outcome === 'completed')
      expect(held).toMatchObject([{ host: 'hostB', persistent: true, state: 'running' }]);
    if (output.outcome === 'rolledBack') {
      expect(held).toMatchObject([{ host: 'hostA', persistent: true, state: 'running' }]);
      // 5: nothing leaked.
      expect(listing.find(({ name }) => name === 'hostB')?.volumes).toEqual([]);
    }
    expect(held.flatMap(({ job }) => (job === null ? [] : [job]))).toEqual([]);
  });

  test('a phase that was never reached is never reported', async () => {
    for (const scenario of cases.filter(({ phase }) => phase === 'prepare')) {
      const { output } = await hit(scenario);
      if (output.outcome === 'rolledBack')
        expect(output.phases.map(({ phase }) => phase)).not.toContain('PERFORM3');
    }
  });
});

test('a split brain that is only to be reported goes on, and the monitor tells of it', async () => {
  const { output } = await migrateSimulated({
    domain: privateGuest,
    options: { copyStorage: 'all' },
    input: { onSplitBrain: 'report' },
    faults: [{ at: { phase: 'finish3' }, do: 'cutReplies' }],
    breaks: ['oneRunningCopy'],
  });
  expect(output).toMatchObject({ outcome: 'needsOperator', failure: { code: 'splitBrain' } });
});

afterAll(() => {
  const rows = manifest.map((row) => Object.values(row).join(' x '));
  console.log(`machine x phase x fault x disk x outcome\n${rows.join('\n')}`);
});
