import { expect, test } from 'vitest';

import type { RunResult } from '../../../src/cli/display/run-result.ts';
import { describeState } from '../../../src/cli/display/state-words.ts';
import { shownOneHost } from '../../../src/cli/workflows/one-host.ts';

const where = { domain: 'web', host: 'qemu:///system' };
const ended = (told: object, more: object = {}): RunResult => ({
  ended: 'finished',
  outcome: 'completed',
  failure: null,
  phases: [],
  downtimeMs: null,
  artefacts: [],
  told: { ...told },
  startedAtEpochMs: 0,
  finishedAtEpochMs: 900,
  ...more,
});
const deletion = { kind: 'snapshot', name: 's1', children: 'keep', metadataOnly: false } as const;
const merge = { kind: 'merge', targetDev: 'vda', how: 'commit' } as const;

test.each([
  [shownOneHost('snapshotDelete', { ...where, what: deletion }), 'deletion of snapshot s1 of web'],
  [shownOneHost('snapshotDelete', { ...where, what: merge }), 'merge of vda of web'],
  [shownOneHost('snapshotRevert', { ...where, name: 's1' }), 'revert to s1 of web'],
  [shownOneHost('domainSnapshot', { ...where, name: 's1' }), 'snapshot s1 of web'],
  [shownOneHost('managedSave', { ...where, action: 'saveTo' }), 'save of web'],
])('what it is about stands above it: %#', ({ title }, words) => {
  expect(title).toBe(`${words} on qemu:///system`);
});

test.each([
  [{ metadataOnly: true }, "web stands without snapshot s1 on libvirt's books; every file stays"],
  [{}, 'web stands without snapshot s1, with all of its data'],
  [{ children: 'withIt' }, 'web stands without snapshot s1 with its descendants, with all'],
  [{ children: 'only' }, 'web stands without the descendants of snapshot s1, with all'],
] as const)('a deletion with %o says what is gone', (change, words) => {
  const shown = shownOneHost('snapshotDelete', { ...where, what: { ...deletion, ...change } });
  expect(shown.summarise(ended({}), null)[0]).toContain(`completed: ${words}`);
});

test('what became of layers and files is told', () => {
  const told = {
    merged: [{ targetDev: 'vda', top: '/i/a.s1', base: '/i/a' }],
    removed: ['/i/a.s1'],
    left: [{ path: '/i/a.s0', why: 'domain other names it' }],
    notes: ['it was merged before'],
  };
  const shown = shownOneHost('snapshotDelete', { ...where, what: merge });
  expect(shown.summarise(ended(told), null)).toEqual([
    'completed: web has fewer layers of vda, and all of its data, in 0.9 s',
    '  vda          /i/a.s1 is in /i/a now',
    '  removed      /i/a.s1',
    '  left         /i/a.s0: domain other names it',
    '  note         it was merged before',
  ]);
});

test.each([
  ['/i/base', '  vda          /i/top lies on /i/base now'],
  [null, '  vda          /i/top holds all by itself now'],
])('a pull down to %s', (base, words) => {
  const shown = shownOneHost('snapshotDelete', { ...where, what: { ...merge, how: 'pull' } });
  const told = { merged: [{ targetDev: 'vda', top: '/i/top', base }] };
  expect(shown.summarise(ended(told), null)).toContain(words);
});

test('a swap says which volume is true, and what became of the old one', () => {
  const about = { ...where, disks: [{ targetDev: 'vda' }] };
  const shown = shownOneHost('volumeSwap', about);
  const swapped = { targetDev: 'vda', volume: '/n', format: 'qcow2', oldVolume: '/o' };
  const old = { kind: 'volume', host: where.host, path: '/o', status: 'left' };
  expect(shown.title).toBe('swap of vda of web on qemu:///system');
  expect(
    shown.summarise(
      ended({ swapped: [{ ...swapped, resizedToBytes: 2 ** 30 }] }, { artefacts: [old] }),
      null,
    ),
  ).toEqual([
    'completed: web has vda on its new volume, in 0.9 s',
    '  vda          /n (qcow2, 1.00 GiB now); before: /o',
    '  disk         /o on the host: not used by the guest, could not be removed',
  ]);
});

test('a swap that was undone is told as done', () => {
  const shown = shownOneHost('volumeSwap', { ...where, disks: [{ targetDev: 'vda' }] });
  const failure = { code: 'undone', message: 'by request', effect: 'done' };
  expect(shown.summarise(ended({}, { outcome: 'rolledBack', failure }), null)).toEqual([
    'undone: web is on its old volumes, with all that it wrote, after 0.9 s',
  ]);
});

test('a state that is still kept is named', () => {
  const shown = shownOneHost('snapshotRevert', { ...where, name: 's1' });
  const lines = shown.summarise(ended({ keptAs: 'before-s1' }, { outcome: 'needsOperator' }), null);
  expect(lines).toContain('  kept         the state before, as snapshot before-s1');
});

test.each([
  [['guestFrozen'], 'mirroring [guest frozen]'],
  [['guestPaused', 'abortable'], 'mirroring [guest paused]'],
  [['abortable'], 'mirroring'],
])('a state with %o', (tags, name) => {
  expect(describeState({ state: 'mirroring', description: '', tags }).name).toBe(name);
});

test.each([
  [12.4, '12 ms'],
  [9_999, '9999 ms'],
  [12_000, '12.0 s'],
])('an outage of %i ms', (outageMs, words) => {
  const shown = shownOneHost('coldSnapshot', where);
  expect(shown.summarise(ended({ outageMs }), null)).toContain(`  outage       ${words}`);
});

test('a managed save image has no path to be told', () => {
  const memory = { kind: 'memory', host: where.host, path: 'a-uuid', status: 'made' };
  const shown = shownOneHost('managedSave', { ...where, action: 'save' });
  expect(shown.summarise(ended({}, { artefacts: [memory] }), null)).toContain(
    "  memory       libvirt's managed save image on the host: made by this run",
  );
});
