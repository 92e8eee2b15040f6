import { describe, expect, test } from 'vitest';
import type { DomainPicture, TickRun } from '../../../src/testing/index.ts';
import type { Ending } from './recordings.ts';
import {
  told,
  rolledBack,
  nothing,
  diskPath,
  completed,
  detailed,
  details,
  domain,
  domainUuid,
  entered,
  found,
  hostA,
  hostB,
  onDestination,
  onSource,
  paused,
  recordingOf,
  shutOff,
  world,
} from './recordings.ts';

const transient = domain({ persistent: false });

function changed(change: Partial<(typeof details)['definition']>): DomainPicture {
  return domain({ details: { ...details, definition: { ...details.definition, ...change } } });
}

describe('an end that keeps every rule', () => {
  test.each<[string, Ending]>([
    ['moved', completed],
    ['rolled back', rolledBack],
    ['refused', { outcome: 'refused', after: onSource }],
    ['left to an operator, who is told why', { outcome: 'needsOperator', after: onSource }],
    ['moved, its disk with it', { ...completed, after: world(nothing, [[domain()], [diskPath]]) }],
    [
      'moved, and defined on the source where that is asked',
      { ...completed, asked: { keepSource: true }, after: world([[shutOff]], [[domain()]]) },
    ],
    [
      'moved as a transient one where that is asked',
      { ...completed, asked: { persistence: 'transient' }, after: world(nothing, [[transient]]) },
    ],
    [
      'moved to where another definition of it stood, whatever is asked',
      {
        ...completed,
        asked: { persistence: 'transient' },
        before: world([[domain()]], [[shutOff]]),
        after: onDestination,
      },
    ],
    [
      'moved with another definition where that is asked',
      {
        ...completed,
        asked: { redefines: true },
        after: world(nothing, [[changed({ memoryBytes: 1 })]]),
      },
    ],
    [
      'a paused guest that is paused there',
      {
        outcome: 'completed',
        before: world([[paused]], nothing),
        after: world(nothing, [[paused]]),
      },
    ],
    [
      'a domain that was shut off and is defined there',
      {
        outcome: 'completed',
        asked: { offline: true },
        before: world([[shutOff]], nothing),
        after: world(nothing, [[shutOff]]),
      },
    ],
    [
      'rolled back, with a volume left that is told',
      {
        ...rolledBack,
        artefacts: told('left', hostB),
        after: world([[domain()]], [[], [diskPath]]),
      },
    ],
    [
      "moved, and the source's disk is gone as it is told",
      {
        ...completed,
        artefacts: told('removed', hostA),
        before: world([[domain()], [diskPath]], nothing),
        after: world(nothing, [[domain()], [diskPath]]),
      },
    ],
    [
      'left to an operator with a claim, of which is told',
      {
        outcome: 'needsOperator',
        artefacts: told('kept', hostA, domainUuid),
        after: world([[detailed({ claims: ['run-1'] })]], nothing),
      },
    ],
    [
      'moved while another engine claims it',
      { ...completed, after: world(nothing, [[detailed({ claims: ['run-2'] })]]) },
    ],
    ['of which one host does not answer', { ...completed, after: world(null, [[domain()]]) }],
    [
      'with a guest that counts on',
      { ...completed, ticks: [ran(1, 10), ran(11, 10), ran(11, 20)] },
    ],
    [
      'of two copies that an operator was told of',
      { outcome: 'needsOperator', after: onSource, ticks: [ran(1, 10), ran(8, 12)] },
    ],
  ])('%s', (_, ending) => {
    expect(found(recordingOf(ending))).toEqual([]);
  });

  test('is not asked for while a run is under way or broke', () => {
    const { before, settlement } = recordingOf({
      ...rolledBack,
      after: world([[paused]], nothing),
    });
    expect(found({ before, entries: [], settlement })).toEqual([]);
    const broke = {
      kind: 'runBroken',
      atEpochMs: 0,
      runId: 'run-1',
      message: 'disk full',
    } as const;
    expect(found({ before, entries: [broke], settlement })).toEqual([]);
    const { entries } = recordingOf(completed);
    expect(found({ before, entries: [...entries, broke], settlement })).toEqual([]);
    const again = entered('liveMigration', 'gathering');
    expect(found({ before, entries: [...entries, again], settlement })).toEqual([]);
    expect(found({ before, entries, settlement })).not.toEqual([]);
  });
});

