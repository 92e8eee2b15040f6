import { describe, expect, test } from 'vitest';
import { assign, setup } from 'xstate';

import { effectSlot } from '../../../machines/slots.ts';
import type { EffectSlot, Tools } from '../../../src/engine/slots.ts';
import { bind } from '../../../src/engine/slots.ts';
import { Engines, never, settled } from '../../support/engines.ts';
import { inherit } from '../../support/inherit.ts';
import { bindToy } from '../../support/toy-machine.ts';

describe('what was in flight', () => {
  test('an effect that looks before it acts is done again, with the same key and input', async () => {
    const engines = new Engines();
    const seen: unknown[] = [];
    const { run } = await inherit(
      engines,
      { prepare: () => never() },
      {
        prepare: ({ n }, { key, resumed }) => {
          seen.push([n, key, resumed]);
          return Promise.resolve(10);
        },
      },
    );
    expect(await engines.clock.run(run.wait())).toMatchObject({ output: { n: 20 } });
    expect(seen).toEqual([[1, 'run-1/prepare#1', true]]);
  });

  test('its entries are counted on from where they were', async () => {
    const engines = new Engines();
    const keys: string[] = [];
    const { run } = await inherit(
      engines,
      { prepare: () => never() },
      {
        prepare: ({ n }, { key }) => {
          keys.push(key);
          return keys.length < 2 ? never() : Promise.resolve(n);
        },
      },
      ['go', 'again'],
    );
    await settled();
    run.send({ type: 'again' });
    await engines.clock.run(run.wait());
    expect(keys).toEqual(['run-1/prepare#2', 'run-1/prepare#3']);
  });

  test('a watch looks anew, and is told that nobody watched', async () => {
    const engines = new Engines();
    const { run } = await inherit(
      engines,
      { look: () => never(), double: () => never() },
      {
        look: ({ n }, { key, resumed, send }) => {
          expect([key, resumed]).toEqual(['run-1/look#1', true]);
          send({ type: 'seen', n });
          return never();
        },
      },
    );
    expect(await engines.clock.run(run.wait())).toMatchObject({ output: { n: 4, seen: [2] } });
  });

  test('what is over is not begun again, although its state is still active', async () => {
    const engines = new Engines();
    let looks = 0;
    const look = (): Promise<void> => {
      looks += 1;
      return Promise.resolve();
    };
    const { run } = await inherit(engines, { look, double: () => never() }, { look });
    expect(await engines.clock.run(run.wait())).toMatchObject({ output: { n: 4 } });
    expect(looks).toBe(1);
  });

  test('a result of the process that died is not taken', async () => {
    const engines = new Engines();
    const old = Promise.withResolvers<number>();
    const { run } = await inherit(
      engines,
      { prepare: () => old.promise },
      { prepare: () => Promise.resolve(7) },
    );
    old.resolve(1000);
    expect(await engines.clock.run(run.wait())).toMatchObject({ output: { n: 14 } });
  });

  test('a timer fires after the time that is left of it', async () => {
    const engines = new Engines();
    const victim = engines.seat(bindToy({}));
    await victim.engine.start('toy', { n: 1 });
    await passed(engines, 400);
    victim.store.die();
    const heir = engines.seat(bindToy({ prepare: () => never() }));
    const { runs } = await heir.engine.recover();
    const entered = Promise.withResolvers<number>();
    heir.engine.on('state.entered', ({ state, atEpochMs }) => {
      if (state === 'preparing') entered.resolve(atEpochMs);
    });
    expect(runs).toHaveLength(1);
    expect(await engines.clock.run(entered.promise)).toBe(1000);
  });

  test('a timer that is overdue fires at once', async () => {
    const engines = new Engines();
    const victim = engines.seat(bindToy({}));
    await victim.engine.start('toy', { n: 1 });
    await settled();
    victim.store.die();
    await passed(engines, 5000);
    const heir = engines.seat(bindToy({}));
    const [run] = (await heir.engine.recover()).runs;
    expect(await engines.clock.run(run?.wait() ?? never())).toMatchObject({ atEpochMs: 5000 });
  });
});

/** Lets virtual time go by. */
function passed(engines: Engines, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  engines.clock.schedule(engines.clock.nowEpochMs() + ms, resolve);
  return engines.clock.run(promise);
}

const moving = setup({
  types: { context: {} as { said: unknown }, output: {} as { said: unknown } },
  actors: { move: effectSlot<string, { guest: string }>('move') },
}).createMachine({
  id: 'moving',
  version: '1',
  context: { said: null },
  output: ({ context }) => ({ said: context.said }),
  initial: 'moving',
  states: {
    moving: {
      invoke: {
        id: 'move',
        src: 'move',
        input: { guest: 'a' },
        onDone: { target: 'over', actions: assign({ said: ({ event }) => event.output }) },
        onError: { target: 'over', actions: assign({ said: ({ event }) => event.error }) },
      },
    },
    over: { type: 'final' },
  },
});

const act = async (slot: Partial<EffectSlot<{ guest: string }, string>>) => {
  const engines = new Engines();
  const tries: string[] = [];
  const bound = bind(moving, {
    move: {
      kind: 'effect',
      recovery: 'unknown',
      run: (_: { guest: string }, { key }: Tools) => {
        tries.push(key);
        return never<string>();
      },
      ...slot,
    },
  });
  const victim = engines.seat([bound]);
  await victim.engine.start('moving', undefined);
  await settled();
  victim.store.die();
  const [run] = (await engines.seat([bound]).engine.recover()).runs;
  const ending = await engines.clock.run(run?.wait() ?? never());
  return { ending, tries };
};

const adopt: EffectSlot<{ guest: string }, string>['adopt'] = ({ guest }, { key, resumed }) =>
  Promise.resolve(`${guest} ${key} ${String(resumed)}`);

describe('an effect that is not done again', () => {
  test('goes on without us: it is found and followed', async () => {
    const { ending, tries } = await act({ recovery: 'adopt', adopt });
    expect(ending).toMatchObject({ output: { said: 'a run-1/move#1 true' } });
    expect(tries).toEqual(['run-1/move#1']);
  });

  test.each(['unknown', 'adopt'] as const)(
    'of class %s, with nobody to find it: the chart hears that nobody knows',
    async (recovery) => {
      const { ending, tries } = await act({ recovery });
      expect(ending).toMatchObject({
        output: { said: { code: 'interrupted', effect: 'unknown' } },
      });
      expect(tries).toEqual(['run-1/move#1']);
    },
  );
});
