import { describe, expect, test } from 'vitest';

import type { CommitBatch } from '../../../src/ports/run-store.ts';
import { StoreError } from '../../../src/ports/run-store.ts';
import { Engines, never, settled } from '../../support/engines.ts';
import { bindToy } from '../../support/toy-machine.ts';

const broken = (): Promise<never> => Promise.reject(new StoreError('storeFailed', 'gone'));

/** Two runs whose next steps share one transaction. */
async function twoRuns(prepare = (): Promise<number> => never()) {
  const engines = new Engines();
  const { engine, store } = engines.seat(bindToy({ prepare }));
  const lost = await engine.start('toy', { n: 1 });
  const kept = await engine.start('toy', { n: 2 });
  await settled();
  return { engines, engine, store, lost, kept };
}

describe('a step that the store refuses', () => {
  test('stops its run alone: the others of the same turn go on', async () => {
    const { engines, kept, lost, store } = await twoRuns(() => Promise.resolve(5));
    const commit = store.commit.bind(store);
    const asked: number[] = [];
    store.commit = (batch: CommitBatch) => {
      asked.push(batch.runs.length);
      if (batch.runs.some(({ id }) => id === lost.id))
        return Promise.reject(new StoreError('leaseLost', 'another engine drives it'));
      return commit(batch);
    };
    lost.send({ type: 'go' });
    kept.send({ type: 'go' });
    const ended = await lost.wait();
    expect(asked.slice(0, 3)).toEqual([2, 1, 1]);
    expect(ended).toMatchObject({ ended: 'broken', failure: { code: 'leaseLost' } });
    expect(await engines.clock.run(kept.wait())).toMatchObject({ output: { n: 10 } });
  });

  test('leaves the record as it was, gives the run up, and says where it stands and what to do', async () => {
    const { engines, lost, store } = await twoRuns();
    const commit = store.commit.bind(store);
    store.commit = () => Promise.reject(new StoreError('storeFailed', 'disk full'));
    lost.send({ type: 'go' });
    const ending = await lost.wait();
    expect(ending).toMatchObject({
      failure: {
        code: 'storeFailed',
        message:
          'the run\'s record could not be made durable: disk full; nothing of this step was done. On record it stands in waiting: "virtstate recover" goes on from there',
      },
    });
    store.commit = commit;
    const heir = engines.seat(bindToy({}));
    const { runs } = await heir.engine.recover();
    expect(runs.map(({ id }) => id)).toEqual([lost.id]);
    expect(await engines.clock.run(runs[0]?.wait() ?? never())).toMatchObject({ output: { n: 4 } });
  });

  test('can be gone on with by the same engine when the store is well again', async () => {
    const { engine, engines, lost, store } = await twoRuns(() => Promise.resolve(5));
    const commit = store.commit.bind(store);
    store.commit = () => Promise.reject(new StoreError('storeFailed', 'disk full'));
    lost.send({ type: 'go' });
    await lost.wait();
    store.commit = commit;
    const [again] = (await engine.recover()).runs;
    expect(again?.id).toBe(lost.id);
    expect(await engines.clock.run(again?.wait() ?? never())).toMatchObject({ output: { n: 10 } });
  });

  test('of a run that never began says that nothing is on record', async () => {
    const { engine, store } = new Engines().seat(bindToy({}));
    store.commit = () => Promise.reject(new StoreError('storeFailed', 'disk full'));
    const run = await engine.start('toy', { n: 1 });
    expect(JSON.stringify(await run.wait())).toContain('Nothing of the run is on record');
  });

  test('ends its run also where nothing can be read any more', async () => {
    const { lost, store } = await twoRuns();
    Object.assign(store, { commit: broken, summary: broken, release: broken });
    lost.send({ type: 'go' });
    expect(JSON.stringify(await lost.wait())).toContain('could not be read either (gone)');
  });
});
