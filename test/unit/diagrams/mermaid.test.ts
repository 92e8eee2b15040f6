import { describe, expect, test } from 'vitest';
import { setup } from 'xstate';
import { chartOf, toMermaid } from '../../../src/diagrams/index.ts';
import { effectSlot } from '../../../machines/slots.ts';

const machine = setup({
  types: { events: {} as { type: 'abort.requested' } },
  actors: { copy: effectSlot<void, undefined>('copy') },
  actions: { note: () => undefined },
  guards: { is: (_, params: { colour: string }) => params.colour === 'red' },
  delays: { budget: 100 },
}).createMachine({
  id: 'sample',
  version: '7',
  description: 'A sample.',
  initial: 'copying',
  states: {
    copying: {
      description: 'Copies: all; at once.',
      tags: ['rollingBack', 'guestFrozen'],
      meta: { call: 'virDomainBlockCopy' },
      on: { 'abort.requested': { actions: 'note' } },
      after: { budget: 'both', 250: 'completed' },
      invoke: { id: 'copy', src: 'copy', onDone: 'both', onError: 'needsOperator' },
    },
    both: {
      type: 'parallel',
      description: 'Two regions.',
      onDone: 'completed',
      states: {
        left: {
          initial: 'idle',
          states: {
            idle: {
              always: [
                { guard: { type: 'is', params: { colour: 'red' } }, target: '#sample.completed' },
                { guard: { type: 'is', params: { colour: 'blue' } }, target: '#sample.completed' },
              ],
            },
          },
        },
        right: {},
      },
    },
    completed: { type: 'final' },
    needsOperator: { type: 'final' },
  },
});

const lines = toMermaid(chartOf(machine))
  .split('\n')
  .map((line) => line.trim());

describe('a machine as a Mermaid state diagram', () => {
  test.each([
    ['the first state', '[*] --> copying'],
    [
      'a description without what Mermaid reads as its own',
      'copying : Copies#58; all#59; at once.',
    ],
    ['the effect of a state', 'copying : runs copy'],
    ['the call behind it', 'copying : calls virDomainBlockCopy'],
    ['what a tag says', 'copying : «guest frozen»'],
    ['an event that only acts', 'copying : abort.requested / note'],
    ['a failure', 'copying --> needsOperator : ✗ error'],
    ['a named delay', 'copying --> both : done<br/>after budget'],
    ['a plain delay with its unit', 'copying --> completed : after 250 ms'],
    ['the end of all regions', 'both --> completed : all done'],
    [
      'guards on one arrow with their parameters',
      'both_left_idle --> completed : [is(red | blue)]',
    ],
    ['a state with regions', 'state "both" as both {'],
    ['the line between regions', '--'],
    ['a final state', 'needsOperator --> [*]'],
    ['what cannot be undone by a program', 'class needsOperator bad'],
    ['what undoes', 'class copying rollingBack'],
  ])('shows %s', (_, line) => {
    expect(lines).toContain(line);
  });

  test('one arrow carries all guards of its kind', () => {
    expect(lines.filter((line) => line.startsWith('both_left_idle -->'))).toHaveLength(1);
  });
});

describe('a machine as nodes and edges', () => {
  const chart = chartOf(machine);

  test('survives JSON', () => {
    expect(JSON.parse(JSON.stringify(chart))).toEqual(chart);
  });

  test('tells a failure from a success', () => {
    const kinds = chart.edges
      .filter(({ source }) => source === 'sample.copying')
      .map(({ kind, targets }) => [kind, ...targets]);
    expect(kinds).toContainEqual(['done', 'sample.both']);
    expect(kinds).toContainEqual(['error', 'sample.needsOperator']);
  });

  test('a transition without a target stays and keeps its actions', () => {
    const [staying] = chart.edges.filter(({ targets }) => targets.length === 0);
    expect(staying?.actions).toEqual([{ name: 'note', params: null }]);
  });
});
