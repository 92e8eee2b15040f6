import { describe, expect, test } from 'vitest';

import { Engines, never, settled } from '../../support/engines.ts';
import { inherit } from '../../support/inherit.ts';
import { bindToy } from '../../support/toy-machine.ts';

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
