import { describe, expectTypeOf, test } from 'vitest';
import { createActor } from 'xstate';
import type { AnyStateMachine, InputFrom, OutputFrom } from 'xstate';
import { liveMigration, peer2peerMigration } from '../../machines/index.ts';
import type { LiveMigrationInput, Outcome } from '../../machines/index.ts';
import {
  bind,
  createEngine,
  liveMigrationSlots,
  noLog,
  systemClock,
  toActors,
} from '../../src/index.ts';
import type {
  EngineEvents,
  Hypervisors,
  RunEvent,
  RunStore,
  SlotsOf,
  StateEntered,
} from '../../src/index.ts';

declare const hypervisors: Hypervisors;
declare const store: RunStore;
declare const input: LiveMigrationInput;
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

const start = async () => {
  const engine = await createEngine({ store, hypervisors });
  return engine.start('live-migration', input);
};

describe('an engine', () => {
  test('knows its workflows by name, with their input and output', async () => {
    type Ending = Awaited<ReturnType<Awaited<ReturnType<typeof start>>['wait']>>;
    type Output = Extract<Ending, { ended: 'finished' }>['output'];
    expectTypeOf<Output>().toEqualTypeOf<OutputFrom<typeof liveMigration>>();
    const engine = await createEngine({ store, hypervisors });
    // @ts-expect-error there is no such workflow
    void engine.start('dead-migration', input);
    // @ts-expect-error it has to be told what to move
    void engine.start('live-migration', { domain: 'db1' });
  });

  test('tells events by name', () => {
    type Event = RunEvent['type'];
    expectTypeOf<Event>().toEqualTypeOf<keyof EngineEvents>();
    expectTypeOf<Extract<RunEvent, { type: 'state.entered' }>>().toExtend<StateEntered>();
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
