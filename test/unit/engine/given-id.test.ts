import { expect, test } from 'vitest';

import { VirtualClock } from '../../../src/adapters/simulated/index.ts';
import { Engine } from '../../../src/engine/engine.ts';
import { noLog } from '../../../src/ports/log.ts';
import { MemoryStore } from '../../../src/store/memory/index.ts';
import { bindToy } from '../../support/toy-machine.ts';

test('a run has the id that it is given, and no other run gets the same', async () => {
  const store = new MemoryStore();
  const clock = new VirtualClock({ startEpochMs: 0, pace: 'asFastAsPossible' });
  const machines = bindToy({});
  const engine = new Engine({ store, clock, log: noLog, machines, newRunId: () => 'other' });
  const run = await engine.start('toy', { n: 1 }, { runId: 'mine' });
  expect(run.id).toBe('mine');
  await new Promise((resolve) => run.once('run.started', resolve));
  const again = engine.start('toy', { n: 2 }, { runId: 'mine' });
  await expect(again).rejects.toMatchObject({ name: 'EngineError', code: 'runExists' });
  const both = [1, 2].map((n) => engine.start('toy', { n }, { runId: 'both' }));
  const settled = await Promise.allSettled(both);
  expect(new Set(settled.map(({ status }) => status))).toEqual(new Set(['fulfilled', 'rejected']));
  await engine.close();
  const later = new Engine({ store, clock, log: noLog, machines, newRunId: () => 'other' });
  const onRecord = later.start('toy', { n: 2 }, { runId: 'mine' });
  await expect(onRecord).rejects.toMatchObject({ code: 'runExists' });
  expect((await store.list()).map(({ id }) => id)).toEqual(['mine']);
});
