import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../src/testing/index.ts';
import { describeViolation, judgeRecording } from '../../../src/testing/index.ts';
import {
  domain,
  entered,
  found,
  hostA,
  hostB,
  looked,
  onDestination,
  onSource,
  runId,
  under,
  world,
} from './recordings.ts';

const both = world([[domain()]], [[domain()]]);
const bothForCertain = world([[domain({ vcpus: 'running' })]], [[domain({ vcpus: 'running' })]]);
const peer2peer = entered('peer2peerMigration', 'migrating');
const direct = entered('directMigration', 'migrating');

type Seen =
  | { readonly kind: 'connectionLost' | 'connectionRegained' }
  | { readonly kind: 'resumed' | 'suspended'; readonly detail: string };

function observed(atEpochMs: number, host: string, seen: Seen): Entry {
  return { kind: 'observed', atEpochMs, host, observation: { ...seen, atEpochMs } };
}

function twice(lastsMs: number): string[] {
  return [`oneRunningCopy: it has run on ${hostA} and ${hostB} for ${lastsMs} ms`];
}

describe('two running copies', () => {
  test.each<[string, readonly Entry[], string[]]>([
    ['that one look shows, which may have missed the move', [looked(0, both)], []],
    ['that a second look shows, too', [looked(0, both), looked(5, both)], twice(5)],
    ['that the vCPUs themselves show', [looked(0, bothForCertain)], twice(0)],
    ['of which one has stopped at the second look', [looked(0, both), looked(5, onSource)], []],
    [
      'that a look in between did not show',
      [looked(0, both), looked(5, onDestination), looked(9, both)],
      [],
    ],
    [
      'of a source daemon that has made them, for less than it may',
      [peer2peer, looked(0, bothForCertain), looked(1_999, bothForCertain)],
      [],
    ],
    [
      'of a source daemon that has made them, for longer',
      [peer2peer, looked(0, bothForCertain), looked(2_000, bothForCertain)],
      twice(2_000),
    ],
    ['where we drive the phases', [peer2peer, direct, looked(0, bothForCertain)], twice(0)],
    [
      'of which one has not been heard of since',
      [observed(0, hostA, { kind: 'connectionLost' }), looked(0, bothForCertain)],
      [],
    ],
    [
      'that are seen long after one of them had stopped',
      [
        peer2peer,
        looked(0, bothForCertain),
        observed(1_000, hostA, { kind: 'suspended', detail: 'paused' }),
        looked(5_000, bothForCertain),
      ],
      [],
    ],
    [
      'that are seen again, from then on',
      [
        peer2peer,
        looked(0, bothForCertain),
        observed(0, hostA, { kind: 'connectionLost' }),
        observed(0, hostA, { kind: 'connectionRegained' }),
        looked(2_500, bothForCertain),
        looked(4_500, bothForCertain),
      ],
      twice(2_000),
    ],
  ])('%s', (_, entries, what) => {
    expect(found(under(...entries))).toEqual(what);
  });
});

function ended(outcome: string, of = runId): Entry {
  const end = { outcome, reason: null, artefacts: [] };
  return { kind: 'runFinished', atEpochMs: 0, runId: of, end };
}

function wokenIn(state: string): Entry {
  return { kind: 'resumed', atEpochMs: 0, runId, states: [state] };
}

describe('the point of no return', () => {
  const passed = entered('peer2peerMigration', 'phases.finish3', 'pointOfNoReturn');
  const back = entered('peer2peerMigration', 'uncertain.resumingSource', 'rollingBack');
  const waits = entered('volumeSwap', 'awaitingConfirmation', 'awaitingConfirmation');

  test.each<[string, readonly Entry[], string[]]>([
    ['that was never passed', [back, ended('rolledBack')], []],
    ['after which it goes forward', [passed, ended('completed')], []],
    ['after which an operator is asked', [passed, ended('needsOperator')], []],
    [
      'after which a state rolls back',
      [passed, back],
      ['noWayBack: uncertain.resumingSource was entered after phases.finish3'],
    ],
    [
      'that a person had it go back behind, who was asked',
      [passed, waits, back, passed, ended('rolledBack')],
      [],
    ],
    [
      'that a person had it go back behind, after a process that died before it told so',
      [passed, wokenIn('awaitingConfirmation'), back, passed, ended('rolledBack')],
      [],
    ],
    [
      'after which another process rolls back',
      [passed, wokenIn('phases.finish3'), ended('rolledBack')],
      ['noWayBack: the run ended rolled back after phases.finish3'],
    ],
    [
      'of the way back that a person asked for',
      [passed, waits, passed, back],
      ['noWayBack: uncertain.resumingSource was entered after phases.finish3'],
    ],
    [
      'after which the run is rolled back',
      [passed, ended('rolledBack')],
      ['noWayBack: the run ended rolled back after phases.finish3'],
    ],
    ['of another run', [passed, ended('rolledBack', 'run-2')], []],
    ['of the run before', [passed, ended('completed'), back, ended('rolledBack')], []],
  ])('%s', (_, entries, what) => {
    expect(found(under(...entries))).toEqual(what);
  });
});

function at(stream: string, processedBytes: number, of = runId): Entry {
  const rest = { totalBytes: 9, remainingBytes: 0, bytesPerS: null };
  const streams = [{ stream, processedBytes, ...rest }];
  return { kind: 'progressed', atEpochMs: 0, runId: of, streams };
}

describe('progress', () => {
  test.each<[string, readonly Entry[], string[]]>([
    ['that stands and goes on', [at('memory', 5), at('memory', 5), at('memory', 6)], []],
    ['of two streams', [at('memory', 5), at('vda', 1)], []],
    ['of two runs', [at('memory', 5), at('memory', 1, 'run-2')], []],
    [
      'that goes backwards',
      [at('memory', 5), at('vda', 1), at('memory', 4)],
      ['progressForward: memory went from 5 to 4 bytes'],
    ],
  ])('%s', (_, entries, what) => {
    expect(found(under(...entries))).toEqual(what);
  });
});

const resumed = (atEpochMs: number): Entry =>
  observed(atEpochMs, hostB, { kind: 'resumed', detail: 'migrated' });

describe('a violation', () => {
  test('is told with the way that led to it, and only once', () => {
    const way = [direct, resumed(40), looked(41, bothForCertain)];
    const violations = judgeRecording(under(...way, looked(50, bothForCertain)));
    expect(violations).toHaveLength(1);
    expect(describeViolation(violations[0] ?? expect.unreachable())).toBe(
      [
        `invariant 1 (oneRunningCopy) does not hold: it has run on ${hostA} and ${hostB} for 0 ms`,
        '  A guest never runs twice; where the source daemon makes two, one is stopped within 2 s.',
        '       +0 ms  directMigration  enters migrating',
        `      +40 ms  ${hostB}  resumed migrated`,
        '      +41 ms  found',
      ].join('\n'),
    );
  });

  test('keeps the latest steps of a way without end', () => {
    const way = Array.from({ length: 1_000 }, (_, index) => resumed(index));
    const [violation] = judgeRecording(under(...way, looked(1_000, bothForCertain)));
    expect(violation).toMatchObject({ earlierSteps: 600 });
    expect(violation?.path).toHaveLength(400);
    expect(violation?.path.at(-1)?.atEpochMs).toBe(999);
    expect(describeViolation(violation ?? expect.unreachable())).toContain(
      'after 600 earlier steps',
    );
  });
});
