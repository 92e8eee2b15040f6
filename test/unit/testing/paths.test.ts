import { describe, expect, test } from 'vitest';
import { createMachine, setup } from 'xstate';
import { getShortestPaths } from 'xstate/graph';

import { effectSlot, watchSlot } from '../../../machines/slots.ts';
import type { Alphabet } from '../../../src/testing/index.ts';
import { alphabetFor, findPaths, formatCoverage, simplePaths } from '../../../src/testing/index.ts';

/** An effect that may fail, a watch, a timer, and a counter that a guard asks for at three. */
const turnstile = setup({
  types: {
    input: {} as { limit: number },
    context: {} as { limit: number; tries: number },
    events: {} as { type: 'pushed' } | { type: 'left' },
  },
  actors: {
    open: effectSlot<{ free: boolean }, number>('open'),
    watch: watchSlot<{ type: 'pushed' }, number>('watch'),
  },
  guards: {
    isFree: (_, params: { free: boolean }) => params.free,
    isWorn: ({ context }) => context.tries >= context.limit,
  },
  actions: {},
});
const locked = turnstile.createMachine({
  id: 'turnstile',
  context: ({ input }) => ({ limit: input.limit, tries: 0 }),
  initial: 'opening',
  states: {
    opening: {
      entry: turnstile.assign({ tries: ({ context }) => context.tries + 1 }),
      invoke: {
        id: 'open',
        src: 'open',
        input: 1,
        onDone: [
          {
            guard: { type: 'isFree', params: ({ event }) => event.output },
            target: 'open',
          },
          { target: 'waiting' },
        ],
        onError: 'broken',
      },
      on: { left: 'over' },
    },
    waiting: {
      always: { guard: 'isWorn', target: 'broken' },
      after: { 1000: 'opening' },
    },
    open: {
      invoke: { id: 'watch', src: 'watch', input: 1, onError: 'broken' },
      on: { pushed: 'over' },
    },
    broken: { type: 'final' },
    over: { type: 'final' },
  },
});
const alphabet: Alphabet<typeof locked> = {
  inputs: { three: { limit: 3 } },
  actors: {
    open: { done: { free: { free: true }, taken: { free: false } } },
    watch: { sends: [{ type: 'pushed' }] },
  },
  events: [{ type: 'left' }],
};
const namesTo = (name: string, of = alphabet): string | undefined =>
  findPaths(locked, of).pathTo(name)?.name;

describe('paths', () => {
  test('reach every state, transition and failure, each by the fewest moves', () => {
    const { coverage, paths } = findPaths(locked, alphabet);
    expect(formatCoverage(coverage)).toBe(
      'turnstile: states 6/6 (100 %), transitions 8/8 (100 %), failure pairs 5/5 (100 %)',
    );
    expect(namesTo('opening: error.actor.open > broken')).toBe('three > open fails: refused');
    expect(namesTo('open × watch: unknown')).toBe('three > open: free > watch fails: unknown');
    const reached = paths.flatMap(({ reaches }) => reaches);
    expect(reached).toHaveLength(19);
    expect(new Set(reached)).toHaveLength(19);
  });

  test('count what no guard asks for yet', () => {
    expect(namesTo('waiting: always [isWorn] > broken')).toBe(
      'three > open: taken > after 1000 > open: taken > after 1000 > open: taken',
    );
  });

  test('hear nothing of an answer that comes too late', () => {
    // The machine is over: nobody is there who could hear it.
    expect(namesTo('opening × open: late')).toBe('three > left');
    const again = { ...alphabet, events: [] };
    expect(() => namesTo('opening × open: late', again)).toThrow(
      'no letter of the alphabet is left',
    );
  });

  test('are those of xstate/graph, where that works', () => {
    const plain = createMachine({
      initial: 'a',
      states: { a: { on: { x: 'b', y: 'c' } }, b: { on: { z: 'c' } }, c: {} },
    });
    const theirs = Object.values(getShortestPaths(plain)).map(({ state, steps }) => [
      state.value,
      // Its first step is the beginning.
      steps.length - 1,
    ]);
    const events = [{ type: 'x' }, { type: 'y' }, { type: 'z' }];
    const plan = findPaths(plain, { inputs: { none: undefined }, actors: {}, events });
    const ours = ['a', 'b', 'c'].map((state) => [state, plan.pathTo(state)?.steps.length]);
    expect(ours).toEqual(theirs);
  });

  test('that pass no moment twice are found up to a bound', () => {
    const paths = simplePaths(locked, alphabet, { maxMoves: 4 });
    const names = paths.map(({ name }) => name);
    expect(names).toContain('three > open: taken > after 1000 > open: free > pushed');
    expect(new Set(names)).toHaveLength(names.length);
    expect(Math.max(...paths.map(({ steps }) => steps.length))).toBe(4);
    expect(simplePaths(locked, alphabet, { maxPaths: 2 })).toHaveLength(2);
  });
});

describe('bad use', () => {
  const refusal = (of: object): unknown => {
    try {
      return findPaths(locked, { ...alphabet, ...of });
    } catch (error) {
      return error;
    }
  };

  test.each([
    [
      'a slot without an alphabet',
      { actors: { open: alphabet.actors.open } },
      'noAlphabet',
      'watch',
    ],
    [
      'an alphabet without a slot',
      { actors: { ...alphabet.actors, close: { done: {} } } },
      'noSlot',
      'close',
    ],
    ['an event that nobody hears', { events: [{ type: 'kicked' }] }, 'noEvent', 'kicked'],
    [
      'an exception that a path reaches',
      { except: { 'opening: left > over': 'never' } },
      'staleException',
      'opening: left > over',
    ],
  ])('%s is an error that names it', (_, of, code, name) => {
    expect(refusal(of)).toMatchObject({
      name: 'PathError',
      code,
      message: expect.stringContaining(name),
    });
  });

  test('what no path reaches is an error with the reason', () => {
    const open = { done: { taken: { free: false } } };
    const message = String(refusal({ actors: { ...alphabet.actors, open } }));
    expect(message).toContain('state open: the guard isFree stands against it');
    expect(message).toContain('open: pushed > over: no path reaches the state open');
  });

  test('a chart of which much is out of reach has too many exceptions', () => {
    const open = { done: { taken: { free: false } } };
    const { coverage } = findPaths(
      locked,
      { ...alphabet, actors: { ...alphabet.actors, open } },
      { gaps: 'report' },
    );
    const gaps = coverage.flatMap((each) => each.gaps.map(({ name }) => [name, 'nobody opens it']));
    const except = Object.fromEntries(gaps);
    expect(refusal({ actors: { ...alphabet.actors, open }, except })).toMatchObject({
      code: 'tooManyExceptions',
    });
  });

  test('a machine of somebody else has no alphabet here', () => {
    expect(() => alphabetFor(locked)).toThrow('turnstile is no machine of this package');
  });
});
