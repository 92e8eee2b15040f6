import { describe, expect, test } from 'vitest';

import type { EvidenceEvent, Milestone } from '../../machines/policy/migration/phases.ts';
import {
  hasReached,
  noteEvidence,
  reach,
  toPhaseRecords,
} from '../../machines/policy/migration/phases.ts';

type Seen = readonly [type: string, detail?: string];

/** The events come one millisecond after the other, the first one at 1. */
function phasesAfter(...seen: readonly Seen[]) {
  const events = seen.map(([type, detail], index): EvidenceEvent => ({
    type,
    atEpochMs: index + 1,
    ...(detail === undefined ? {} : { detail }),
  }));
  return toPhaseRecords(events.reduce(noteEvidence, []));
}

const brief = (records: ReturnType<typeof toPhaseRecords>) =>
  records.map(({ phase, evidence, atEpochMs }) => `${phase} ${evidence} ${atEpochMs}`);

/** What a single event proves of a migration of which nothing else was seen. */
const proofs: readonly (readonly [Seen, readonly string[]])[] = [
  [['source.job.started'], ['BEGIN3 observed 1']],
  [['destination.domain.preparing'], ['BEGIN3 inferred 1', 'PREPARE observed 1']],
  [
    ['destination.domain.started', 'migrated'],
    ['BEGIN3 inferred 1', 'PREPARE inferred 1'],
  ],
  [['destination.migration.setup'], ['BEGIN3 inferred 1', 'PREPARE inferred 1']],
  [['source.mirror.created'], ['BEGIN3 inferred 1', 'PREPARE inferred 1', 'PERFORM3 observed 1']],
  [['source.migration.setup'], ['BEGIN3 inferred 1', 'PREPARE inferred 1', 'PERFORM3 observed 1']],
  [['source.migration.active'], ['BEGIN3 inferred 1', 'PREPARE inferred 1', 'PERFORM3 observed 1']],
  [['source.iteration'], ['BEGIN3 inferred 1', 'PREPARE inferred 1', 'PERFORM3 observed 1']],
  [
    ['source.migration.pre-switchover'],
    ['BEGIN3 inferred 1', 'PREPARE inferred 1', 'PERFORM3 inferred 1'],
  ],
  [['source.migration.device'], ['BEGIN3 inferred 1', 'PREPARE inferred 1', 'PERFORM3 inferred 1']],
  [
    ['source.migration.completed'],
    ['BEGIN3 inferred 1', 'PREPARE inferred 1', 'PERFORM3 inferred 1', 'PERFORM3_DONE observed 1'],
  ],
  [
    ['destination.domain.resumed', 'migrated'],
    [
      'BEGIN3 inferred 1',
      'PREPARE inferred 1',
      'PERFORM3 inferred 1',
      'PERFORM3_DONE inferred 1',
      'FINISH3 observed 1',
    ],
  ],
  [
    ['destination.domain.resumed', 'postcopy'],
    [
      'BEGIN3 inferred 1',
      'PREPARE inferred 1',
      'PERFORM3 inferred 1',
      'PERFORM3_DONE inferred 1',
      'FINISH3 observed 1',
    ],
  ],
  [
    ['source.migration.postcopy-active'],
    ['BEGIN3 inferred 1', 'PREPARE inferred 1', 'PERFORM3 inferred 1', 'PERFORM3_DONE observed 1'],
  ],
  [
    ['source.domain.stopped', 'migrated'],
    [
      'BEGIN3 inferred 1',
      'PREPARE inferred 1',
      'PERFORM3 inferred 1',
      'PERFORM3_DONE inferred 1',
      'FINISH3 inferred 1',
      'CONFIRM3 inferred 1',
    ],
  ],
];

/** Each looks like a proof, and is none. */
const provesNothing: readonly Seen[] = [
  ['destination.domain.started', 'booted'],
  ['destination.domain.started'],
  ['destination.domain.resumed', 'unpaused'],
  ['destination.domain.resumed'],
  ['destination.domain.stopped', 'migrated'],
  ['destination.domain.suspended', 'migrated'],
  ['destination.domain.seen', 'migrated'],
  ['destination.migration.active'],
  ['destination.migration.completed'],
  ['destination.job.completed'],
  ['source.domain.stopped', 'shutdown'],
  ['source.domain.stopped', 'crashed'],
  ['source.domain.stopped', 'destroyed'],
  ['source.domain.stopped'],
  ['source.domain.suspended', 'migrated'],
  ['source.domain.suspended', 'postcopy'],
  ['source.domain.suspended', 'postcopyFailed'],
  ['source.migration.postcopy-paused'],
  ['destination.domain.resumed', 'postcopyFailed'],
  ['source.domain.resumed', 'migrated'],
  ['source.job.completed'],
  ['source.migration.failed'],
  ['source.migration.cancelled'],
  ['source.mirror.ready'],
  ['source.connection.lost'],
];

