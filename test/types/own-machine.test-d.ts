import { describe, expectTypeOf, test } from 'vitest';
import { setup } from 'xstate';
import { effectSlot, watchSlot } from '../../machines/index.ts';
import { bind } from '../../src/index.ts';
import type { SlotsOf } from '../../src/index.ts';

type Found = { readonly type: 'found'; readonly bytes: number };

const machine = setup({
  types: { events: {} as Found },
  actors: {
    copy: effectSlot<number, { readonly path: string }>('copy'),
    watch: watchSlot<Found, { readonly path: string }>('watch'),
  },
}).createMachine({
  id: 'copier',
  version: '1',
  invoke: [
    { id: 'copy', src: 'copy', input: { path: '/a' }, onError: {} },
    { id: 'watch', src: 'watch', input: { path: '/a' }, onError: {} },
  ],
});

declare const slots: SlotsOf<typeof machine>;

describe('slots of a machine of your own', () => {
  test('are bound with the types that the chart gives them', () => {
    expectTypeOf(slots.copy.kind).toEqualTypeOf<'effect'>();
    expectTypeOf(slots.watch.kind).toEqualTypeOf<'watch'>();
    expectTypeOf<Parameters<typeof slots.copy.run>[0]>().toEqualTypeOf<{ readonly path: string }>();
    expectTypeOf(slots.copy.run).returns.resolves.toEqualTypeOf<number>();
    bind(machine, slots);
    // @ts-expect-error nobody watches
    bind(machine, { copy: slots.copy });
  });
});
