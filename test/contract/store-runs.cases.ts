import { expect } from 'vitest';
import type { RunStore } from '../../src/ports/run-store.ts';
import { batchOf, beginning, childRecord, ended, runRecord, step } from './store-batches.ts';
import type { StoreCases } from './store.contract.ts';

const timer = { id: 'limit', dueAtEpochMs: 9_000.5, event: { type: 'xstate.after.5', extra: [1] } };
const overlay = { kind: 'overlay', host: 'hostA', path: '/images/a.delta', status: 'planned' };
const memory = { stream: 'memory', processedBytes: 1, totalBytes: 4, remainingBytes: 3 };

/** A run with a child that has ended and one that goes on. */
async function beginFamily(store: RunStore): Promise<void> {
  await store.commit(
    batchOf({
      runs: [
        childRecord('a/first#1', 'a', { finishedAtEpochMs: 1_400, outcome: 'refused' }),
        childRecord('a/second#1', 'a'),
        runRecord('a'),
      ],
      journal: [
        step('a', ['migrating']),
        step('a/first#1', ['refused']),
        step('a/second#1', ['perform.precopying', 'convergence.watching']),
      ],
      timers: [{ runId: 'a/second#1', timers: [timer] }],
    }),
  );
}

export const storeRunCases: StoreCases = {
  'what is committed is read back as it was': async (world) => {
    const store = world.open();
    const record = runRecord('a', {
      snapshot: { value: { b: 'c' }, context: { list: [1, null, 'ü\u0000'] }, children: {} },
      entries: { copy: 2 },
    });
    await store.commit(batchOf({ runs: [record], timers: [{ runId: 'a', timers: [timer] }] }));
    expect(await world.open().load('a')).toEqual({ record, timers: [timer] });
  },

  'what is changed after the commit is not changed in the store': async (world) => {
    const store = world.open();
    const context = { step: 1 };
    await store.commit(batchOf({ runs: [runRecord('a', { snapshot: { context } })] }));
    context.step = 2;
    expect((await store.load('a'))?.record.snapshot).toEqual({ context: { step: 1 } });
  },

  'what is no JSON fails the whole batch with a clear error': async (world) => {
    const store = world.open();
    const bad = runRecord('b', { snapshot: { bytes: 1n } });
    await expect(store.commit(batchOf({ runs: [runRecord('a'), bad] }))).rejects.toMatchObject({
      name: 'StoreError',
      code: 'storeFailed',
    });
    expect(await store.list()).toEqual([]);
    // The store itself is none the worse.
    await store.commit(beginning('a'));
    expect(await store.list()).toHaveLength(1);
  },

  'a batch that fails half-way leaves nothing that a later one could build on': async (world) => {
    const store = world.open();
    await store.commit(beginning('a'));
    const first = step('a', ['a state never seen before']);
    const second = step('a', ['done'], { event: { type: 'x', bytes: 1n } });
    const failing = store.commit(batchOf({ journal: [first, second] }));
    await expect(failing).rejects.toMatchObject({ code: 'storeFailed' });
    await store.commit(batchOf({ journal: [first] }));
    expect((await store.journal('a'))?.slice(1)).toEqual([first]);
  },

  'a later record takes the place of an earlier one': async (world) => {
    const store = world.open();
    await store.commit(beginning('a'));
    const record = runRecord('a', { snapshot: { value: 'copying' }, entries: { copy: 1 } });
    await store.commit(batchOf({ runs: [record] }));
    expect((await store.load('a'))?.record).toEqual(record);
  },

  'timers are all that a run has now': async (world) => {
    const store = world.open();
    const first = { ...timer, id: 'first' };
    await store.commit({ ...beginning('a'), timers: [{ runId: 'a', timers: [first, timer] }] });
    await store.commit(batchOf({ timers: [{ runId: 'a', timers: [timer] }] }));
    expect((await store.load('a'))?.timers).toEqual([timer]);
    await store.commit(batchOf({ timers: [{ runId: 'a', timers: [] }] }));
    expect((await store.load('a'))?.timers).toEqual([]);
  },

  'a family is the run and every child, in the order of their beginning': async (world) => {
    const store = world.open();
    await beginFamily(store);
    await store.commit(batchOf({ runs: [childRecord('a/third#1', 'a')] }));
    const family = await store.family('a');
    expect(family[0]?.record).toMatchObject({ id: 'a', rootId: 'a', parent: null });
    expect(family.slice(1).map(({ record }) => record)).toMatchObject([
      { id: 'a/first#1', rootId: 'a', parent: { runId: 'a', invokeId: 'protocol' } },
      { id: 'a/second#1', rootId: 'a' },
      { id: 'a/third#1', rootId: 'a' },
    ]);
    expect(await store.family('nobody')).toEqual([]);
  },

  'the journal holds the steps of the whole family in their order': async (world) => {
    const store = world.open();
    await beginFamily(store);
    const last = step('a', ['done'], {
      from: ['migrating'],
      event: { type: 'xstate.done.actor.protocol', output: { ok: true } },
      effectKey: 'a/protocol#1',
    });
    await store.commit(batchOf({ journal: [last] }));
    const journal = await store.journal('a');
    expect(journal?.map(({ runId }) => runId)).toEqual(['a', 'a/first#1', 'a/second#1', 'a']);
    expect(journal?.at(-1)).toEqual(last);
    expect(await store.journal('nobody')).toBeNull();
  },

  'a summary tells the states of the run and of the children that go on': async (world) => {
    const store = world.open();
    await beginFamily(store);
    const summary = await store.summary('a');
    expect(summary).toMatchObject({ id: 'a', machine: 'liveMigration', subject: 'guest-a' });
    expect(summary?.states).toEqual(['migrating', 'perform.precopying', 'convergence.watching']);
    expect(summary).toMatchObject({ finishedAtEpochMs: null, outcome: null, parked: null });
    expect(await store.summary('a/second#1')).toBeNull();
  },

  'a run that has ended shows how, and its own last states': async (world) => {
    const store = world.open();
    await beginFamily(store);
    await store.commit(batchOf({ runs: [ended('a')], journal: [step('a', ['completed'])] }));
    expect(await store.summary('a')).toMatchObject({
      finishedAtEpochMs: 2_000,
      outcome: 'completed',
      states: ['completed'],
      holder: null,
    });
  },

  'a list shows runs at the top, the latest first, as many as asked for': async (world) => {
    const store = world.open();
    await beginFamily(store);
    await store.commit(beginning('b', 'c'));
    await store.commit(batchOf({ runs: [ended('b')] }));
    const ids = async (...filter: Parameters<RunStore['list']>) =>
      (await store.list(...filter)).map(({ id }) => id);
    expect(await ids()).toEqual(['c', 'b', 'a']);
    expect(await ids({ limit: 2 })).toEqual(['c', 'b']);
    expect(await ids({ finished: true })).toEqual(['b']);
    expect(await ids({ finished: false })).toEqual(['c', 'a']);
  },

  'a list holds what fits every part of its filter': async (world) => {
    const store = world.open();
    await store.commit(beginning('a1'));
    await store.commit(batchOf({ runs: [runRecord('a2', { machine: 'other', subject: 'db' })] }));
    await store.commit(batchOf({ runs: [runRecord('b', { subject: 'db' })] }));
    await store.commit(batchOf({ runs: [ended('b', { subject: 'db', outcome: 'refused' })] }));
    const ids = async (filter: Parameters<RunStore['list']>[0]) =>
      (await store.list(filter)).map(({ id }) => id);
    expect(await ids({ beginning: 'a' })).toEqual(['a2', 'a1']);
    expect(await ids({ beginning: 'a', machine: 'other' })).toEqual(['a2']);
    expect(await ids({ subject: 'db' })).toEqual(['b', 'a2']);
    expect(await ids({ subject: 'db', finished: false })).toEqual(['a2']);
    expect(await ids({ outcome: 'refused' })).toEqual(['b']);
    expect(await ids({ before: 'b' })).toEqual(['a2', 'a1']);
    expect(await ids({ before: 'b', limit: 1 })).toEqual(['a2']);
    expect(await ids({ before: 'a1' })).toEqual([]);
    expect(await ids({ before: 'nobody' })).toEqual([]);
    expect(await ids({ beginning: '%' })).toEqual([]);
  },

  'a journal is read on from any of its rows': async (world) => {
    const store = world.open();
    await beginFamily(store);
    const all = (await store.journal('a')) ?? [];
    expect(all).toHaveLength(3);
    expect(await store.journal('a', 1)).toEqual(all.slice(1));
    expect(await store.journal('a', 3)).toEqual([]);
    expect(await store.journal('nobody', 1)).toBeNull();
  },

  'artefacts of a family are what its runs have now': async (world) => {
    const store = world.open();
    await beginFamily(store);
    const disk = { ...overlay, path: '/images/b.delta' };
    await store.commit(
      batchOf({
        artefacts: [
          { runId: 'a', artefacts: [overlay] },
          { runId: 'a/second#1', artefacts: [disk] },
        ],
      }),
    );
    expect(await store.artefacts('a')).toEqual([overlay, disk]);
    const made = { ...overlay, status: 'made' };
    await store.commit(batchOf({ artefacts: [{ runId: 'a', artefacts: [made] }] }));
    expect(await store.artefacts('a')).toEqual([made, disk]);
    await store.commit(batchOf({ artefacts: [{ runId: 'a', artefacts: [] }] }));
    expect(await store.artefacts('a')).toEqual([disk]);
  },

  'progress is the latest of each stream': async (world) => {
    const store = world.open();
    await store.commit(beginning('a'));
    const disk = { ...memory, stream: 'vda', bytesPerS: null };
    const first = { ...memory, bytesPerS: 10 };
    await store.commit(batchOf({ progress: [{ rootId: 'a', streams: [first, disk] }] }));
    const later = { ...first, processedBytes: 2, remainingBytes: 2 };
    await store.commit(batchOf({ progress: [{ rootId: 'a', streams: [later] }] }));
    expect(await store.progress('a')).toEqual([later, disk]);
    expect(await store.progress('nobody')).toEqual([]);
  },

  'progress that comes after the end is left out': async (world) => {
    const store = world.open();
    await store.commit(beginning('a', 'b'));
    await store.commit(batchOf({ runs: [ended('a')] }));
    const streams = [{ ...memory, bytesPerS: 1 }];
    await store.commit(batchOf({ progress: [{ rootId: 'a', streams }], runs: [runRecord('b')] }));
    expect(await store.progress('a')).toEqual([]);
  },

  'secrets are revealed until the run has ended': async (world) => {
    const store = world.open();
    const secrets = [{ id: 's1', rootId: 'a', value: 'cookie ü' }];
    await store.commit({ ...beginning('a'), secrets });
    expect(await world.open().reveal('s1')).toBe('cookie ü');
    await store.commit(batchOf({ runs: [ended('a')] }));
    await expect(store.reveal('s1')).rejects.toMatchObject({ code: 'noSecret' });
    await expect(store.reveal('s2')).rejects.toMatchObject({ code: 'noSecret' });
  },

  'pruning takes finished runs that ended before, and nothing else': async (world) => {
    const store = world.open();
    await beginFamily(store);
    await store.commit(beginning('b', 'c'));
    await store.commit(
      batchOf({
        runs: [
          childRecord('a/second#1', 'a', { finishedAtEpochMs: 1_900, outcome: 'completed' }),
          ended('a'),
          ended('b', { finishedAtEpochMs: 3_000 }),
        ],
        artefacts: [{ runId: 'a', artefacts: [overlay] }],
      }),
    );
    expect(await store.prune(3_000)).toBe(1);
    expect((await store.list()).map(({ id }) => id)).toEqual(['c', 'b']);
    expect(await store.journal('a')).toBeNull();
    expect(await store.load('a/second#1')).toBeNull();
    expect(await store.artefacts('a')).toEqual([]);
    expect(await store.prune(10_000)).toBe(1);
    expect((await store.list()).map(({ id }) => id)).toEqual(['c']);
  },

  'a closed store takes nothing more': async (world) => {
    const store = world.open();
    await store.close();
    await expect(store.commit(beginning('a'))).rejects.toMatchObject({ code: 'storeFailed' });
    await expect(store.list()).rejects.toMatchObject({ code: 'storeFailed' });
    await store.close();
  },
};
