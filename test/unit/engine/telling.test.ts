import { describe, expect, test } from 'vitest';

import type { RunEvent } from '../../../src/engine/events.ts';
import type { StreamProgress } from '../../../src/ports/observation.ts';
import { delay } from '../../../src/ports/clock.ts';
import { Engines, never, settled } from '../../support/engines.ts';
import { bindToy } from '../../support/toy-machine.ts';

const memory = (processedBytes: number): StreamProgress => ({
  stream: 'memory',
  processedBytes,
  totalBytes: 1000,
  remainingBytes: 1000 - processedBytes,
  bytesPerS: null,
});

const reportMuch = (_: unknown, { report }: { report: (s: StreamProgress[]) => void }) => {
  for (let bytes = 1; bytes <= 100; bytes += 1) report([memory(bytes)]);
  return never<number>();
};

describe('what a run tells', () => {
  test('can be read to its end, in order, children included', async () => {
    const engines = new Engines();
    const { engine } = engines.seat(bindToy({}));
    const run = await engine.start('toy', { n: 1 });
    const told: string[] = [];
    const reading = (async () => {
      for await (const event of run.events())
        told.push(event.type === 'state.entered' ? `${event.machine} ${event.state}` : event.type);
    })();
    await engines.clock.run(run.wait());
    await reading;
    expect(told.filter((line) => !line.startsWith('effect'))).toEqual([
      'run.started',
      'toy waiting',
      'toy preparing',
      'toy working',
      'run.started',
      'toyChild doubling',
      'toyChild done',
      'run.finished',
      'toy done',
      'run.finished',
    ]);
  });

  test('is not mixed with what another run tells', async () => {
    const { engine } = new Engines().seat(bindToy({}));
    const [one, two] = [await engine.start('toy', { n: 1 }), await engine.start('toy', { n: 2 })];
    const heard: string[] = [];
    one.on('state.entered', ({ runId }) => heard.push(runId));
    two.on('run.started', ({ runId }) => heard.push(runId));
    await settled();
    expect(heard.toSorted()).toEqual(['run-1', 'run-2']);
  });

  test('is not kept for a reader that has left', async () => {
    const { engine } = new Engines().seat(bindToy({}));
    const run = await engine.start('toy', { n: 1 });
    for await (const event of run.events()) {
      expect(event.type).toBe('run.started');
      break;
    }
    expect(run.send({ type: 'go' })).toBe(true);
  });

  test('of its progress, a slow reader gets the latest only', async () => {
    const engines = new Engines();
    const { engine } = engines.seat(bindToy({ prepare: reportMuch }));
    const run = await engine.start('toy', { n: 1 });
    const events = run.events();
    await settled();
    run.send({ type: 'go' });
    await settled();
    await engine.close();
    const progress: RunEvent[] = [];
    for await (const event of events) if (event.type === 'progress') progress.push(event);
    expect(progress).toMatchObject([{ streams: [{ processedBytes: 100 }] }]);
  });
});

describe('progress', () => {
  test('alone makes four commits a second at most, and the last of it is on record', async () => {
    const engines = new Engines();
    const { clock } = engines;
    const { engine, store } = engines.seat(
      bindToy({
        prepare: async (_, { report, signal }) => {
          for (let bytes = 1; bytes <= 1000; bytes += 1) {
            report([memory(bytes)]);
            await delay(clock, 1, signal);
          }
          return never();
        },
      }),
    );
    const run = await engine.start('toy', { n: 1 });
    await settled();
    run.send({ type: 'go' });
    await settled();
    let commits = 0;
    const commit = store.commit.bind(store);
    store.commit = (batch) => {
      commits += 1;
      expect(batch.runs).toEqual([]);
      return commit(batch);
    };
    await clock.run(delay(clock, 2000, new AbortController().signal));
    expect(commits).toBeGreaterThanOrEqual(4);
    expect(commits).toBeLessThanOrEqual(5);
    expect(await store.progress(run.id)).toMatchObject([{ processedBytes: 1000 }]);
  });

  test('never goes backwards', async () => {
    const engines = new Engines();
    const told: number[] = [];
    const { engine } = engines.seat(
      bindToy({
        prepare: ({ n }, { report }) => {
          for (const bytes of [5, 70, 30, 80]) report([memory(bytes)]);
          return Promise.resolve(n);
        },
      }),
    );
    engine.on('progress', ({ streams }) => told.push(streams[0]?.processedBytes ?? 0));
    await engines.clock.run((await engine.start('toy', { n: 1 })).wait());
    expect(told).toEqual([5, 70, 70, 80]);
  });
});