describe('evidence of phases', () => {
  test.each(proofs)('%j proves its phase and implies those before', (seen, expected) => {
    expect(brief(phasesAfter(seen))).toEqual(expected);
  });

  test.each(provesNothing.map((seen) => [seen.join(' '), seen] as const))(
    '%s proves nothing',
    (_, seen) => {
      expect(phasesAfter(seen)).toEqual([]);
    },
  );

  test('the timeline of a real migration with storage copy is reported as observed', () => {
    const seen = phasesAfter(
      ['source.domain.seen', 'booted'],
      ['source.job.started'],
      ['destination.domain.preparing'],
      ['destination.domain.started', 'migrated'],
      ['source.mirror.created'],
      ['source.mirror.ready'],
      ['destination.migration.setup'],
      ['source.migration.setup'],
      ['source.migration.active'],
      ['source.iteration'],
      ['source.domain.suspended', 'migrated'],
      ['source.migration.pre-switchover'],
      ['source.migration.device'],
      ['source.migration.completed'],
      ['destination.migration.completed'],
      ['destination.domain.resumed', 'migrated'],
      ['source.domain.stopped', 'migrated'],
      ['source.job.completed'],
    );
    expect(brief(seen)).toEqual([
      'BEGIN3 observed 2',
      'PREPARE observed 3',
      // Dated by the end of PREPARE, which the destination tells.
      'PERFORM3 observed 4',
      'PERFORM3_DONE observed 14',
      'FINISH3 observed 16',
      'CONFIRM3 inferred 17',
    ]);
  });

  test('without the events of QEMU the rest is inferred at the time of its proof', () => {
    const seen = phasesAfter(
      ['destination.domain.started', 'migrated'],
      ['source.iteration'],
      ['source.domain.suspended', 'migrated'],
      ['destination.domain.resumed', 'migrated'],
      ['source.domain.stopped', 'migrated'],
    );
    expect(brief(seen)).toEqual([
      'BEGIN3 inferred 1',
      'PREPARE inferred 1',
      'PERFORM3 observed 1',
      'PERFORM3_DONE inferred 4',
      'FINISH3 observed 4',
      'CONFIRM3 inferred 5',
    ]);
  });

  test('an end of PREPARE that is told late does not date PERFORM3 anew', () => {
    const seen = phasesAfter(
      ['destination.domain.preparing'],
      ['source.migration.setup'],
      ['destination.domain.started', 'migrated'],
      ['source.migration.active'],
    );
    expect(brief(seen)).toEqual(['BEGIN3 inferred 1', 'PREPARE observed 1', 'PERFORM3 observed 2']);
  });

  test('a destination killed in PREPARE shows no PERFORM3', () => {
    const seen = phasesAfter(
      ['source.job.started'],
      ['destination.domain.preparing'],
      ['destination.connection.lost'],
      ['destination.domain.stopped', 'failed'],
      ['destination.connection.regained'],
      ['source.domain.seen', 'booted'],
    );
    expect(brief(seen)).toEqual(['BEGIN3 observed 1', 'PREPARE observed 2']);
  });

  test('what comes late or twice changes neither the order nor the first time', () => {
    const seen = phasesAfter(
      ['source.migration.setup'],
      ['destination.domain.preparing'],
      ['source.job.started'],
      ['source.migration.setup'],
      ['source.mirror.created'],
    );
    expect(brief(seen)).toEqual(['BEGIN3 inferred 1', 'PREPARE inferred 1', 'PERFORM3 observed 1']);
  });
});

describe('milestones', () => {
  const order: readonly Milestone[] = [
    'begin3',
    'prepare',
    'perform3',
    'precopy',
    'switchover',
    'perform3Done',
    'finish3',
    'confirm3',
  ];

  test.each(order)('%s implies all before it and none after it', (milestone) => {
    const reached = reach([], milestone, 5);
    expect(reached.map((each) => each.milestone)).toEqual(
      order.slice(0, order.indexOf(milestone) + 1),
    );
    for (const other of order)
      expect(hasReached(reached, other)).toBe(order.indexOf(other) <= order.indexOf(milestone));
    expect(reached.filter(({ evidence }) => evidence === 'observed')).toEqual([
      { milestone, evidence: 'observed', atEpochMs: 5 },
    ]);
  });

  test('nothing has been reached in the beginning', () => {
    for (const milestone of order) expect(hasReached([], milestone)).toBe(false);
  });
});
