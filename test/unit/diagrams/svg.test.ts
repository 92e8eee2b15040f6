import { DOMParser } from '@xmldom/xmldom';
import type { Element } from '@xmldom/xmldom';
import { expect, test } from 'vitest';
import { setup } from 'xstate';
import { allMachines, chartOf, drawDiagram } from '../../../src/diagrams/index.ts';
import { tagsOf } from '../../../src/diagrams/told.ts';
import { effectSlot } from '../../../machines/slots.ts';

const machine = setup({
  types: { events: {} as { type: 'abort.requested' } },
  actors: { copy: effectSlot<void, undefined>('copy') },
  actions: { note: () => undefined },
  guards: { is: (_, params: { colour: string }) => params.colour === 'red' },
}).createMachine({
  id: 'sample',
  version: '7',
  description: 'A sample of <script>alert("&")</script>.',
  initial: 'working',
  states: {
    working: {
      initial: 'copying',
      states: {
        copying: {
          tags: ['pointOfNoReturn', 'guestPaused', 'guestFrozen', 'abortable'],
          meta: { call: 'virDomainBlockCopy' },
          on: { 'abort.requested': { actions: 'note' } },
          invoke: { id: 'copy', src: 'copy', onDone: 'checking', onError: '#sample.needsOperator' },
        },
        checking: {
          tags: 'rollingBack',
          always: [
            { guard: { type: 'is', params: { colour: '<red>' } }, target: 'copying' },
            { target: '#sample.completed' },
          ],
        },
      },
    },
    completed: { type: 'final' },
    needsOperator: { type: 'final', tags: 'waitingForOperator' },
  },
});

const picture = await drawDiagram(chartOf(machine), 'svg');
const parsed = new DOMParser({
  onError: (level, message) => {
    throw new Error(`${level}: ${message}`);
  },
}).parseFromString(picture, 'image/svg+xml');
const elements: readonly Element[] = [...parsed.getElementsByTagName('*')];

function withAttribute(name: string, value: string): Element[] {
  return elements.filter((element) => element.getAttribute(name) === value);
}

function stateNamed(id: string): Element | undefined {
  return withAttribute('data-state', id)[0];
}

test.each([
  ['the effect', 'runs copy'],
  ['the call behind it', 'virDomainBlockCopy'],
  ['what only acts', 'abort.requested / note'],
  ['no return', 'point of no return'],
  ['a guest that is paused', 'guest paused'],
  ['a guest that is frozen', 'guest frozen'],
  ['a failure that leaves the frame', '✗ error → needsOperator'],
])('a state tells %s', (_, words) => {
  expect(stateNamed('sample.working.copying')?.textContent).toContain(words);
});

test.each([
  ['sample.working.checking', 'rolling back'],
  ['sample.needsOperator', 'waiting for an operator'],
])('%s tells that it is %s', (id, words) => {
  expect(stateNamed(id)?.textContent).toContain(words);
});

test.each([
  ['sample.completed', 'state final good'],
  ['sample.needsOperator', 'state final bad'],
  ['sample.working.copying', 'state pointOfNoReturn'],
  ['sample.working', 'state frame'],
])('%s is drawn as %s', (id, look) => {
  expect(stateNamed(id)?.getAttribute('class')).toBe(look);
});

test('every tag of a machine has words, but for the one that arrows tell', () => {
  const nodes = [...allMachines().values()].flatMap((one) => chartOf(one).nodes);
  const untold = nodes.flatMap((node) => {
    const told = tagsOf(node).map(({ tag }) => tag);
    return node.tags.filter((tag) => tag !== 'abortable' && !told.includes(tag));
  });
  expect([...new Set(untold)]).toEqual([]);
});

test('a final state has two borders', () => {
  expect(stateNamed('sample.completed')?.getElementsByTagName('rect')).toHaveLength(2);
  expect(stateNamed('sample.working')?.getElementsByTagName('rect')).toHaveLength(1);
});

test('failures differ from what goes well', () => {
  const [good] = withAttribute('data-to', 'sample.working.checking');
  expect(good?.getAttribute('class')).toBe('arrow transition');
  const classes = withAttribute('data-to', 'sample.needsOperator').map((element) =>
    element.getAttribute('class'),
  );
  expect(classes).toEqual(expect.arrayContaining(['failedJump', 'arrow failure inner']));
});

test('a guard stands at its arrow, with its parameters', () => {
  const [arrow] = withAttribute('data-to', 'sample.working.copying').filter(
    (element) => element.getAttribute('data-from') === 'sample.working.checking',
  );
  expect(arrow?.textContent).toBe('[is(<red>)]');
});

test('there are colours for light and for dark pages', () => {
  expect(picture).toContain('@media (prefers-color-scheme:dark)');
});

test('markup in the text of a machine stays text', () => {
  expect(parsed.getElementsByTagName('script')).toHaveLength(0);
  expect(parsed.documentElement?.textContent).toContain('<script>alert("&")</script>');
});

test('the machine that is drawn twice gives the same bytes', async () => {
  expect(await drawDiagram(chartOf(machine), 'svg')).toBe(picture);
});
