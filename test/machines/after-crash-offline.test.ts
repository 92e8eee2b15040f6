import { describe, expect, test } from 'vitest';

import type { ProtocolOutput } from '../../machines/index.ts';
import { hasBegun as hasPhase } from '../../machines/policy/migration/offline-context.ts';
import { bindOfflineMigration } from '../../src/bindings/offline-migration.ts';
import { statesOf } from '../support/machine-parts.ts';
import type { Order } from './crash-world.ts';
import { crash, offlineWorld, orders, settle } from './crash-world.ts';
import type { Held, OfflineState } from './offline.ts';
import { held, offline, offlineStates, offlineTo } from './offline.ts';
import { connectionLost, operationFailed } from './protocol.ts';
import type { Walk } from './walk.ts';

/** Nobody is asked for anything here: only the classes of the slots count. */
const { machine, slots } = bindOfflineMigration({
  open: () => Promise.reject(new Error('no host')),
  linkMigration: () => Promise.reject(new Error('no host')),
  close: () => Promise.resolve(),
});

const waits = { peerWaitMs: 5_000 };
const onTheWay = offlineStates.map(
  (state) => [state, (change: object) => offlineTo(state, { ...waits, ...change })] as const,
);

/** Every state that a move comes to rest in, and how it gets there. */
const walks: readonly (readonly [string, (change: object) => Walk])[] = [
  ...onTheWay,
  [
    'moving.lookingFirst.waiting',
    (change) =>
      offlineTo('moving.lookingFirst', { ...waits, ...change }).done(
        'lookFirst',
        held('silent', 'nothing'),
      ),
  ],
  [
    'transferring.confirm3Cancelled',
    (change) =>
      offlineTo('transferring.prepare', { ...waits, ...change }).fail('prepare', operationFailed),
  ],
  [
    'uncertain.waiting',
    (change) =>
      offlineTo('uncertain.looking', { ...waits, ...change }).fail('look', connectionLost),
  ],
  [
    'uncertain.forgetting',
    (change) =>
      offlineTo('uncertain.looking', { ...waits, ...change }).done('look', held('off', 'half')),
  ],
];

const isResting = ({ always, type }: ReturnType<typeof statesOf>[number]): boolean =>
  type === 'atomic' && (always ?? []).every(({ guard }) => guard !== undefined);

function takenUp(before: Walk, order: Order, source: Held, destination: Held) {
  const walk = before.fork();
  crash(walk, slots, order);
  const looks = settle(walk, offlineWorld(source, destination));
  expect(walk.snapshot.status, `hangs in ${walk.states().join(' ')}`).toBe('done');
  return { output: walk.output() as ProtocolOutput, looks, started: walk.started() };
}

const phases = ['begin', 'prepare', 'finish', 'confirm'];
/** What stands half there before Prepare is somebody else's. */
const prepared = ({ snapshot }: Walk): boolean => hasPhase(snapshot.context, 'PREPARE');
const hasBegun = (state: string): boolean => !state.startsWith('moving');
/** Before Finish was asked for, what stands there is not ours, and no proof of anything. */
const askedToFinish: readonly OfflineState[] = [
  'transferring.finish3',
  'transferring.confirm3',
  'uncertain.looking',
  'uncertain.comparing',
];

describe('a move of a domain that is shut off, whose process dies', () => {
  test('is walked into every state that it can rest in', () => {
    const resting = statesOf(machine).filter(isResting);
    const names = resting.map(({ path }) => path.join('.'));
    const reached = walks.flatMap(([, walk]) => walk({}).states());
    expect([...new Set(reached)].toSorted()).toEqual(names.toSorted());
  });

  describe.each(walks)('in %s', (state, walk) => {
    test.each(orders)('asks for no phase again that it had asked for (%s first)', (order) => {
      const before = walk({});
      const asked = before.started();
      const { started } = takenUp(before, order, 'off', 'nothing');
      expect(started.filter((src) => phases.includes(src) && asked.includes(src))).toEqual([]);
      for (const src of ['makeVolume', 'copyDisk']) expect(started).not.toContain(src);
    });

    test.each(orders)('keeps the record of every volume that may be there (%s first)', (order) => {
      const before = walk({});
      const { output } = takenUp(before, order, 'off', 'nothing');
      expect(output.outcome).toBe('rolledBack');
      expect(output.volumesMade).toEqual(before.snapshot.context.volumesMade);
    });

    test.each(orders)('looks where it is defined once it has begun (%s first)', (order) => {
      const before = walk({});
      for (const there of ['off', 'half', 'nothing', 'silent'] as const) {
        const { looks, output } = takenUp(before, order, 'off', there);
        if (!hasBegun(state)) {
          // The copies are worth nothing now, and nothing else was touched.
          expect(output.outcome).toBe('rolledBack');
          continue;
        }
        expect(looks).toBeGreaterThan(0);
        const isOurs = there === 'off' && askedToFinish.some((each) => each === state);
        const isGone = there === 'nothing' || (there === 'half' && prepared(walk({})));
        if (isGone) expect(output.outcome).toBe('rolledBack');
        if (isOurs) expect(output.outcome).toBe('completed');
        if (there === 'silent') expect(output.outcome).toBe('needsOperator');
      }
    });
  });
});

test('a move without disks that had not begun looks, and goes on', () => {
  const walk = offline({ ...waits, disks: [] }).fork();
  expect(walk.isIn('moving.lookingFirst.looking')).toBe(true);
  crash(walk, slots, 'watches');
  walk.done('lookFirst', held('off', 'nothing')).done('compareFirst');
  expect(walk.isIn('transferring.linking')).toBe(true);
});