function ran(firstTick: number, lastTick: number): TickRun {
  return { firstTick, lastTick };
}

describe('one place', () => {
  test.each<[string, Ending, string]>([
    [
      'nowhere',
      { ...rolledBack, after: world([[shutOff]], nothing) },
      `onePlace: rolledBack, and it runs in 0 places: ${hostA}: shutoff (shutdown), persistent`,
    ],
    [
      'two of them',
      { ...completed, after: world([[domain()]], [[domain()]]) },
      `onePlace: completed, and it runs in 2 places: ${hostA}: running (booted), persistent; ${hostB}: running (booted), persistent`,
    ],
    [
      'of a paused guest that is lost',
      { ...rolledBack, before: world([[paused]], nothing), after: world([[shutOff]], nothing) },
      `onePlace: rolledBack, and it is in 0 places: ${hostA}: shutoff (shutdown), persistent`,
    ],
    [
      'an operator who is not told why',
      { outcome: 'needsOperator', after: onSource, reason: null },
      'onePlace: an operator is needed and nobody says why',
    ],
  ])('%s', (_, ending, what) => {
    expect(found(recordingOf(ending))).toContain(what);
  });

  test('is not missed where a host may have it that does not answer', () => {
    expect(found(recordingOf({ ...completed, after: world(nothing, null) }))).toEqual([]);
  });

  test('is judged by what the vCPUs do, where that is known', () => {
    const asleep = domain({ vcpus: 'paused' });
    expect(found(recordingOf({ ...completed, after: world(nothing, [[asleep]]) }))).toEqual([
      expect.stringContaining('onePlace: completed, and it runs in 0 places'),
    ]);
  });
});

describe('a definition', () => {
  test.each<[string, Ending, string]>([
    [
      'that is gone',
      { ...rolledBack, after: world([[transient]], nothing) },
      `${hostA} has lost its definition`,
    ],
    [
      'of a transient domain',
      { ...rolledBack, before: world([[transient]], nothing) },
      `${hostA} has made a transient domain persistent`,
    ],
    [
      'that was not taken along',
      { ...completed, after: world(nothing, [[transient]]) },
      `it was persistent on ${hostA} and is transient on ${hostB}`,
    ],
    [
      'that was to be kept on the source',
      { ...completed, asked: { keepSource: true } },
      `${hostA} has lost the definition that was to be kept`,
    ],
    [
      'that never came to the destination',
      {
        outcome: 'completed',
        asked: { offline: true },
        before: world([[shutOff]], nothing),
        after: world(nothing, nothing),
      },
      `${hostB} does not know it: no host knows it`,
    ],
    [
      'that nobody wanted',
      { ...completed, asked: { persistence: 'transient' } },
      `it was persistent on ${hostA} and is persistent on ${hostB}`,
    ],
    [
      'that changed on the way',
      { ...completed, after: world(nothing, [[changed({ memoryBytes: 1 })]]) },
      `its definition on ${hostB} has another memoryBytes: 268435456 became 1`,
    ],
    [
      'that a rollback changed',
      { ...rolledBack, after: world([[changed({ networks: [] })]], nothing) },
      `its definition on ${hostA} has another networks: ["default"] became []`,
    ],
    [
      'of which an operator finds none',
      { outcome: 'needsOperator', after: world(nothing, [[transient]]) },
      `it was persistent, and no host has a definition of it: ${hostB}: running (booted), transient`,
    ],
  ])('%s', (_, ending, what) => {
    expect(found(recordingOf(ending))).toContain(`definitionKept: ${what}`);
  });
});

test('a guest that ran is not left paused', () => {
  const after = world([[paused]], nothing);
  expect(found(recordingOf({ ...rolledBack, after }))).toContain(
    `notLeftPaused: it stands paused on ${hostA}: paused (user), persistent`,
  );
});

describe("the guest's own count", () => {
  test.each<[string, readonly TickRun[], string]>([
    ['that jumps', [ran(1, 10), ran(13, 20)], 'ticks 11 to 12 are lost'],
    ['that goes back', [ran(1, 10), ran(8, 20)], 'tick 8 was made again after tick 10'],
  ])('%s', (_, ticks, what) => {
    expect(found(recordingOf({ ...completed, ticks }))).toEqual([`guestContinuous: ${what}`]);
  });
});
