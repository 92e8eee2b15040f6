import { expect, test } from 'vitest';

import { createImageStores } from '../../src/adapters/images/index.ts';
import { createLibvirtHypervisors } from '../../src/adapters/libvirt/index.ts';
import { bindLiveSnapshot } from '../../src/bindings/live-snapshot.ts';
import { bindMigrations } from '../../src/bindings/migrations.ts';
import { bindSnapshots } from '../../src/bindings/snapshots.ts';
import { bindVolumeSwap } from '../../src/bindings/volume-swap.ts';
import type { BoundMachine } from '../../src/engine/slots.ts';
import { systemClock } from '../../src/engine/system-clock.ts';
import type { JournalRow } from '../../src/ports/run-store.ts';
import { Engines } from '../support/engines.ts';
import type { Received } from '../support/inspection.ts';
import { tellJournal, tellPlain } from '../support/inspection.ts';
import { bindNested } from '../support/nested-machine.ts';
import type { Scenario } from '../support/simulated-migration.ts';
import { migrateSimulated, privateGuest } from '../support/simulated-migration.ts';
import { imageSimulated } from '../support/simulated-image.ts';
import { onceIn } from '../support/simulated-runs.ts';
import type { SnapshotScenario } from '../support/simulated-snapshot.ts';
import { snapshotSimulated } from '../support/simulated-snapshot.ts';
import type { SwapScenario } from '../support/simulated-swap.ts';
import { swapSimulated } from '../support/simulated-swap.ts';
import { bindToy } from '../support/toy-machine.ts';

/** Each message without its time, which is the journal's in ours. */
const timeless = (messages: readonly Received[]) =>
  messages.map(({ createdAt, ...rest }) => {
    expect(createdAt).toMatch(/^[0-9]+$/);
    return rest;
  });

/** What is told of a journal is what the package tells of live actors to which the same happens. */
async function expectSame(
  bound: readonly BoundMachine[],
  root: string,
  rows: readonly JournalRow[],
): Promise<readonly Received[]> {
  const ours = await tellJournal(bound, root, rows);
  const theirs = timeless(await tellPlain(bound, root, rows));
  const seen = timeless(ours);
  for (const [at, message] of theirs.entries()) expect(seen[at], `message ${at}`).toEqual(message);
  expect(ours).toHaveLength(theirs.length);
  return ours;
}

const copied: Scenario = { domain: privateGuest, options: { copyStorage: 'all' } };
function abortIn(at: string): Scenario {
  let isOver = false;
  return {
    ...copied,
    onState: ({ state }, { abort }) => {
      if (!isOver && state.endsWith(at)) isOver = abort();
    },
  };
}

test.each<[string, Scenario]>([
  ['by its daemon', { ...copied, input: { protocol: 'peer2peer' } }],
  ['by this process', { ...copied, input: { protocol: 'direct' } }],
  ['that is refused', { input: { domain: 'nobody' } }],
  ['that is aborted at its first phase', abortIn('begin3')],
  ['that is aborted while it copies', abortIn('mirroring')],
])('a migration %s', async (_, scenario) => {
  const { output, runId, store, world } = await migrateSimulated(scenario);
  const rows = (await store.journal(runId)) ?? [];
  const bound = bindMigrations(world.hypervisors);
  const ours = await expectSame(bound, 'liveMigration', rows);
  const passedOn = ours.filter(
    ({ event, sourceId }) => sourceId === runId && Object(event).type === 'abort.requested',
  );
  expect(passedOn).toHaveLength(output.outcome === 'rolledBack' ? 1 : 0);
  const times = ours.map(({ createdAt }) => Number(createdAt));
  expect(times).toEqual(times.toSorted((one, other) => one - other));
});

/** What machines are bound to that only their charts are wanted of. */
const nowhere = createLibvirtHypervisors({ clock: systemClock });
const swapBound = [bindVolumeSwap(nowhere)];

