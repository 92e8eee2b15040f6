import { describe, expect, test } from 'vitest';
import { setup } from 'xstate';
import type { AnyStateMachine } from 'xstate';

import { effectSlot } from '../../../machines/slots.ts';
import type { BoundMachine } from '../../../src/engine/slots.ts';
import { Engines, never, settled } from '../../support/engines.ts';
import { bindToy } from '../../support/toy-machine.ts';

type Chart = Parameters<ReturnType<typeof chart>['createMachine']>[0];

const chart = () =>
  setup({
    actors: {
      work: effectSlot<string, { n: number }>('work'),
      other: effectSlot<string, { n: number }>('other'),
    },
    delays: { pause: 1000 },
  });

const work = { id: 'work', src: 'work', input: { n: 1 }, onDone: 'over', onError: 'over' } as const;
const over = { type: 'final' } as const;

/** What was recorded: it works, with a timer and a region beside it. */
const recorded: Chart = {
  id: 'chart',
  version: '1',
  initial: 'working',
  states: {
    working: { after: { pause: 'over' }, invoke: work },
    over,
  },
};

function bound(config: Chart, options: Omit<BoundMachine, 'machine' | 'slots'> = {}): BoundMachine {
  const machine: AnyStateMachine = chart().createMachine(config);
  const slot = { kind: 'effect', recovery: 'rerun', run: () => never() } as const;
  return { machine, slots: { work: slot, other: slot }, ...options };
}

/** Records a run of one chart, and lets another one take it over. */
async function takeOver(before: Chart, after: readonly BoundMachine[]) {
  const engines = new Engines();
  const victim = engines.seat([bound(before)]);
  await victim.engine.start('chart', undefined);
  await settled();
  victim.store.die();
  const [kept] = await engines.seat([]).store.family('run-1');
  const heir = engines.seat(after);
  const { parked, runs } = await heir.engine.recover();
  const [now] = await heir.store.family('run-1');
  expect(now).toEqual(kept);
  return { reason: parked[0]?.failure.message ?? null, runs, engines, store: heir.store };
}

const states = (working: object): Chart => ({
  ...recorded,
  states: { working: { after: { pause: 'over' }, invoke: work, ...working }, over },
});

const regions = (names: readonly string[]): Chart => ({
  id: 'chart',
  version: '1',
  type: 'parallel',
  states: Object.fromEntries(names.map((name) => [name, {}])),
});

const inside = (names: readonly string[]) => ({
  ...Object.fromEntries(names.map((name) => [name, { always: '#chart.after' }])),
  back: { type: 'history' as const },
});

const remembers = (names: readonly string[]): Chart => ({
  id: 'chart',
  version: '1',
  initial: 'before',
  states: {
    before: { initial: names[0] ?? '', states: { ...inside(names) }, onDone: 'after' },
    after: {},
  },
});

describe('a stored run that fits no machine', () => {
  test.each<[string, Chart, string]>([
    [
      'a state is gone',
      { ...recorded, initial: 'over', states: { over } },
      'the machine has no state working',
    ],
    [
      'a leaf has states now, which nobody entered',
      states({ initial: 'a', states: { a: {} } }),
      'which one is active is not recorded',
    ],
    [
      'an invoke has another id',
      states({ invoke: { ...work, id: 'labour' } }),
      'nothing is recorded of labour',
    ],
    ['an invoke runs another slot', states({ invoke: { ...work, src: 'other' } }), 'is other now'],
    [
      'there is a second invoke',
      states({ invoke: [work, { ...work, id: 'more', src: 'other' }] }),
      'nothing is recorded of more',
    ],
    ['an invoke is gone', states({ invoke: [] }), 'nothing there invokes it'],
    ['a timer has another name', states({ after: { 1000: 'over' } }), 'waits for its timer'],
    ['its version is newer', { ...recorded, version: '0' }, 'recorded by version 1'],
    ['its version has no upgrade', { ...recorded, version: '2' }, 'no upgrade to 2'],
    ['its machine is gone', { ...recorded, id: 'elsewhere' }, 'no machine chart here'],
  ])('is parked, its record untouched: %s', async (_, after, words) => {
    const { reason, runs, store } = await takeOver(recorded, [bound(after)]);
    expect(runs).toEqual([]);
    expect(reason).toContain(words);
    expect(reason).toContain('Next: recover it with the version of virtstate that began it');
    const summary = await store.summary('run-1');
    expect(summary?.parked?.failure).toMatchObject({ code: 'unfitSnapshot', message: reason });
    expect(summary).toMatchObject({ holder: null, finishedAtEpochMs: null });
  });

  test('a region is gone, or there is one more', async () => {
    const more = await takeOver(regions(['a', 'b']), [bound(regions(['a', 'b', 'c']))]);
    expect(more.reason).toContain('nothing is recorded of region c');
    const less = await takeOver(regions(['a', 'b']), [bound(regions(['a']))]);
    expect(less.reason).toContain('has no state b');
  });

  test('a state that its history remembers is gone', async () => {
    const { reason } = await takeOver(remembers(['a']), [bound(remembers(['b']))]);
    expect(reason).toContain('state chart.before.a of its history is gone');
  });

  test('a child is not on record', async () => {
    const engines = new Engines();
    const victim = engines.seat(bindToy({ look: () => never(), double: () => never() }));
    const run = await victim.engine.start('toy', { n: 1 });
    await settled();
    run.send({ type: 'go' });
    await settled();
    victim.store.die();
    const heir = engines.seat(bindToy({}));
    const takeOverAll = heir.store.takeOver.bind(heir.store);
    heir.store.takeOver = async () =>
      (await takeOverAll()).map((taken) => ({ ...taken, runs: taken.runs.slice(0, 1) }));
    const { parked } = await heir.engine.recover();
    expect(parked[0]?.failure.message).toContain('its child run-1/child#1 is not on record');
  });
});

const json = (snapshot: unknown, from: string, to: string): unknown =>
  JSON.parse(JSON.stringify(snapshot).replaceAll(from, to));

const broken = () => {
  throw new Error('cannot be done');
};

describe('a stored run of an earlier version', () => {
  const renamed: Chart = {
    ...recorded,
    version: '3',
    initial: 'labouring',
    states: { labouring: { after: { pause: 'over' }, invoke: { ...work, src: 'other' } }, over },
  };

  test('goes through the upgrades to the present one, and is recorded so before anything acts', async () => {
    const upgrades = {
      '2': (snapshot: unknown) => json(snapshot, '"value":"working"', '"value":"labouring"'),
      '3': (snapshot: unknown) => json(snapshot, '"src":"work"', '"src":"other"'),
    };
    // A timer carries the name of its state: none may be left from the old one.
    const timeless = (config: Chart, name: string): Chart => ({
      ...config,
      states: { [name]: { invoke: config === renamed ? { ...work, src: 'other' } : work }, over },
    });
    const before = timeless(recorded, 'working');
    const after = bound(timeless(renamed, 'labouring'), { upgrades });
    const { reason, runs, store } = await takeOver(before, [after]);
    expect(reason).toBeNull();
    expect(runs).toHaveLength(1);
    await settled();
    expect(await store.load('run-1')).toMatchObject({
      record: { version: '3', snapshot: { value: 'labouring' } },
    });
  });

  test('is parked where an upgrade fails', async () => {
    const after = bound({ ...recorded, version: '2' }, { upgrades: { '2': broken } });
    const { reason } = await takeOver(recorded, [after]);
    expect(reason).toContain('the upgrade of chart to version 2 failed: cannot be done');
  });
});
