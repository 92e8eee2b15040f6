import { describe, expect, test } from 'vitest';

import type { RunResult } from '../../../src/cli/display/run-result.ts';
import type { Holdings, HostHolding } from '../../../src/cli/display/summary.ts';
import { summarise } from '../../../src/cli/display/summary.ts';
import type { DomainStatus } from '../../../src/ports/domain.ts';

const completed = {
  ended: 'finished',
  outcome: 'completed',
  failure: null,
  phases: [],
  downtimeMs: 52,
  artefacts: [
    { kind: 'volume', host: 'b:', path: '/img/web.qcow2', status: 'made' },
    { kind: 'volume', host: 'a:', path: '/img/web.qcow2', status: 'kept' },
  ],
  startedAtEpochMs: 0,
  finishedAtEpochMs: 5_600,
} as const satisfies RunResult;

const running: DomainStatus = {
  uuid: 'u',
  name: 'web',
  state: 'running',
  reason: 'migrated',
  persistent: true,
  job: null,
};
const holds = (domain: DomainStatus | null): HostHolding => ({ known: true, domain });
const held = (source: HostHolding, destination: HostHolding): Holdings => ({
  source: { uri: 'a:', holds: source },
  destination: { uri: 'b:', holds: destination },
});

test('after a success: times, disks, and where it runs now', () => {
  expect(summarise('web', completed, held(holds(null), holds(running)))).toEqual([
    'completed: web has moved in 5.6 s, downtime 52 ms',
    '  disk         /img/web.qcow2 on the destination: made by this migration, in use',
    '  disk         /img/web.qcow2 on the source: kept, not used any more',
    '  source       a:: has no such domain',
    '  destination  b:: running, persistent',
  ]);
});

test('after a rollback: why, and that the guest is as before', () => {
  const failure = {
    code: 'libvirtError',
    message: 'internal error:\nclient socket is closed',
    effect: 'unknown',
    libvirt: { code: 1, domain: 7 },
  } as const;
  const rolledBack: RunResult = { ...completed, outcome: 'rolledBack', failure, artefacts: [] };
  expect(summarise('web', rolledBack, held(holds(running), holds(null))).slice(0, 2)).toEqual([
    'rolled back after 5.6 s: internal error: client socket is closed (libvirtError, libvirt error 1)',
    'web is on the source as before',
  ]);
});

test('where an operator is needed: what each side holds and what to do', () => {
  const failure = {
    code: 'splitBrain',
    message: 'both hosts ran web: compare them, then destroy one (source: paused)',
    effect: 'unknown',
  } as const;
  const both: RunResult = { ...completed, outcome: 'needsOperator', failure, artefacts: [] };
  const paused = holds({ ...running, state: 'paused', persistent: false });
  expect(summarise('web', both, held(paused, holds(running)))).toEqual([
    'needs an operator, after 5.6 s: both hosts ran web: compare them, then destroy one (source: paused) (splitBrain)',
    '  source       a:: paused, transient',
    '  destination  b:: running, persistent',
  ]);
});

describe('what a host holds', () => {
  const shutOff = { ...running, state: 'shutoff' } as const;
  test.each([
    [holds(shutOff), 'a:: defined, not running'],
    [{ known: false, message: 'no\nroute' } as const, 'a:: does not answer (no route)'],
  ])('%o', (holding, words) => {
    expect(summarise('web', completed, held(holding, holds(null)))).toContain(
      `  source       ${words}`,
    );
  });
});

test('a fault of our own says so, and does not pretend to know', () => {
  const failure = { code: 'storeFailed', message: 'disk full', effect: 'none' } as const;
  const lines = summarise('web', { ended: 'broken', atEpochMs: 1, failure }, null);
  expect(lines.join('\n')).toContain('virtstate itself failed (storeFailed): disk full');
  expect(lines.join('\n')).toContain('look at both hosts');
});
