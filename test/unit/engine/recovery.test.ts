import { describe, expect, test } from 'vitest';
import { assign, setup } from 'xstate';

import { effectSlot } from '../../../machines/slots.ts';
import type { EffectSlot, Tools } from '../../../src/engine/slots.ts';
import { bind } from '../../../src/engine/slots.ts';
import type { Run } from '../../../src/engine/run.ts';
import { Engines, never, settled } from '../../support/engines.ts';
import type { Seat } from '../../support/engines.ts';
import type { ToySlots } from '../../support/toy-machine.ts';
import { bindToy } from '../../support/toy-machine.ts';

/** Runs a toy up to where it stands still, kills its process, and lets another one take over. */
async function inherit(
  engines: Engines,
  before: ToySlots,
  after: ToySlots,
  events: readonly string[] = ['go'],
): Promise<{ run: Run; heir: Seat }> {
  const victim = engines.seat(bindToy(before));
  const left = await victim.engine.start('toy', { n: 1 });
  await settled();
  for (const type of events) {
    left.send({ type });
    await settled();
  }
  victim.store.die();
  const heir = engines.seat(bindToy(after));
  const { runs } = await heir.engine.recover();
  const [run] = runs;
  if (run === undefined) throw new Error('nothing was taken over');
  return { run, heir };
}

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

describe('taking over', () => {
  test('leaves alone what a living engine drives', async () => {
    const engines = new Engines();
    const first = engines.seat(bindToy({ prepare: () => never() }));
    const run = await first.engine.start('toy', { n: 1 });
    await settled();
    expect(await engines.seat(bindToy({})).engine.recover()).toEqual({ runs: [], parked: [] });
    expect(run.send({ type: 'go' })).toBe(true);
  });

  test('tells who goes on and where', async () => {
    const engines = new Engines();
    const told: unknown[] = [];
    const victim = engines.seat(bindToy({ prepare: () => never() }));
    await victim.engine.start('toy', { n: 1 });
    await settled();
    victim.store.die();
    const { engine } = engines.seat(bindToy({}));
    engine.on('run.resumed', ({ runId, states }) => told.push([runId, states]));
    await engine.recover();
    await settled();
    expect(told).toEqual([['run-1', ['waiting']]]);
  });

  test('goes on with a run of an engine that was closed, and whoever waited there hears of it', async () => {
    const engines = new Engines();
    let signal: AbortSignal | null = null;
    const first = engines.seat(
      bindToy({
        prepare: (_, tools) => {
          ({ signal } = tools);
          return never();
        },
      }),
    );
    const run = await first.engine.start('toy', { n: 1 });
    await settled();
    run.send({ type: 'go' });
    await settled();
    await first.engine.close();
    expect(await run.wait()).toMatchObject({ ended: 'broken', failure: { code: 'engineClosed' } });
    expect(signal).toMatchObject({ aborted: true });
    expect(run.send({ type: 'again' })).toBe(false);
    await expect(first.engine.start('toy', { n: 1 })).rejects.toThrow('closed');
    const [next] = (await engines.seat(bindToy({})).engine.recover()).runs;
    expect(await engines.clock.run(next?.wait() ?? never())).toMatchObject({ output: { n: 4 } });
  });

  test('keeps artefacts and progress that are on record', async () => {
    const engines = new Engines();
    const stream = { stream: 'memory', totalBytes: 100, remainingBytes: 40, bytesPerS: null };
    const { run, heir } = await inherit(
      engines,
      {
        prepare: (_, { report }) => {
          report([{ ...stream, processedBytes: 60 }]);
          return Promise.resolve(1);
        },
        double: () => never(),
      },
      {
        double: ({ n }, { report }) => {
          report([{ ...stream, processedBytes: 5 }]);
          return Promise.resolve(n);
        },
      },
    );
    await engines.clock.run(run.wait());
    expect(await heir.store.progress('run-1')).toMatchObject([{ processedBytes: 60 }]);
  });

  test('leaves to others what cannot be read now, and goes on with the rest', async () => {
    const engines = new Engines();
    const victim = engines.seat(bindToy({}));
    for (const n of [1, 2]) await victim.engine.start('toy', { n });
    await settled();
    victim.store.die();
    const heir = engines.seat(bindToy({}));
    const progress = heir.store.progress.bind(heir.store);
    heir.store.progress = (id) =>
      id === 'run-1' ? Promise.reject(new Error('unreadable')) : progress(id);
    expect((await heir.engine.recover()).runs.map(({ id }) => id)).toEqual(['run-2']);
    heir.store.progress = progress;
    expect((await heir.engine.recover()).runs.map(({ id }) => id)).toEqual(['run-1']);
  });

  test('takes only those that are named', async () => {
    const engines = new Engines();
    const victim = engines.seat(bindToy({}));
    for (const n of [1, 2]) await victim.engine.start('toy', { n });
    await settled();
    victim.store.die();
    const heir = engines.seat(bindToy({}));
    expect((await heir.engine.recover(['run-2'])).runs.map(({ id }) => id)).toEqual(['run-2']);
  });
});
