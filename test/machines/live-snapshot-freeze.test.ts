import { describe, expect, test } from 'vitest';

import { failed, goodFacts, SnapshotWalk } from './live-snapshot.ts';

const uuid = goodFacts.domain?.uuid ?? '';
const required = { quiesce: 'required' } as const;
const connected = { agent: 'connected', atEpochMs: 1_000 };
const toFreeze = (input = {}) =>
  new SnapshotWalk(input).copying().ready().done('askAgent', connected);
const rest = (walk: SnapshotWalk) =>
  walk
    .done('endCopies')
    .job('canceled')
    .done('flattenDelta')
    .done('inspectImage', {
      info: {
        path: '/x',
        format: 'qcow2',
        virtualSizeBytes: 2 ** 31,
        allocationBytes: 1,
        backingPath: null,
        backingFormat: null,
        encrypted: false,
      },
    })
    .done('nameImage')
    .cleaned();

describe('a freeze that is required', () => {
  test.each(['none', 'unknown'] as const)('and fails (%s) makes no image', (effect) => {
    const walk = toFreeze(required).fail('freezeGuest', failed(effect, 'agentTimeout')).cleaned();
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'agentTimeout' },
      images: [],
      artefacts: [],
    });
    expect(walk.started()).not.toContain('endCopies');
    // It may take effect later: a thaw is sent all the same.
    expect(walk.started().includes('thawGuest')).toBe(effect === 'unknown');
  });

  test('and finds no agent makes no image', () => {
    const walk = new SnapshotWalk(required).copying().ready();
    walk.done('askAgent', { agent: 'disconnected', atEpochMs: 1 }).cleaned();
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'agentUnavailable' },
    });
  });

  test('and freezes nothing makes no image', () => {
    const walk = toFreeze(required).done('freezeGuest', { frozen: 0 }).cleaned();
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'freezeFailed' },
    });
    expect(walk.started()).toContain('thawGuest');
  });

  test('is not asked of a guest that was paused meanwhile', () => {
    const walk = new SnapshotWalk(required).copying().see('domain.suspended', 'paused').ready();
    expect(walk.cleaned().output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'guestPaused' },
    });
    expect(walk.started()).not.toContain('freezeGuest');
  });
});

describe('a freeze that is tried', () => {
  test('and fails for certain leaves an image as after a power cut, and says so', () => {
    const walk = toFreeze().fail('freezeGuest', failed('none', 'agentUnavailable'));
    expect(walk.isIn('working.ending')).toBe(true);
    expect(rest(walk).output()).toMatchObject({
      outcome: 'completed',
      consistency: 'crash',
      frozenMs: null,
      notes: [expect.stringContaining('not frozen')],
    });
    expect(walk.started()).not.toContain('thawGuest');
  });

  test('and is not answered is thawed first, then the copies are ended', () => {
    const walk = toFreeze().fail('freezeGuest', failed('unknown', 'agentTimeout'));
    expect(walk.isIn('working.thawing.asking')).toBe(true);
    walk.done('thawGuest', { atEpochMs: 1_100 });
    expect(walk.isIn('working.ending')).toBe(true);
    expect(rest(walk).output()).toMatchObject({ outcome: 'completed', consistency: 'crash' });
  });

  test('is not tried of a paused guest', () => {
    const domain = goodFacts.domain && { ...goodFacts.domain, state: 'paused' as const };
    const walk = new SnapshotWalk().copying({ domain }).ready();
    expect(walk.isIn('working.ending')).toBe(true);
    expect(rest(walk).output()).toMatchObject({ outcome: 'completed', consistency: 'crash' });
  });

  test('or never: nobody asks the agent', () => {
    const walk = new SnapshotWalk({ quiesce: 'never' }).copying().ready();
    expect(rest(walk).output()).toMatchObject({ consistency: 'crash', notes: [] });
    expect(walk.started()).not.toContain('askAgent');
  });

  test('reaches the applications where hooks are known to run', () => {
    const walk = toFreeze({ agentRunsHooks: true }).done('freezeGuest', { frozen: 1 });
    expect(walk.snapshot.context.consistency).toBe('application');
  });
});

