import { describe, expect, test } from 'vitest';

import { DyingStore } from '../../support/dying-store.ts';
import { Engines, settled } from '../../support/engines.ts';
import { bindNested } from '../../support/nested-machine.ts';

/** Three machines, one in another: 1 -> 2 (first) -> 4 (second) -> 8 (between). */
function work(done: string[]) {
  return bindNested((name) => ({ n }, { key, resumed }) => {
    done.push(`${key} ${n}${resumed === true ? ' again' : ''}`);
    expect(key).toContain(name);
    return Promise.resolve(n * 2);
  });
}

async function commitsOfARun(): Promise<number> {
  const engines = new Engines();
  const { engine, store } = engines.seat(work([]));
  let commits = 0;
  const commit = store.commit.bind(store);
  store.commit = (batch) => {
    commits += 1;
    return commit(batch);
  };
  await engines.clock.run((await engine.start('outer', { n: 1 })).wait());
  return commits;
}

const commits = await commitsOfARun();
const points = Array.from({ length: commits }, (_, index) => index + 1).flatMap((at) =>
  (['before', 'after'] as const).map((when) => ({ at, when })),
);

describe('a process that is killed', () => {
  test.each(points)('$when commit $at leaves a run that another one ends', async ({ at, when }) => {
    const engines = new Engines();
    const done: string[] = [];
    const first = new DyingStore(engines.memory, at, when);
    const victim = engines.seat(work(done), { store: first });
    await victim.engine.start('outer', { n: 1 });
    const untilDead = async (): Promise<void> => {
      while (!first.isDead) {
        await settled(1);
        await engines.clock.run(Promise.resolve());
      }
    };
    await engines.clock.run(untilDead());
    await settled();
    const heir = engines.seat(work(done));
    const { runs, parked } = await heir.engine.recover();
    expect(parked).toEqual([]);
    if (at === 1 && when === 'before') {
      // Nothing was on record, so nothing was done.
      expect([runs, done]).toEqual([[], []]);
      return;
    }
    if (at === commits && when === 'after') {
      expect(runs).toEqual([]);
      expect(await heir.store.summary('run-1')).toMatchObject({ outcome: 'completed' });
    } else {
      const [run] = runs;
      const ending = await engines.clock.run(run?.wait() ?? Promise.reject(new Error('no run')));
      expect(ending).toMatchObject({ ended: 'finished', output: { n: 8 } });
    }
    // Each effect with the same key and input, however often; nothing twice but what was in flight.
    const steps = done.map((line) => line.replace(' again', ''));
    expect(new Set(steps)).toEqual(
      new Set([
        'run-1/middle#1/inner#1/first#1 1',
        'run-1/middle#1/inner#1/second#1 2',
        'run-1/middle#1/between#1 4',
      ]),
    );
    expect(done.filter((line) => line.endsWith('again')).length).toBeLessThanOrEqual(1);
    expect(await heir.store.artefacts('run-1')).toMatchObject([{ path: '/images/new' }]);
    const family = await heir.store.family('run-1');
    expect(family.map(({ record }) => [record.id, record.outcome])).toEqual([
      ['run-1', 'completed'],
      ['run-1/middle#1', 'completed'],
      ['run-1/middle#1/inner#1', 'completed'],
    ]);
  });
});
