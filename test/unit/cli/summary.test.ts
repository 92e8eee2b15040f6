import { describe, expect, test } from 'vitest';

import type { RunResult } from '../../../src/cli/display/run-result.ts';
import type { HostHolding } from '../../../src/cli/display/holdings.ts';
import type { AskedMigration } from '../../../src/cli/workflows/migration.ts';
import { shownMigration } from '../../../src/cli/workflows/migration.ts';
import type { Holding } from '../../../src/cli/workflows/shown-workflow.ts';
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
  told: {},
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
const held = (source: HostHolding, destination: HostHolding): Holding[] => [
  { place: { input: 'source', words: 'the source', uri: 'a:' }, holds: source },
  { place: { input: 'destination', words: 'the destination', uri: 'b:' }, holds: destination },
];
const summarise = (asked: AskedMigration, result: RunResult, holdings: readonly Holding[] | null) =>
  shownMigration(asked).summarise(result, holdings);

const web: AskedMigration = {
  source: 'a:',
  domain: 'web',
  protocol: 'peer2peer',
  offline: false,
  destination: 'b:',
  options: {
    destinationConnectUri: 'qemu+tls://hostB/system',
    destinationName: null,
    keepSource: false,
    persistence: 'asBefore',
  },
};

test('after a success: times, disks, and where it runs now', () => {
  expect(summarise(web, completed, held(holds(null), holds(running)))).toEqual([
    'completed: web has moved in 5.6 s, downtime 52 ms',
    '  disk         /img/web.qcow2 on the destination: made by this run, in use',
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
  expect(summarise(web, rolledBack, held(holds(running), holds(null))).slice(0, 2)).toEqual([
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
  expect(summarise(web, both, held(paused, holds(running)))).toEqual([
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
    expect(summarise(web, completed, held(holding, holds(null)))).toContain(
      `  source       ${words}`,
    );
  });
});

test('a fault of our own says so, and does not pretend to know', () => {
  const failure = { code: 'storeFailed', message: 'disk full', effect: 'none' } as const;
  const lines = summarise(web, { ended: 'broken', atEpochMs: 1, failure }, null);
  expect(lines.join('\n')).toContain('virtstate itself failed (storeFailed): disk full');
  expect(lines.join('\n')).toContain('look at both hosts');
});

test('a domain that was moved while it was shut off had no downtime', () => {
  const lines = summarise({ ...web, offline: true }, { ...completed, downtimeMs: null }, null);
  expect(lines[0]).toBe('completed: web has moved in 5.6 s, shut off as it was');
});

test.each([
  ['removed', 'deleted, as --source-disk asked'],
  ['left', 'not used any more, could not be deleted: delete it'],
  ['unwanted', 'kept for now: it was to be deleted once the guest was safe elsewhere'],
] as const)("the source's own disk, %s", (status, words) => {
  const artefacts = [{ kind: 'volume' as const, host: 'a:', path: '/img/web.qcow2', status }];
  const moved: RunResult = { ...completed, artefacts };
  const lines = summarise(web, moved, held(holds(null), holds(running)));
  expect(lines[1]).toBe(`  disk         /img/web.qcow2 on the source: ${words}`);
});

test.each([
  ['expected', 'may stand there, where the domain does'],
  ['left', 'could not be taken away: see docs/claims.md'],
  ['kept', 'keeps other runs away until an operator has looked'],
] as const)('a claim, %s', (status, words) => {
  const artefacts = [{ kind: 'claim' as const, host: 'a:', path: 'a-uuid', status }];
  const lines = summarise(web, { ...completed, artefacts }, held(holds(null), holds(running)));
  expect(lines[1]).toBe(`  claim        on the domain, the source: ${words}`);
});

const half = (state: 'paused' | 'running') =>
  holds({ ...running, state, reason: 'postcopyFailed' });

describe('a post-copy that stays broken', () => {
  const failure = {
    code: 'postcopyBroken',
    message: 'the memory of web is split between both hosts',
    effect: 'unknown',
  } as const;
  const broken: RunResult = { ...completed, outcome: 'needsOperator', failure, artefacts: [] };
  const lines = (asked: AskedMigration) =>
    summarise(asked, broken, held(half('paused'), half('running')));

  test('says what each side holds, and how it goes on', () => {
    expect(lines(web).slice(1)).toEqual([
      '  source       a:: paused, persistent; its post-copy is broken: part of its memory is on the other host',
      '  destination  b:: running, persistent; its post-copy is broken: part of its memory is on the other host',
      '  to go on     virsh -c a: migrate web qemu+tls://hostB/system --live --postcopy --postcopy-resume --p2p --persistent --undefinesource',
    ]);
  });

  test('the words fit the protocol, and can be pasted into a shell', () => {
    const options = {
      destinationConnectUri: null,
      destinationName: null,
      keepSource: true,
      persistence: 'transient',
    } as const;
    const direct = { ...web, domain: "it's $(mine)", protocol: 'direct', options } as const;
    expect(lines(direct).at(-1)).toBe(
      String.raw`  to go on     virsh -c a: migrate 'it'\''s $(mine)' b: --live --postcopy --postcopy-resume --change-protection`,
    );
  });
});
