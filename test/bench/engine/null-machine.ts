import { assign, setup } from 'xstate';

import { effectSlot } from '../../../machines/slots.ts';
import type { BoundMachine, EffectSlot } from '../../../src/engine/slots.ts';
import { bind } from '../../../src/engine/slots.ts';

/** Makes a snapshot on record 4.7 KB long, as that of a migration under way. */
const filling = 'x'.repeat(4_270);

interface Left {
  /** Steps that are still to be made. */
  readonly left: number;
}

const nullMachine = setup({
  types: {
    input: {} as Left,
    context: {} as Left & { filling: string; asked: number },
    events: {} as { type: 'asked' },
  },
  actors: { step: effectSlot<void, Left>('step') },
  actions: {
    countDown: assign({ left: ({ context }) => context.left - 1 }),
    countAsked: assign({ asked: ({ context }) => context.asked + 1 }),
  },
  guards: { isLast: ({ context }) => context.left <= 1 },
}).createMachine({
  id: 'nullMachine',
  version: '1',
  context: ({ input }) => ({ left: input.left, filling, asked: 0 }),
  initial: 'stepping',
  on: { asked: { actions: 'countAsked' } },
  states: {
    stepping: {
      invoke: {
        id: 'step',
        src: 'step',
        input: ({ context }) => ({ left: context.left }),
        onDone: [
          { guard: 'isLast', target: 'done', actions: 'countDown' },
          { target: 'stepping', reenter: true, actions: 'countDown' },
        ],
        onError: 'failed',
      },
    },
    done: { type: 'final' },
    failed: { type: 'final' },
  },
});

/** A machine whose effects do nothing: what is measured is the engine and its store. */
export function bindNullMachine(step: EffectSlot<Left, void>['run']): BoundMachine {
  return bind(nullMachine, { step: { kind: 'effect', recovery: 'rerun', run: step } });
}
