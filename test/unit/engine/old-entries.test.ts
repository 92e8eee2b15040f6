import { expect, test } from 'vitest';
import { assign, sendTo, setup } from 'xstate';

import { effectSlot, watchSlot } from '../../../machines/slots.ts';
import { bind } from '../../../src/engine/slots.ts';
import { Engines, never, settled } from '../../support/engines.ts';
import { bindToy } from '../../support/toy-machine.ts';

type Event = { type: 'again' } | { type: 'seen'; by: number } | { type: 'over' };

const watched = setup({
  types: { context: {} as { seen: number[] }, events: {} as Event },
  actors: { watch: watchSlot<Event, undefined>('watch') },
}).createMachine({
  id: 'watched',
  version: '1',
  context: { seen: [] },
  output: ({ context }) => context,
  initial: 'watching',
  states: {
    watching: {
      on: {
        again: { target: 'watching', reenter: true },
        over: 'over',
        seen: { actions: assign({ seen: ({ context, event }) => [...context.seen, event.by] }) },
      },
      invoke: { id: 'watch', src: 'watch', onError: 'over' },
    },
    over: { type: 'final' },
  },
});

test('a watch whose state was left and entered again has nothing to say any more', async () => {
  const watches: ((event: Event) => void)[] = [];
  const { engine } = new Engines().seat([
    bind(watched, {
      watch: {
        kind: 'watch',
        run: (_: undefined, { send }: { send: (event: Event) => void }) => {
          watches.push(send);
          return never<void>();
        },
      },
    }),
  ]);
  const run = await engine.start('watched', undefined);
  await settled();
  run.send({ type: 'again' });
  await settled();
  watches.forEach((send, by) => send({ type: 'seen', by }));
  await settled();
  run.send({ type: 'over' });
  expect(await run.wait()).toMatchObject({ output: { seen: [1] } });
  expect(watches).toHaveLength(2);
});

const child = setup({
  types: { events: {} as { type: 'poke' } },
  actors: { work: effectSlot<void, undefined>('work') },
}).createMachine({
  id: 'poked',
  version: '1',
  initial: 'working',
  on: { poke: '.over' },
  states: {
    working: { invoke: { id: 'work', src: 'work', onDone: 'over', onError: 'over' } },
    over: { type: 'final' },
  },
});

test('an event that would reach a child later is a bug: it would be lost with the process', async () => {
  const delayed = setup({ actors: { child } }).createMachine({
    id: 'delayed',
    version: '1',
    initial: 'working',
    states: {
      working: {
        on: { poke: { actions: sendTo('child', { type: 'poke' }, { delay: 10 }) } },
        invoke: { id: 'child', src: 'child', onDone: 'over', onError: 'over' },
      },
      over: { type: 'final' },
    },
  });
  const work = { kind: 'effect', recovery: 'rerun', run: () => never<void>() } as const;
  const { engine } = new Engines().seat([bind(delayed, {}), bind(child, { work })]);
  const run = await engine.start('delayed', undefined);
  await settled();
  expect(run.send({ type: 'poke' })).toBe(true);
  expect(await run.wait()).toMatchObject({ ended: 'broken' });
});

const about = (): never => {
  throw new TypeError('no domain is named');
};

test('an input that its machine cannot begin with holds nothing and leaves nothing', async () => {
  const [toy, ...rest] = bindToy({});
  if (toy === undefined) throw new Error('no toy');
  const { engine, store } = new Engines().seat([{ ...toy, about }, ...rest]);
  await expect(engine.start('toy', {})).rejects.toMatchObject({
    code: 'badInput',
    message: 'toy cannot begin with that: no domain is named',
  });
  await expect(engine.start('toys', {})).rejects.toMatchObject({ code: 'noMachine' });
  expect(await store.list()).toEqual([]);
});

test('what has finished is not aborted when its state is left', async () => {
  let signal: AbortSignal | null = null;
  const { engine } = new Engines().seat(
    bindToy({
      prepare: ({ n }, tools) => {
        ({ signal } = tools);
        return Promise.resolve(n);
      },
    }),
  );
  const run = await engine.start('toy', { n: 1 });
  await settled();
  run.send({ type: 'go' });
  await run.wait();
  expect(signal).toMatchObject({ aborted: false });
});