describe('a guest that may be frozen', () => {
  test('is thawed before anything else, whatever failed', () => {
    const walk = new SnapshotWalk().ending().fail('endCopies', failed('unknown'));
    expect(walk.isIn('working.thawing.asking')).toBe(true);
    expect(walk.started()).not.toContain('flattenDelta');
  });

  test('is asked again until it answers, at once when its agent is back', () => {
    const walk = new SnapshotWalk().thawing().fail('thawGuest', failed('unknown'));
    walk.elapse('askAgain').done('askFreeze', { status: 'unknown', atEpochMs: 2_000 });
    walk.fail('thawGuest', failed('none')).see('agent.connected');
    walk.fail('askFreeze', failed('none')).done('thawGuest', { atEpochMs: 6_000 });
    expect(walk.snapshot.context.frozenMs).toBe(5_000);
    expect(walk.artefacts()).not.toContain(`freeze ${uuid} made`);
  });

  test('is not thawed twice when it was thawed and could not say so', () => {
    const walk = new SnapshotWalk().thawing().fail('thawGuest', failed('unknown'));
    walk.elapse('askAgain').done('askFreeze', { status: 'thawed', atEpochMs: 2_000 });
    expect(walk.isIn('writing.flattening')).toBe(true);
    expect(walk.started().filter((slot) => slot === 'thawGuest')).toHaveLength(1);
  });

  test('and does not thaw is an operator’s, with what to do; its image is kept', () => {
    const walk = new SnapshotWalk().thawing().fail('thawGuest', failed('unknown'));
    walk.elapse('thawWait').done('flattenDelta');
    walk.done('inspectImage', {
      info: {
        path: '/x',
        format: 'qcow2',
        virtualSizeBytes: 2 ** 31,
        allocationBytes: 1,
        backingPath: null,
        backingFormat: null,
        encrypted: false,
      },
    });
    walk
      .done('nameImage')
      .done('removeDeltas', { removed: ['/snapshots/.guest.qcow2.run-1.delta'], inUse: [] });
    expect(walk.isIn('thawingLast')).toBe(true);
    walk.fail('thawLast', failed('unknown'));
    expect(walk.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'guestFrozen', message: expect.stringContaining('domfsthaw') },
      images: [{ targetDev: 'vda' }],
    });
    expect(walk.artefacts()).toContain(`freeze ${uuid} left`);
  });

  test('and thaws at the last try needs nobody', () => {
    const walk = new SnapshotWalk().ending().fail('endCopies', failed('unknown'));
    walk.fail('thawGuest', failed('unknown')).elapse('thawWait').elapse('tellWait');
    walk
      .done('dropCopies', { guest: 'running', stopDetail: null, stuck: [] })
      .done('removeDeltas', { removed: ['/snapshots/.guest.qcow2.run-1.delta'], inUse: [] });
    walk.done('thawLast', { atEpochMs: 9_000 }).cleaned();
    expect(walk.output()).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
  });
});

describe('an abort', () => {
  const ways = [
    ['making the delta', () => new SnapshotWalk().claimed(), ['makeDelta']],
    ['beginning the copy', () => new SnapshotWalk().claimed().done('makeDelta'), ['beginCopy']],
    ['copying', () => new SnapshotWalk().copying(), []],
    ['asking the agent', () => new SnapshotWalk().copying().ready(), ['askAgent']],
    ['freezing', () => new SnapshotWalk().freezing(), ['freezeGuest']],
    ['ending', () => new SnapshotWalk().ending(), ['endCopies']],
    ['thawing', () => new SnapshotWalk().thawing(), []],
    ['flattening', () => new SnapshotWalk().flattening(), []],
  ] as const;

  test.each(ways)('while %s leaves nothing', (_, begin, answers) => {
    const walk = begin().send({ type: 'abort.requested' });
    for (const id of answers) walk.done(id, { ...connected, frozen: 1 });
    walk.cleaned();
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested' },
      artefacts: [],
    });
  });

  test('never outruns a freeze that is under way', () => {
    const walk = new SnapshotWalk().freezing().send({ type: 'abort.requested' });
    expect(walk.isIn('working.quiescing.freezing')).toBe(true);
    walk.done('freezeGuest', { frozen: 1 });
    expect(walk.isIn('working.thawing.asking')).toBe(true);
  });

  test('comes too late for images that have their names', () => {
    const walk = new SnapshotWalk().tidying().send({ type: 'abort.requested' }).cleaned();
    expect(walk.output()).toMatchObject({ outcome: 'completed' });
  });
});
