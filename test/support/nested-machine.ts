import { assign, setup } from 'xstate';

import { effectSlot } from '../../machines/slots.ts';
import type { BoundMachine, EffectSlot } from '../../src/engine/slots.ts';
import { bind } from '../../src/engine/slots.ts';

interface Made {
  readonly kind: string;
  readonly host: string;
  readonly path: string;
  readonly status: string;
}

/** The innermost of three: an effect, a pause, another effect; it notes what it makes beforehand. */
const inner = setup({
  types: {
    input: {} as { n: number },
    context: {} as { n: number; artefacts: readonly Made[] },
    output: {} as { n: number },
  },
  actors: {
    first: effectSlot<number, { n: number }>('first'),
    second: effectSlot<number, { n: number }>('second'),
  },
}).createMachine({
  id: 'inner',
  version: '1',
  context: ({ input }) => ({ n: input.n, artefacts: [] }),
  output: ({ context }) => ({ n: context.n }),
  initial: 'first',
  states: {
    first: {
      invoke: {
        id: 'first',
        src: 'first',
        input: ({ context }) => ({ n: context.n }),
        onDone: { target: 'pausing', actions: assign({ n: ({ event }) => event.output }) },
        onError: 'over',
      },
    },
    pausing: { after: { 500: 'second' } },
    second: {
      entry: assign({
        artefacts: [{ kind: 'volume', host: 'hostB', path: '/images/new', status: 'expected' }],
      }),
      invoke: {
        id: 'second',
        src: 'second',
        input: ({ context }) => ({ n: context.n }),
        onDone: { target: 'over', actions: assign({ n: ({ event }) => event.output }) },
        onError: 'over',
      },
    },
    over: { type: 'final' },
  },
});

const middle = setup({
  types: {
    input: {} as { n: number },
    context: {} as { n: number },
    output: {} as { n: number },
  },
  actors: { inner, between: effectSlot<number, { n: number }>('between') },
}).createMachine({
  id: 'middle',
  version: '1',
  context: ({ input }) => ({ n: input.n }),
  output: ({ context }) => ({ n: context.n }),
  initial: 'below',
  states: {
    below: {
      invoke: {
        id: 'inner',
        src: 'inner',
        input: ({ context }) => ({ n: context.n }),
        onDone: { target: 'between', actions: assign({ n: ({ event }) => event.output.n }) },
        onError: 'over',
      },
    },
    between: {
      invoke: {
        id: 'between',
        src: 'between',
        input: ({ context }) => ({ n: context.n }),
        onDone: { target: 'over', actions: assign({ n: ({ event }) => event.output }) },
        onError: 'over',
      },
    },
    over: { type: 'final' },
  },
});

export const outer = setup({
  types: {
    input: {} as { n: number },
    context: {} as { n: number },
    output: {} as { n: number; outcome: string },
  },
  actors: { middle },
}).createMachine({
  id: 'outer',
  version: '1',
  context: ({ input }) => ({ n: input.n }),
  output: ({ context }) => ({ n: context.n, outcome: 'completed' }),
  initial: 'below',
  states: {
    below: {
      invoke: {
        id: 'middle',
        src: 'middle',
        input: ({ context }) => ({ n: context.n }),
        onDone: { target: 'over', actions: assign({ n: ({ event }) => event.output.n }) },
        onError: 'over',
      },
    },
    over: { type: 'final' },
  },
});

type Work = EffectSlot<{ n: number }, number>['run'];

/** Three machines, one in another; each effect does this. */
export function bindNested(work: (name: string) => Work): BoundMachine[] {
  const slot = (name: string): EffectSlot<{ n: number }, number> => ({
    kind: 'effect',
    recovery: 'rerun',
    run: work(name),
  });
  return [
    bind(outer, {}),
    bind(middle, { between: slot('between') }),
    bind(inner, { first: slot('first'), second: slot('second') }),
  ];
}
