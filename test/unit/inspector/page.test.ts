import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { allMachines, chartOf } from '../../../src/diagrams/index.ts';
import { ChartBook } from '../../../src/inspector/page/charts.ts';
import type { Charts } from '../../../src/inspector/page/charts.ts';
import { EventReader } from '../../../src/inspector/page/event-stream.ts';
import { paced, picturesPerS } from '../../../src/inspector/page/pace.ts';
import { calledBy, linesOf, reportedBy } from '../../../src/inspector/page/peers.ts';
import { readPlace, runPlace } from '../../../src/inspector/page/place.ts';
import { downtimes, stateSpans } from '../../../src/inspector/page/spans.ts';
import { Story } from '../../../src/inspector/page/story.ts';
import type { Chart, Step } from '../../../src/inspector/page/wire.ts';

const step: Step = {
  seq: 1,
  at: 1_000,
  run: 'r',
  machine: 'managedSave',
  version: '1',
  event: 'xstate.init',
  effect: null,
  given: {},
  entered: [],
  states: ['gathering'],
  changes: [],
  started: [],
  ended: [],
  over: false,
};

const charts: Charts = new Map(
  [...allMachines().values()].map((machine) => {
    const told: Chart = JSON.parse(JSON.stringify(chartOf(machine)));
    return [machine.id, new ChartBook(told)];
  }),
);

function storyOf(...steps: readonly Partial<Step>[]): Story {
  const story = new Story();
  story.add(steps.map((one, at) => ({ ...step, seq: at + 1, ...one })));
  return story;
}

test('each stay in a state is told with its beginning and its end', () => {
  const { moments } = storyOf(
    { states: ['a.x', 'b.y'] },
    { at: 2_000, states: ['a.z', 'b.y'] },
    { at: 5_000, states: ['completed'], over: true },
  );
  const told = stateSpans(moments).map(({ fromMs, path, toMs }) => [path, fromMs, toMs]);
  expect(told).toEqual([
    ['a.x', 1_000, 2_000],
    ['b.y', 1_000, 5_000],
    ['a.z', 2_000, 5_000],
  ]);
});

test('a child that its parent left is over, with all that it stood in', () => {
  const child = { run: 'r/c#1', machine: 'peer2peerMigration', states: ['a'] };
  const { moments } = storyOf({}, { ...child, at: 2_000 }, { at: 3_000, ended: ['r/c#1'] });
  expect(moments.at(-1)?.members.get('r/c#1')?.isOver).toBe(true);
  expect(stateSpans(moments).find(({ path }) => path === 'a')?.toMs).toBe(3_000);
});

test('the downtime is what the daemons told, and else what the states say', () => {
  for (const name of ['suspendedAtEpochMs', 'stoppedAtEpochMs']) {
    const told = storyOf({
      changes: [
        { path: [name], value: 3_000 },
        { path: ['resumedAtEpochMs'], value: 3_040 },
      ],
    });
    expect(downtimes(told.moments, charts)).toEqual([{ fromMs: 3_000, toMs: 3_040 }]);
  }
  const byTags = storyOf(
    {},
    { at: 2_000, states: ['working.saving.writing'] },
    { at: 2_500, states: ['completed'], over: true },
  );
  expect(downtimes(byTags.moments, charts)).toEqual([{ fromMs: 2_000, toMs: 2_500 }]);
});

test('a log that begins again is told from its beginning', () => {
  const story = storyOf({}, { states: ['b'] });
  story.add([{ ...step, states: ['c'] }]);
  expect(story.moments.map(({ step: { states } }) => states)).toEqual([['c']]);
});

test.each([
  ['freezeGuest', 'virDomainFSFreeze', ['agent']],
  ['inspectPeers', 'virDomainGetState on both hosts', ['source', 'destination']],
  ['prepare', 'virDomainMigratePrepare3Params, or PrepareTunnel3Params', ['destination']],
  ['perform', 'virDomainMigratePerform3Params', ['source']],
  ['flattenDelta', 'qemu-img convert', ['us']],
  ['watchDestination', null, ['destination']],
])('%s is a call of %s to %s', (src, call, to) => {
  expect(calledBy(src, call)).toEqual(to);
});

test.each([
  ['source.migration.active', 'qemu'],
  ['source.domain.stopped', 'source'],
  ['destination.domain.resumed', 'destination'],
  ['blockJob.ready', 'qemu'],
  ['agent.connected', 'agent'],
])('%s is reported by %s', (event, from) => {
  expect(reportedBy(event)).toBe(from);
});

test('an answer goes back to where its call came from', () => {
  const failure = { code: 'timeout', message: 'no answer', effect: 'unknown' } as const;
  const event = 'xstate.error.actor.prepare';
  const lines = linesOf(
    { ...step, event, effect: 'r/prepare#1', failure },
    { callOf: () => null, srcOf: () => ({ src: 'prepare', call: null }) },
  );
  expect(lines).toMatchObject([
    { from: 'destination', to: 'us', kind: 'failure', words: 'prepare: timeout' },
  ]);
});

test('events are read out of pieces of any length', () => {
  const text =
    ': virtstate\n\nid: 1\nevent: step\ndata: {"a":1}\n\nevent: progress\ndata: {}\n\nid: 1-end\nevent: run.finished\ndata: {}\n\n';
  const whole = new EventReader().take(text);
  expect(whole.map(({ event, id }) => [event, id])).toEqual([
    ['step', '1'],
    ['progress', null],
    ['run.finished', '1-end'],
  ]);
  for (const length of [1, 7, 20]) {
    const reader = new EventReader();
    const pieces = text.match(new RegExp(`[^]{1,${length}}`, 'g')) ?? [];
    expect(pieces.flatMap((piece) => reader.take(piece))).toEqual(whole);
  }
});

test('a place is read as it was written', () => {
  const place = { step: 3, tab: 'context', chart: 'liveMigration' };
  expect(readPlace(runPlace('a-1', place))).toEqual({ page: 'run', run: 'a-1', ...place });
  expect(readPlace(runPlace('a-1'))).toMatchObject({ step: null, tab: null });
  for (const other of ['', '#main', '#/runs/../x', '#/runs?step=1'])
    expect(readPlace(other).page).toBe('list');
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('however much is new, so many pictures a second are drawn, and the last one shows all', () => {
  let news = 0;
  const drawn: number[] = [];
  const draw = paced(() => drawn.push(news));
  for (let ms = 0; ms < 1_000; ms += 1) {
    news += 1;
    draw();
    vi.advanceTimersByTime(1);
  }
  vi.advanceTimersByTime(1_000);
  expect(drawn.length).toBeLessThanOrEqual(picturesPerS + 1);
  expect(drawn.at(-1)).toBe(1_000);
});