test.each<[string, SwapScenario, string]>([
  ['that is kept', { input: { oldVolume: 'confirm' }, words: ['confirm'] }, 'completed'],
  ['that is undone', { input: { oldVolume: 'confirm' }, words: ['undo'] }, 'rolledBack'],
  [
    'that is aborted while it copies',
    { onState: (state, { abort }) => void (state.startsWith('working.copying.await') && abort()) },
    'rolledBack',
  ],
])('a swap %s', async (_, scenario, outcome) => {
  const { journal, output, states } = await swapSimulated(scenario);
  expect({ outcome: output.outcome, states }).toMatchObject({ outcome });
  const ours = await expectSame(swapBound, 'volumeSwap', journal);
  const said = scenario.words?.map((word) => `${word}.requested`) ?? ['abort.requested'];
  const heard = ours.filter(({ event }) => said.includes(Object(event).type));
  expect(new Set(heard.map(({ type }) => type))).toEqual(
    new Set(['@xstate.event', '@xstate.snapshot']),
  );
});

test.each<[string, SnapshotScenario, string]>([
  ['that is taken', {}, 'completed'],
  [
    'that is aborted',
    onceIn('working.copying.awaitingReady.waiting', ({ abort }) => abort()),
    'rolledBack',
  ],
])('a live snapshot %s', async (_, scenario, outcome) => {
  const { journal, output } = await snapshotSimulated(scenario);
  expect(output.outcome).toBe(outcome);
  await expectSame([bindLiveSnapshot(nowhere)], 'liveSnapshot', journal);
});

test('an image whose live way fails, and the machine that takes it at rest', async () => {
  const { journal, output } = await imageSimulated({
    faults: [{ at: { call: 'copyBlock' }, do: 'refuse' }],
  });
  expect(output.way).toBe('cold');
  const bound = bindSnapshots(nowhere, createImageStores(nowhere));
  const ours = await expectSame(bound, 'instanceSnapshot', journal);
  const names = ours.filter(({ type }) => type === '@xstate.actor').map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['live', 'cold']));
});

interface Played {
  readonly bound: readonly BoundMachine[];
  readonly root: string;
  readonly afterMs?: number;
  readonly events?: readonly string[];
}

async function journalOf({ afterMs = 0, bound, events = [], root }: Played) {
  const engines = new Engines();
  const { clock } = engines;
  const { engine, store } = engines.seat(bound);
  const run = await engine.start(root, { n: 1 });
  const said = [...events];
  const say = (): void => {
    const type = said.shift();
    if (type === undefined) return;
    run.send({ type });
    clock.schedule(clock.nowEpochMs() + 10, say);
  };
  clock.schedule(clock.nowEpochMs() + afterMs, say);
  await clock.run(run.wait());
  return (await store.journal(run.id)) ?? [];
}

const never = <T>(): Promise<T> => Promise.withResolvers<T>().promise;
const sends = bindToy({
  look: async (_, { send }) => {
    send({ type: 'seen', n: 1 });
    await never();
  },
});
const fails = (): Promise<never> => Promise.reject(new Error('no'));

test.each<[string, Played]>([
  ['a timer', { bound: sends, root: 'toy', afterMs: 5_000 }],
  ['an event, and a watch that tells', { bound: sends, root: 'toy', events: ['go'] }],
  ['an effect that fails', { bound: bindToy({ prepare: fails }), root: 'toy', events: ['go'] }],
  ['a watch that ends', { bound: bindToy({ look: fails }), root: 'toy', events: ['go'] }],
  [
    'machines within machines',
    {
      bound: bindNested(
        () =>
          ({ n }) =>
            Promise.resolve(n + 1),
      ),
      root: 'outer',
    },
  ],
])('%s', async (_, played) => {
  await expectSame(played.bound, played.root, await journalOf(played));
});

test('a state that is entered again stops its effect and starts it anew', async () => {
  let isFirst = true;
  const prepare = ({ n }: { readonly n: number }): Promise<number> => {
    if (!isFirst) return Promise.resolve(n);
    isFirst = false;
    return never();
  };
  const played = { bound: bindToy({ prepare }), root: 'toy', events: ['go', 'again'] };
  const ours = await expectSame(played.bound, played.root, await journalOf(played));
  const stopped = ours.filter(({ event }) => Object(event).type === 'xstate.stop');
  expect(stopped.map(({ sessionId }) => sessionId)).toContain('run-1/prepare#1');
});
