import { describe, expect, test } from 'vitest';
import type { Ending, Held } from './recordings.ts';
import {
  completed,
  detailed,
  details,
  diskPath,
  domain,
  found,
  hostA,
  hostB,
  nothing,
  other,
  recordingOf,
  rolledBack,
  shutOff,
  told,
  waiting,
  world,
} from './recordings.ts';

describe('what is left over', () => {
  const claimed = detailed({ claims: ['run-1', 'run-of-another-engine'] });
  const busy = domain({ job: 'migrationOut' });
  test.each<[string, Ending, string]>([
    [
      'a QEMU that waits',
      { ...rolledBack, after: world([[domain()]], [[waiting]]) },
      `a QEMU still waits for the guest on ${hostB}: paused (migration), transient, migrationIn`,
    ],
    [
      'a job',
      { ...rolledBack, after: world([[busy]], nothing) },
      `its migrationOut job was left on ${hostA}`,
    ],
    [
      'a block job',
      { ...rolledBack, after: world([[detailed({ blockJobs: ['vda'] })]], nothing) },
      `a block job was left on vda on ${hostA}`,
    ],
    [
      'saved memory',
      { ...rolledBack, after: world([[detailed({ managedSave: true })]], nothing) },
      `its memory was left saved on ${hostA}`,
    ],
    [
      'half a domain',
      { ...rolledBack, after: world([[domain()]], [[domain({ ...shutOff, persistent: false })]]) },
      `it was left on a host where it does not belong: ${hostB}: shutoff (shutdown), transient`,
    ],
    [
      "the source's definition",
      { ...completed, after: world([[shutOff]], [[domain()]]) },
      `it was left on a host where it does not belong: ${hostA}: shutoff (shutdown), persistent`,
    ],
    [
      'a volume',
      { ...rolledBack, after: world([[domain()]], [[], [diskPath]]) },
      `${diskPath} was left on ${hostB}`,
    ],
    [
      'a volume of no use to the guest that moved',
      { ...completed, after: world(nothing, [[domain()], [diskPath, '/images/delta.img']]) },
      `/images/delta.img was left on ${hostB}`,
    ],
    [
      'a claim',
      { ...completed, after: world(nothing, [[claimed]]) },
      `the claim of run-1 was left on ${hostB}`,
    ],
    [
      'a claim, which an operator has to be told of as well',
      { outcome: 'needsOperator', after: world([[claimed]], nothing) },
      `the claim of run-1 was left on ${hostA}`,
    ],
    [
      'a volume that is told to be removed',
      {
        ...completed,
        artefacts: told('removed', hostA),
        before: world([[domain()], [diskPath]], nothing),
        after: world([[], [diskPath]], [[domain()], [diskPath]]),
      },
      `${diskPath} is told to be removed from ${hostA}`,
    ],
  ])('%s', (_, ending, what) => {
    expect(found(recordingOf(ending))).toContain(`nothingLeaked: ${what}`);
  });
});

describe('what others made', () => {
  const template = '/images/template.img';
  const withOther = world([[domain(), other]], [[], [template]]);
  test.each<[string, Held, Held, string]>([
    ['a domain', [[domain()]], [[], [template]], `${hostA}: other is gone`],
    [
      'a guest that ran',
      [[domain(), { ...other, state: 'shutoff', reason: 'destroyed' }]],
      [[], [template]],
      `${hostA}: other was running and is shutoff (destroyed)`,
    ],
    [
      'a definition',
      [[domain(), { ...other, persistent: false }]],
      [[], [template]],
      `${hostA}: other has lost its definition`,
    ],
    ['a volume', [[domain(), other]], nothing, `${hostB}: the volume ${template} is gone`],
  ])('%s', (_, a, b, what) => {
    const after = world(a, b);
    expect(found(recordingOf({ ...rolledBack, before: withOther, after }))).toEqual([
      `othersUntouched: ${what}`,
    ]);
    expect(found({ before: withOther, entries: [], settlement: { after, ticks: null } })).toEqual([
      `othersUntouched: ${what}`,
    ]);
  });

  test.each<[string, string, string]>([
    ['that stood on the destination, whatever is told', 'removed', hostB],
    ['that is told to be kept', 'kept', hostA],
  ])('a volume %s', (_, status, host) => {
    const held = (volumes: readonly string[]) =>
      host === hostA ? world([[domain()], volumes], nothing) : world([[domain()]], [[], volumes]);
    const artefacts = told(status, host);
    const ending = { ...rolledBack, artefacts, before: held([diskPath]), after: held([]) };
    expect(found(recordingOf(ending))).toEqual([
      `othersUntouched: ${host}: the volume ${diskPath} is gone`,
    ]);
  });

  test("a domain's snapshots, and saved memory that waits", () => {
    const kept = { ...other, ...shutOff, uuid: other.uuid, name: other.name };
    const saved = { ...kept, details: { ...details, managedSave: true } };
    expect(
      found(
        recordingOf({
          ...rolledBack,
          before: world([[domain(), saved]], nothing),
          after: world([[domain(), kept]], nothing),
        }),
      ),
    ).toEqual([`othersUntouched: ${hostA}: other has lost its saved memory`]);
    const before = world([[detailed({ snapshotCount: 2 })]], nothing);
    expect(found(recordingOf({ ...rolledBack, before }))).toEqual([
      `othersUntouched: ${hostA}: it has lost snapshots`,
    ]);
  });
});
