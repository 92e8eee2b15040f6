import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { contextChanges } from '../../../src/inspector/context-changes.ts';
import { Story } from '../../../src/inspector/page/story.ts';
import type { Step } from '../../../src/inspector/page/wire.ts';

const step: Step = {
  seq: 1,
  at: 0,
  run: 'r',
  machine: 'm',
  version: '1',
  event: 'xstate.init',
  effect: null,
  given: {},
  entered: [],
  states: ['a'],
  changes: [],
  started: [],
  ended: [],
  over: false,
};

const record = fc.dictionary(
  fc.stringMatching(/^[a-z]{1,3}$/),
  fc.jsonValue({ maxDepth: 3 }).map((value: unknown) => value),
  { maxKeys: 5, noNullPrototype: true },
);

test('what changed, put on what was before, is what came after', () => {
  fc.assert(
    fc.property(record, record, (before, after) => {
      const story = new Story();
      story.add([
        { ...step, changes: contextChanges({}, before) },
        { ...step, seq: 2, changes: contextChanges(before, after) },
      ]);
      const [first, second] = story.moments.map(({ members }) => members.get('r')?.context);
      // As JSON: that is how both come over the wire.
      expect(JSON.parse(JSON.stringify(first))).toEqual(JSON.parse(JSON.stringify(before)));
      expect(JSON.parse(JSON.stringify(second))).toEqual(JSON.parse(JSON.stringify(after)));
    }),
  );
});

test('only the innermost places that differ are told, and a list is told whole', () => {
  const before = { a: { b: 1, c: [1, 2], d: 'x' }, e: null };
  const after = { a: { b: 1, c: [1, 3] }, e: { f: 1 } };
  expect(contextChanges(before, after)).toEqual([
    { path: ['a', 'd'], gone: true },
    { path: ['a', 'c'], value: [1, 3] },
    { path: ['e'], value: { f: 1 } },
  ]);
  expect(contextChanges(after, structuredClone(after))).toEqual([]);
});
