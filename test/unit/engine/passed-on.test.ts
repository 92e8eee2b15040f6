import { expect, test } from 'vitest';
import { sendTo, setup } from 'xstate';

import { effectSlot } from '../../../machines/slots.ts';
import { VirtualClock } from '../../../src/adapters/simulated/index.ts';
import { Engine } from '../../../src/engine/engine.ts';
import type { Run } from '../../../src/engine/run.ts';
import { bind } from '../../../src/engine/slots.ts';
import { noLog } from '../../../src/ports/log.ts';
import { MemoryStore } from '../../../src/store/memory/index.ts';
import { migrateSimulated } from '../../support/simulated-migration.ts';

type Nudge = { type: 'nudge' } | { type: 'poke' };

/** Takes one nudge, and no poke at all. */
const child = setup({
  types: { events: {} as Nudge },
  actors: { work: effectSlot<void, undefined>('work') },
}).createMachine({
  id: 'nudged',
  version: '1',
  initial: 'fresh',
  invoke: { id: 'work', src: 'work', onDone: '.over', onError: '.over' },
  states: { fresh: { on: { nudge: 'tired' } }, tired: {}, over: { type: 'final' } },
});

/** Passes on whatever it gets, as `live-migration` does. */
const parent = setup({
  types: { events: {} as Nudge },
  actors: { child },
  actions: {
    passOn: sendTo('child', ({ event }) => event),
  },
}).createMachine({
  id: 'nudging',
  version: '1',
  initial: 'working',
  states: {
    working: {
      on: { nudge: { actions: 'passOn' }, poke: { actions: 'passOn' } },
      invoke: { id: 'child', src: 'child', onDone: 'done', onError: 'done' },
    },
    done: { type: 'final' },
  },
});

async function nudged(): Promise<Run> {
  const engine = new Engine({
    store: new MemoryStore(),
    clock: new VirtualClock({ startEpochMs: 0, pace: 'asFastAsPossible' }),
    log: noLog,
    machines: [
      bind(parent, {}),
      bind(child, {
        work: {
          kind: 'effect',
          recovery: 'rerun',
          run: () => Promise.withResolvers<void>().promise,
        },
      }),
    ],
    newRunId: () => 'run',
  });
  const run = await engine.start('nudging', {});
  await turn();
  return run;
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test('an event that is passed on is taken where the child allows it', async () => {
  expect((await nudged()).send({ type: 'nudge' })).toBe(true);
});

test('an event that is passed on is refused where the child does not allow it', async () => {
  const run = await nudged();
  expect(run.send({ type: 'poke' })).toBe(false);
  run.send({ type: 'nudge' });
  await turn();
  expect(run.send({ type: 'nudge' })).toBe(false);
});

test.each(['peer2peer', 'direct'] as const)(
  'an abort of a %s migration is taken until the guest has gone over, and refused then',
  async (protocol) => {
    const answers = new Map<string, boolean>();
    let isAborted = false;
    const { output } = await migrateSimulated({
      input: { protocol },
      onState: ({ state, tags }, { abort }) => {
        if (isAborted || !tags.includes('pointOfNoReturn')) return;
        answers.set(state, abort());
        isAborted = answers.get(state) === true;
      },
    });
    expect(output).toMatchObject({ outcome: 'completed' });
    expect([...answers.values()]).not.toContain(true);
    expect(answers.size).toBeGreaterThan(0);
  },
);
