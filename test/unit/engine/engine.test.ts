import { describe, expect, test } from 'vitest';

import { VirtualClock } from '../../../src/adapters/simulated/index.ts';
import { Engine } from '../../../src/engine/engine.ts';
import { noLog } from '../../../src/ports/log.ts';
import type { CommitBatch, RunStore } from '../../../src/ports/run-store.ts';
import { MemoryStore } from '../../../src/store/memory/index.ts';
import type { ToySlots } from '../../support/toy-machine.ts';
import { migrateSimulated } from '../../support/simulated-migration.ts';
import { bindToy, toy } from '../../support/toy-machine.ts';

/** A store that tells when it is asked and commits when it is told. */
class HeldStore extends MemoryStore {
  readonly asked: CommitBatch[] = [];
  #held: Promise<void> = Promise.resolve();

  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return resolve;
  }

  override async commit(batch: CommitBatch): Promise<void> {
    this.asked.push(batch);
    await this.#held;
    return super.commit(batch);
  }
}

function stage(slots: ToySlots, store: RunStore = new MemoryStore()) {
  const clock = new VirtualClock({ startEpochMs: 0, pace: 'asFastAsPossible' });
  const engine = new Engine({
    store,
    clock,
    log: noLog,
    machines: bindToy(slots),
    newRunId: () => 'run',
  });
  return { clock, engine, store };
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('a run', () => {
  test('goes through effect, watch and child machine to its output', async () => {
    const { clock, engine } = stage({
      look: ({ n }, { send }) => {
        send({ type: 'seen', n });
        return Promise.resolve();
      },
      double: async ({ n }) => {
        await turn();
        return n * 2;
      },
    });
    const run = await engine.start('toy', { n: 1 });
    await turn();
    expect(run.send({ type: 'go' })).toBe(true);
    const ending = await clock.run(run.wait());
    expect(ending).toMatchObject({ ended: 'finished', output: { n: 4, seen: [2] } });
  });

  test('fires a timer at its due time of the clock', async () => {
    const { clock, engine } = stage({});
    const ending = await clock.run((await engine.start('toy', { n: 1 })).wait());
    expect(ending).toMatchObject({ ended: 'finished', atEpochMs: 1000 });
  });

  test('refuses an event that its state does not know', async () => {
    const { engine } = stage({});
    const run = await engine.start('toy', { n: 1 });
    await turn();
    expect(run.send({ type: 'seen' })).toBe(false);
  });

  test('hands a failure to the chart as data', async () => {
    const { clock, engine } = stage({ prepare: () => Promise.reject(new Error('no')) });
    const failed: string[] = [];
    engine.on('effect.failed', ({ key, failure }) => failed.push(`${key} ${failure.message}`));
    const ending = await clock.run((await engine.start('toy', { n: 1 })).wait());
    expect(ending).toMatchObject({ output: { n: -1 } });
    expect(failed).toEqual(['run/prepare#1 no']);
  });

  test.each([
    'run.started',
    'state.entered',
    'effect.started',
    'effect.finished',
    'run.finished',
    'progress',
  ] as const)('goes on although a listener to %s throws', async (event) => {
    const { clock, engine } = stage({
      prepare: ({ n }, { report }) => {
        report([]);
        return Promise.resolve(n + 1);
      },
    });
    let heard = 0;
    engine.on(event, () => {
      heard += 1;
      throw new Error('a listener with a bug');
    });
    const ending = await clock.run((await engine.start('toy', { n: 1 })).wait());
    expect(ending).toMatchObject({ ended: 'finished', output: { n: 4 } });
    expect(heard).toBeGreaterThan(0);
  });

  test('is broken by a guard that throws, and says so', async () => {
    const { engine } = stage({});
    const run = await engine.start('toy', { n: 1 });
    await turn();
    // `can` asks the guard too, so the event is sent as a timer would send it.
    expect(() => run.send({ type: 'again' })).toThrow('a guard with a bug');
  });
});

describe('before anything acts', () => {
  test('its record is durable: no effect starts while the commit is under way', async () => {
    const store = new HeldStore();
    let started = 0;
    const { engine, clock } = stage(
      {
        prepare: ({ n }) => {
          started += 1;
          return Promise.resolve(n);
        },
      },
      store,
    );
    const run = await engine.start('toy', { n: 1 });
    await turn();
    const release = store.hold();
    run.send({ type: 'go' });
    await turn();
    await turn();
    const record = store.asked.at(-1)?.runs[0];
    expect(JSON.stringify(record?.snapshot)).toContain('"src":"prepare"');
    expect(started).toBe(0);
    release();
    await clock.run(run.wait());
    expect(started).toBe(1);
  });

  test('and when the record cannot be written, nothing of the step happens', async () => {
    const store = new HeldStore();
    let started = 0;
    const { engine } = stage(
      {
        prepare: ({ n }) => {
          started += 1;
          return Promise.resolve(n);
        },
      },
      store,
    );
    const run = await engine.start('toy', { n: 1 });
    await turn();
    store.commit = () => Promise.reject(new Error('disk full'));
    run.send({ type: 'go' });
    const ending = await run.wait();
    expect(ending).toMatchObject({ ended: 'broken', failure: { code: 'storeFailed' } });
    expect(started).toBe(0);
  });

  test('and when that happens to a child machine, the whole run ends and nothing of it goes on', async () => {
    const store = new HeldStore();
    let signal: AbortSignal | null = null;
    const doubled = Promise.withResolvers<number>();
    const { engine } = stage(
      {
        look: (_, tools) => {
          ({ signal } = tools);
          return new Promise(() => undefined);
        },
        double: () => doubled.promise,
      },
      store,
    );
    const run = await engine.start('toy', { n: 1 });
    await turn();
    run.send({ type: 'go' });
    for (let turns = 0; turns < 5; turns += 1) await turn();
    expect(signal).toMatchObject({ aborted: false });
    let commits = 0;
    store.commit = () => {
      commits += 1;
      return Promise.reject(new Error('disk full'));
    };
    engine.on('run.broken', () => {
      throw new Error('a listener with a bug');
    });
    doubled.resolve(4);
    expect(await run.wait()).toMatchObject({ ended: 'broken', failure: { code: 'storeFailed' } });
    expect(signal).toMatchObject({ aborted: true });
    expect(run.send({ type: 'again' })).toBe(false);
    expect(commits).toBe(1);
  });

  test('and when only a child has stepped, its parent does not wait for it for ever', async () => {
    const ended = migrateSimulated({
      onState: ({ state }, { store }) => {
        if (!state.endsWith('phases.begin3')) return;
        store.commit = () => Promise.reject(new Error('disk full'));
      },
    });
    await expect(ended).rejects.toThrow('could not be made durable: disk full');
  });

  test('parent and child steps of one turn share one commit', async () => {
    const store = new HeldStore();
    const { engine, clock } = stage({}, store);
    await clock.run((await engine.start('toy', { n: 1 })).wait());
    const last = store.asked.at(-1);
    expect(last?.runs.map(({ id }) => id).toSorted()).toEqual(['run', 'run/child#1']);
    expect(last?.runs.every(({ finishedAtEpochMs }) => finishedAtEpochMs !== null)).toBe(true);
  });

  test('the machine must have every slot bound', () => {
    expect(
      () =>
        new Engine({
          store: new MemoryStore(),
          clock: new VirtualClock({ startEpochMs: 0, pace: 'asFastAsPossible' }),
          log: noLog,
          machines: [{ machine: toy, slots: {} }],
          newRunId: () => 'run',
        }),
    ).toThrow('machine toyChild is not registered');
  });
});

describe('a state that was left and entered again', () => {
  test('does not take the reply to the earlier question', async () => {
    const asked: { signal: AbortSignal; reply: (n: number) => void }[] = [];
    const { engine, clock } = stage({
      prepare: (_, { signal }) => {
        const { promise, resolve } = Promise.withResolvers<number>();
        asked.push({ signal, reply: resolve });
        return promise;
      },
    });
    const run = await engine.start('toy', { n: 1 });
    await turn();
    run.send({ type: 'go' });
    await turn();
    await turn();
    // The reply and the re-entry meet in one turn: the reply is an old one by then.
    run.send({ type: 'again' });
    asked[0]?.reply(100);
    await turn();
    await turn();
    expect(asked).toHaveLength(2);
    expect(asked[0]?.signal.aborted).toBe(true);
    asked[1]?.reply(7);
    expect(await clock.run(run.wait())).toMatchObject({ output: { n: 14 } });
  });

  test('counts its entries in the key of the effect', async () => {
    const keys: string[] = [];
    const { engine, clock } = stage({
      prepare: ({ n }, { key }) => {
        keys.push(key);
        return keys.length < 2 ? new Promise(() => undefined) : Promise.resolve(n);
      },
    });
    const run = await engine.start('toy', { n: 1 });
    await turn();
    run.send({ type: 'go' });
    await turn();
    await turn();
    run.send({ type: 'again' });
    await clock.run(run.wait());
    expect(keys).toEqual(['run/prepare#1', 'run/prepare#2']);
  });
});

describe('the journal', () => {
  test('has each step with its event and the states on both sides', async () => {
    const { engine, clock, store } = stage({});
    const run = await engine.start('toy', { n: 1 });
    await clock.run(run.wait());
    const rows = (await store.journal('run')) ?? [];
    const own = rows.filter(({ runId }) => runId === 'run');
    expect(
      own.map(({ event, from, to, effectKey }) => [event.type, from[0], to[0], effectKey]),
    ).toEqual([
      ['xstate.init', undefined, 'waiting', null],
      ['xstate.after.1000.toy.waiting', 'waiting', 'preparing', null],
      ['xstate.done.actor.prepare', 'preparing', 'working', 'run/prepare#1'],
      ['xstate.done.actor.look', 'working', 'working', 'run/look#1'],
      ['xstate.done.actor.child', 'working', 'done', 'run/child#1'],
    ]);
    expect(own[0]?.event).toEqual({ type: 'xstate.init', input: { n: 1 } });
    expect(own[2]?.event).toMatchObject({ output: 2 });
  });
});
