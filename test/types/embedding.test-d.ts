import { describe, expectTypeOf, test } from 'vitest';
import { createActor } from 'xstate';
import type { AnyStateMachine, InputFrom, OutputFrom } from 'xstate';
import { liveMigration, peer2peerMigration } from '../../machines/index.ts';
import type { LiveMigrationInput, Outcome } from '../../machines/index.ts';
import { bind, liveMigrationSlots, noLog, systemClock, toActors } from '../../src/index.ts';
import type { Hypervisors, SlotsOf } from '../../src/index.ts';

declare const hypervisors: Hypervisors;
const slots = liveMigrationSlots(hypervisors);

describe('slots of a machine', () => {
  test('are all asked for', () => {
    const { removeVolumes: _, ...incomplete } = slots;
    expectTypeOf(slots).toExtend<SlotsOf<typeof liveMigration>>();
    // @ts-expect-error removeVolumes is missing
    bind(liveMigration, incomplete);
  });

  test('are of the kind and types that the chart names', () => {
    type Gather = SlotsOf<typeof liveMigration>['gatherFacts'];
    type Watch = SlotsOf<typeof peer2peerMigration>['watchSource'];
    expectTypeOf<Gather['kind']>().toEqualTypeOf<'effect'>();
    expectTypeOf<Parameters<Gather['run']>[0]>().toEqualTypeOf<LiveMigrationInput>();
    expectTypeOf<Watch['kind']>().toEqualTypeOf<'watch'>();
    const wrong = { ...slots.gatherFacts, run: () => Promise.resolve('facts') };
    // @ts-expect-error the chart waits for facts, not for a text
    bind(liveMigration, { ...slots, gatherFacts: wrong });
  });

  test('hold effects and watches; a child machine is none', () => {
    expectTypeOf<SlotsOf<typeof liveMigration>>().not.toHaveProperty('peer2peerMigration');
  });
});

describe('a machine as a plain XState actor', () => {
  test('takes the slots as actors, without a cast', () => {
    const actors = toActors(slots, { clock: systemClock, log: noLog });
    expectTypeOf(liveMigration.provide({ actors })).toExtend<AnyStateMachine>();
  });

  test('asks for its input', () => {
    // @ts-expect-error without input it does not know what to move
    createActor(liveMigration);
    expectTypeOf<InputFrom<typeof liveMigration>>().toEqualTypeOf<LiveMigrationInput>();
  });

  test('ends in one of the agreed outcomes', () => {
    expectTypeOf<OutputFrom<typeof liveMigration>['outcome']>().toEqualTypeOf<Outcome>();
    type Protocol = OutputFrom<typeof peer2peerMigration>['outcome'];
    expectTypeOf<Protocol>().toEqualTypeOf<Exclude<Outcome, 'refused'>>();
  });
});
