import { assign, setup } from 'xstate';

import { effectSlot, watchSlot } from '../../machines/slots.ts';
import type { BoundMachine, EffectSlot, WatchSlot } from '../../src/engine/slots.ts';
import { bind } from '../../src/engine/slots.ts';

type ToyEvent = { type: 'go' } | { type: 'again' } | { type: 'seen'; n: number };

/** A small machine with one of each: effect, watch, timer, child, re-entry. */
const toyChild = setup({
  types: { input: {} as { n: number }, events: {} as ToyEvent, output: {} as { n: number } },
  actors: { double: effectSlot<number, { n: number }>('double') },
}).createMachine({
  id: 'toyChild',
  version: '1',
  context: ({ input }) => ({ n: input.n }),
  output: ({ event }) => event.output as { n: number },
  initial: 'doubling',
  states: {
    doubling: {
      on: { again: { target: 'doubling', reenter: true } },
      invoke: {
        id: 'double',
        src: 'double',
        input: ({ context }) => ({ n: Number(context.n) }),
        onDone: { target: 'done', actions: assign({ n: ({ event }) => event.output }) },
        onError: 'failed',
      },
    },
    done: { type: 'final', output: ({ context }) => ({ n: Number(context.n) }) },
    failed: { type: 'final', output: { n: -1 } },
  },
});

export const toy = setup({
  types: {
    input: {} as { n: number },
    context: {} as { n: number; seen: number[] },
    events: {} as ToyEvent,
    output: {} as { n: number; seen: number[] },
  },
  actors: {
    toyChild,
    prepare: effectSlot<number, { n: number }>('prepare'),
    look: watchSlot<ToyEvent, { n: number }>('look'),
  },
  guards: {
    explodes: () => {
      throw new Error('a guard with a bug');
    },
  },
}).createMachine({
  id: 'toy',
  version: '1',
  context: ({ input }) => ({ n: input.n, seen: [] }),
  output: ({ event }) => event.output as { n: number; seen: number[] },
  initial: 'waiting',
  states: {
    waiting: {
      on: { go: 'preparing', again: { guard: 'explodes', target: 'preparing' } },
      after: { 1000: 'preparing' },
    },
    preparing: {
      on: { again: { target: 'preparing', reenter: true } },
      invoke: {
        id: 'prepare',
        src: 'prepare',
        input: ({ context }) => ({ n: context.n }),
        onDone: { target: 'working', actions: assign({ n: ({ event }) => event.output }) },
        onError: 'failed',
      },
    },
    working: {
      on: {
        seen: { actions: assign({ seen: ({ context, event }) => [...context.seen, event.n] }) },
      },
      invoke: [
        { id: 'look', src: 'look', input: ({ context }) => ({ n: context.n }), onError: 'failed' },
        {
          id: 'child',
          src: 'toyChild',
          input: ({ context }) => ({ n: context.n }),
          onDone: { target: 'done', actions: assign({ n: ({ event }) => event.output.n }) },
          onError: 'failed',
        },
      ],
    },
    done: { type: 'final', output: ({ context }) => ({ n: context.n, seen: context.seen }) },
    failed: { type: 'final', output: { n: -1, seen: [] } },
  },
});

export interface ToySlots {
  readonly prepare?: EffectSlot<{ n: number }, number>['run'];
  readonly look?: WatchSlot<{ n: number }, ToyEvent>['run'];
  readonly double?: EffectSlot<{ n: number }, number>['run'];
}

/** The toy with effects that succeed at once where the test gives none of its own. */
export function bindToy(slots: ToySlots): BoundMachine[] {
  const { prepare, look, double } = slots;
  return [
    bind(toy, {
      prepare: {
        kind: 'effect',
        recovery: 'rerun',
        run: prepare ?? (({ n }: { n: number }) => Promise.resolve(n + 1)),
      },
      look: { kind: 'watch', run: look ?? (() => Promise.resolve()) },
    }),
    bind(toyChild, {
      double: {
        kind: 'effect',
        recovery: 'rerun',
        run: double ?? (({ n }: { n: number }) => Promise.resolve(n * 2)),
      },
    }),
  ];
}
