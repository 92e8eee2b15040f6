import { expect } from 'vitest';
import type { RunStore } from '../../src/ports/run-store.ts';
import { batchOf, beginning, childRecord, ended, runRecord, step } from './store-batches.ts';
import type { StoreCases } from './store.contract.ts';

const failure = { code: 'unknownMachine', message: 'no such machine', effect: 'none' } as const;
const abort = { type: 'abort.requested', reason: 'operator' };

/** Resolves when the store tells that somebody else has committed something. */
function changed(store: RunStore): Promise<void> {
  return new Promise((resolve) => {
    const end = store.onChange(() => {
      end();
      resolve();
    });
  });
}

export const storeSharingCases: StoreCases = {
  'a run is driven by the engine that began it': async (world) => {
    const [one, other] = [world.open(), world.open()];
    await one.commit(beginning('a'));
    const holder = (await other.summary('a'))?.holder;
    expect(holder).toMatchObject({ pid: process.pid, alive: true });
    expect(await other.takeOver()).toEqual([]);
    const { rejects } = expect(other.commit(batchOf({ runs: [runRecord('a')] })));
    await rejects.toMatchObject({ name: 'StoreError', code: 'leaseLost' });
  },

  'a commit that touches a run of another engine changes nothing': async (world) => {
    const [one, other] = [world.open(), world.open()];
    await one.commit(beginning('a'));
    const lost = { code: 'leaseLost' };
    const added = { ...beginning('b'), journal: [step('a', ['stolen'])] };
    await expect(other.commit(added)).rejects.toMatchObject(lost);
    const secrets = [{ id: 's', rootId: 'a', value: 'v' }];
    await expect(other.commit({ ...beginning('b'), secrets })).rejects.toMatchObject(lost);
    const child = batchOf({ runs: [runRecord('b'), childRecord('a/x#1', 'a')] });
    await expect(other.commit(child)).rejects.toMatchObject(lost);
    expect((await other.list()).map(({ id }) => id)).toEqual(['a']);
    expect(await other.journal('a')).toHaveLength(1);
    // What failed can be done without the part that was not its own.
    await other.commit({ ...beginning('b'), journal: [step('b', ['preparing'])] });
    expect(await other.journal('b')).toHaveLength(1);
  },

  'a run that has ended is nobody’s to change': async (world) => {
    const store = world.open();
    await store.commit(batchOf({ runs: [ended('a')] }));
    const again = store.commit(batchOf({ runs: [runRecord('a')] }));
    await expect(again).rejects.toMatchObject({ code: 'leaseLost' });
  },

  'released runs are taken over with all that they need': async (world) => {
    const [one, other] = [world.open(), world.open()];
    const timers = [{ id: 't', dueAtEpochMs: 5, event: { type: 'late' } }];
    await one.commit(
      batchOf({
        runs: [
          runRecord('a'),
          childRecord('a/old#1', 'a', { finishedAtEpochMs: 3 }),
          childRecord('a/new#1', 'a'),
          runRecord('b'),
          ended('c'),
        ],
        timers: [{ runId: 'a/new#1', timers }],
      }),
    );
    await one.release(['a', 'b']);
    expect((await one.summary('a'))?.holder).toBeNull();
    const taken = await other.takeOver();
    expect(taken.map(({ rootId }) => rootId)).toEqual(['a', 'b']);
    expect(taken[0]?.runs.map(({ record }) => record.id)).toEqual(['a', 'a/new#1']);
    expect(taken[0]?.runs[1]?.timers).toEqual(timers);
    await other.commit(batchOf({ runs: [childRecord('a/new#1', 'a'), runRecord('a')] }));
    await expect(one.commit(batchOf({ runs: [runRecord('a')] }))).rejects.toMatchObject({
      code: 'leaseLost',
    });
  },

  'an engine that leaves leaves its runs to others': async (world) => {
    const [one, other] = [world.open(), world.open()];
    await one.commit(beginning('a'));
    await one.close();
    expect((await other.summary('a'))?.holder).toBeNull();
    expect((await other.takeOver()).map(({ rootId }) => rootId)).toEqual(['a']);
  },

  'runs of an engine that died can be taken over at once': async (world) => {
    const { store, die } = await world.openMortal();
    await store.commit(beginning('a'));
    const other = world.open();
    expect(await other.takeOver()).toEqual([]);
    await die();
    expect((await other.summary('a'))?.holder).toMatchObject({ alive: false });
    expect((await other.takeOver()).map(({ rootId }) => rootId)).toEqual(['a']);
    expect((await other.summary('a'))?.holder).toMatchObject({ alive: true });
    await other.commit(batchOf({ runs: [ended('a')] }));
  },

  'two that take over at the same time get each run once': async (world) => {
    const first = world.open();
    await first.commit(beginning('a', 'b', 'c'));
    await first.release(['a', 'b', 'c']);
    const [one, other] = [world.open(), world.open()];
    const taken = await Promise.all([one.takeOver(), other.takeOver()]);
    expect(taken.flat().map(({ rootId }) => rootId)).toEqual(['a', 'b', 'c']);
  },

  'a parked run stays as it is, says why, and can be tried again': async (world) => {
    const [one, other] = [world.open(), world.open()];
    await one.commit(beginning('a'));
    await one.park('a', failure);
    const summary = await other.summary('a');
    expect(summary).toMatchObject({ finishedAtEpochMs: null, holder: null, parked: { failure } });
    expect(await other.load('a')).toMatchObject({ record: runRecord('a') });
    await expect(one.commit(batchOf({ runs: [runRecord('a')] }))).rejects.toMatchObject({
      code: 'leaseLost',
    });
    expect((await other.takeOver()).map(({ rootId }) => rootId)).toEqual(['a']);
    expect((await other.summary('a'))?.parked).toBeNull();
  },

  'named runs are taken over, and the others stay as they are': async (world) => {
    const [one, other] = [world.open(), world.open()];
    await one.commit(beginning('a', 'b', 'c'));
    await one.park('a', failure);
    await one.release(['b', 'c']);
    expect((await other.takeOver(['b', 'nope'])).map(({ rootId }) => rootId)).toEqual(['b']);
    expect(await other.summary('a')).toMatchObject({ holder: null, parked: { failure } });
    expect((await other.takeOver()).map(({ rootId }) => rootId)).toEqual(['a', 'c']);
  },

  'only who drives a run parks it': async (world) => {
    const [one, other] = [world.open(), world.open()];
    await one.commit(beginning('a'));
    await expect(other.park('a', failure)).rejects.toMatchObject({ code: 'leaseLost' });
  },

  'a parked run that is abandoned ends; another does not': async (world) => {
    const [one, other] = [world.open(), world.open()];
    const secrets = [{ id: 's', rootId: 'a', value: 'v' }];
    await one.acquire('a', [{ name: 'domain', capacity: 1 }], { wait: false });
    await one.commit({ ...beginning('a'), secrets });
    expect(await other.abandon('a')).toBe('notParked');
    await expect(other.abandon('nobody')).rejects.toMatchObject({ code: 'noRun' });
    await one.park('a', failure);
    expect(await other.abandon('a')).toBe('abandoned');
    expect(await other.abandon('a')).toBe('notParked');
    expect(await other.summary('a')).toMatchObject({
      outcome: 'needsOperator',
      parked: { failure },
    });
    expect((await other.load('a'))?.record.snapshot).toEqual(runRecord('a').snapshot);
    expect(await other.takeOver()).toEqual([]);
    await expect(other.reveal('s')).rejects.toMatchObject({ code: 'noSecret' });
    const next = await other.acquire('b', [{ name: 'domain', capacity: 1 }], { wait: false });
    expect(next).toEqual({ granted: true });
  },

  'an event reaches the engine that drives the run, and its answer who posted it': async (
    world,
  ) => {
    const [one, other] = [world.open(), world.open()];
    await one.commit(beginning('a'));
    const seq = await other.post('a', abort);
    expect(await one.inbox()).toEqual([{ seq, rootId: 'a', event: abort }]);
    expect(await other.inbox()).toEqual([]);
    expect(await other.answerTo(seq)).toBeNull();
    const answer = {
      accepted: false,
      reason: 'past the point',
      allowed: ['postcopy.start'],
    } as const;
    await one.commit(batchOf({ answers: [{ seq, answer }] }));
    expect(await one.inbox()).toEqual([]);
    expect(await other.answerTo(seq)).toEqual(answer);
  },

  'events are answered in their order, and outlive who should have': async (world) => {
    const [one, other] = [world.open(), world.open()];
    await one.commit(beginning('a'));
    const first = await other.post('a', abort);
    const second = await other.post('a', { type: 'downtime.set', ms: 300 });
    await one.close();
    await other.takeOver();
    expect((await other.inbox()).map(({ seq }) => seq)).toEqual([first, second]);
  },

  'an event that nobody came to is answered by the end of the run': async (world) => {
    const [one, other] = [world.open(), world.open()];
    await one.commit(beginning('a'));
    const accepted = await other.post('a', abort);
    const late = await other.post('a', abort);
    const answers = [{ seq: accepted, answer: { accepted: true } as const }];
    await one.commit(batchOf({ runs: [ended('a')], answers }));
    expect(await other.answerTo(accepted)).toEqual({ accepted: true });
    expect(await other.answerTo(late)).toMatchObject({ accepted: false, allowed: [] });
    await expect(other.post('a', abort)).rejects.toMatchObject({ code: 'runFinished' });
    await expect(other.post('nobody', abort)).rejects.toMatchObject({ code: 'noRun' });
    expect(await other.answerTo(999)).toBeNull();
  },

  'who listens hears what others commit, and not what it commits itself': async (world) => {
    const [one, other] = [world.open(), world.open()];
    await one.commit(beginning('a'));
    let ownCalls = 0;
    one.onChange(() => (ownCalls += 1));
    const heard = changed(other);
    await one.commit(batchOf({ runs: [runRecord('a')] }));
    await heard;
    expect(ownCalls).toBe(0);
    const back = changed(one);
    await other.post('a', abort);
    await back;
    expect(ownCalls).toBe(1);
  },
};
