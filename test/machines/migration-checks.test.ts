import { describe, expect, test } from 'vitest';

import { beforeAnything } from '../../machines/policy/migration/live-migration-context.ts';
import { refusal } from '../../machines/policy/migration/live-migration-failures.ts';
import { judgeMigration, migrationCheckNames } from '../../machines/policy/migration/checks.ts';
import type { LiveMigrationInput } from '../../machines/index.ts';
import type { MigrationFacts, MigrationOptions } from '../../src/ports/migration.ts';
import { badWorlds, copying } from './bad-worlds.ts';
import { factsWith, goodFacts, guestView, newDisk } from './facts.ts';
import { input } from './live.ts';

const mib = 2 ** 20;
type Rest = Partial<LiveMigrationInput>;
const requestFor = (options: MigrationOptions, rest: Rest = {}): LiveMigrationInput => ({
  ...input,
  ...rest,
  options,
});

const objectionsTo = (facts: MigrationFacts, options: MigrationOptions, rest: Rest = {}) =>
  judgeMigration(facts, requestFor(options, rest)).filter(({ objection }) => objection !== null);

describe('each check', () => {
  test.each(badWorlds)('$check objects when $what, and no other does', (world) => {
    const objections = objectionsTo(world.facts, { ...copying, ...world.options }, world.request);
    expect(objections.map(({ check }) => check)).toEqual([world.check]);
    for (const words of world.says) expect(objections[0]?.objection).toContain(words);
  });

  test('every check has a world to which it objects', () => {
    const objecting = new Set(badWorlds.map(({ check }) => check));
    expect([...objecting].toSorted()).toEqual([...migrationCheckNames].toSorted());
  });
});

/** Near to a bad world, and yet nothing is wrong. */
const goodWorlds: readonly (readonly [string, MigrationFacts, Partial<MigrationOptions>])[] = [
  ['nothing speaks against it', goodFacts, {}],
  ['the guest is paused', factsWith.domain({ state: 'paused', reason: 'user' }), {}],
  ['the guest waits for a resource', factsWith.domain({ state: 'blocked' }), {}],
  ['the CPU cannot be compared', factsWith.incoming({ cpu: 'unknown' }), {}],
  [
    'the destination keeps an inactive definition of this very domain',
    factsWith.incoming({
      nameTakenBy: { uuid: guestView.uuid, active: false },
      uuidTakenBy: { name: 'guest', active: false },
    }),
    {},
  ],
  [
    'that inactive definition has the new name already',
    factsWith.incoming({ uuidTakenBy: { name: 'moved', active: false } }),
    { destinationName: 'moved' },
  ],
  [
    'a disk of the right size stands there, outside any pool',
    factsWith.destinationDisk({
      existing: { capacityBytes: 2048 * mib },
      pool: null,
      poolAvailableBytes: null,
    }),
    {},
  ],
  [
    'the pool has room for what a thin disk holds now, and that is enough',
    factsWith.destinationDisk({ poolAvailableBytes: 1024 * mib }),
    { spaceWanted: 'allocation' },
  ],
  ['the pool does not tell its space', factsWith.destinationDisk({ poolAvailableBytes: null }), {}],
  [
    'each pool has room for its own new disk',
    factsWith.incoming({
      disks: [newDisk, { ...newDisk, pool: 'other' }, { ...newDisk, existing: newDisk }].map(
        (disk) => ({ ...disk, poolAvailableBytes: newDisk.capacityBytes }),
      ),
    }),
    {},
  ],
  [
    'an incremental copy finds its base',
    factsWith.destinationDisk({ existing: { capacityBytes: 2048 * mib } }),
    { copyStorage: 'inc' },
  ],
  [
    'the name leads nowhere, but an address is given',
    { ...goodFacts, advertisedNameSeenBySource: { reachable: false, message: 'no name' } },
    { migrationUri: 'tcp://10.0.0.2' },
  ],
];

test.each(goodWorlds)('all checks pass when %s', (_, facts, options) => {
  const verdicts = judgeMigration(facts, requestFor({ ...copying, ...options }));
  expect(verdicts).toEqual(migrationCheckNames.map((check) => ({ check, objection: null })));
});

test('a refusal lists all objections and takes the code of the first', () => {
  const facts = factsWith.domain({ snapshotCount: 1, hostDevices: ['usb 1:2'] });
  const request = beforeAnything(requestFor(copying));
  const failure = refusal({ ...request, facts });
  expect(failure).toMatchObject({ code: 'noSnapshots', effect: 'none' });
  for (const { objection } of objectionsTo(facts, copying))
    expect(failure.message).toContain(objection);
});
