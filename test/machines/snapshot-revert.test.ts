import { describe, expect, test } from 'vitest';

import { guestView } from './facts.ts';
import {
  asThen,
  claim,
  claimed,
  down,
  failed,
  host,
  internal,
  keptIn,
  look,
  lost,
  ofExternal,
  released,
  silent,
  working,
} from './snapshot-revert.ts';
import type { Walk } from './walk.ts';

const unkept = { keepBefore: false } as const;
const artefact = (kind: string, path: string, status: string) => ({ kind, host, path, status });
const ended = (walk: Walk): unknown => walk.done('release', released).output();

describe('a revert', () => {
  test('has what it keeps on record before libvirt is asked', () => {
    const walk = working();
    expect(walk.isIn('working.keeping')).toBe(true);
    expect(walk.snapshot.context.artefacts).toContainEqual(
      artefact('snapshot', 'before-then', 'expected'),
    );
    expect(walk.inFlight.get('keep')?.input).toMatchObject({
      request: { name: 'before-then', memory: { kind: 'internal' }, disks: [{ kind: 'internal' }] },
    });
  });

  test('counts when a look has shown it; then what was kept goes, and the claim', () => {
    const walk = keptIn(working()).done('revert').done('lookAtRevert', look(asThen));
    expect(walk.isIn('working.reclaiming')).toBe(true);
    walk.done('reclaim', claimed).done('discardBefore');
    expect(ended(walk)).toMatchObject({
      outcome: 'completed',
      reverted: true,
      state: 'running',
      keptAs: null,
      artefacts: [],
    });
  });

  test('keeps of an external one a snapshot with its memory in a file', () => {
    const walk = working({}, ofExternal);
    expect(walk.inFlight.get('keep')?.input).toMatchObject({
      request: {
        memory: { kind: 'external', path: '/images/guest.qcow2.before-then.memory' },
        disks: [{ kind: 'external', overlayPath: '/images/guest.before-then' }],
      },
    });
    keptIn(walk, look({ top: '/images/guest.before-then' })).done('revert');
    walk.done('lookAtRevert', look({ ...asThen, top: '/images/guest.before-then' }));
    expect(walk.isIn('working.goingBack')).toBe(true);
  });

  test('was made although its reply was lost', () => {
    const walk = keptIn(working()).fail('revert', lost).done('lookAtRevert', look(asThen));
    walk.done('reclaim', claimed).done('discardBefore');
    expect(ended(walk)).toMatchObject({ outcome: 'completed', failure: null });
  });

  test('measures how long the guest stood', () => {
    const walk = keptIn(working()).see('domain.stopped', 'fromSnapshot');
    walk.see('domain.started', 'fromSnapshot').see('domain.resumed', 'fromSnapshot');
    walk.done('revert').done('lookAtRevert', look(asThen)).done('reclaim', claimed);
    expect(ended(walk.done('discardBefore'))).toMatchObject({ outageMs: 2 });
  });

  test('has no outage to tell of a guest that is down since', () => {
    const snapshots = [{ ...internal, state: 'shutoff', memory: { kind: 'none' } } as const];
    const walk = keptIn(working({}, { snapshots })).see('domain.stopped', 'fromSnapshot');
    const domain = { state: 'shutoff', reason: 'fromSnapshot' } as const;
    walk.done('revert').done('lookAtRevert', look({ current: 'then', domain }));
    walk.done('reclaim', claimed).done('discardBefore');
    expect(ended(walk)).toMatchObject({ state: 'shutoff', outageMs: null });
  });

  test('forces libvirt only where that calls it risky', () => {
    const forced = { ...unkept, force: true } as const;
    const plain = working(forced).done('lookBefore', look({ current: 'then', kept: false }));
    expect(plain.inFlight.get('revert')?.input).toMatchObject({ options: { force: false } });
    const old = { snapshots: [{ ...internal, hasDefinition: false }] };
    const risky = working(forced, old).done('lookBefore', look({ current: 'then', kept: false }));
    expect(risky.inFlight.get('revert')?.input).toMatchObject({ options: { force: true } });
  });

  test('tells of a run that claimed the domain while no claim stood, and leaves its claim', () => {
    const walk = keptIn(working()).done('revert').done('lookAtRevert', look(asThen));
    walk.done('reclaim', { claim, others: [{ run: 'rival' }] });
    expect(walk.snapshot.context).toMatchObject({ held: false });
    expect(walk.snapshot.context.notes.join()).toContain('rival');
  });

  test('that waited in vain for its claim says so', () => {
    const walk = keptIn(working()).done('revert').done('lookAtRevert', look(asThen));
    walk.fail('reclaim', lost).elapse('askAgain').fail('reclaim', lost).elapse('peerWait');
    expect(walk.snapshot.context.notes.join()).toContain('without a claim');
    expect(walk.isIn('working.discarding')).toBe(true);
  });
});

describe('a revert that fails', () => {
  test('goes back to what was kept, until libvirt has said that it did', () => {
    const walk = keptIn(working()).fail('revert', failed).done('lookAtRevert', look(down));
    expect(walk.inFlight.get('revertBack')?.input).toMatchObject({
      name: 'before-then',
      clearClaims: false,
    });
    walk.fail('revertBack', lost).done('lookBack', look({ domain: { reason: 'fromSnapshot' } }));
    walk.elapse('askAgain').done('revertBack');
    walk.done('lookBack', look({ domain: { reason: 'fromSnapshot' } }));
    walk.done('reclaim', claimed).done('discardBefore');
    expect(ended(walk)).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'libvirtError' },
      reverted: false,
      artefacts: [],
    });
  });

  test('is for an operator where the way back fails again and again, with what is kept', () => {
    const walk = keptIn(working()).fail('revert', failed).done('lookAtRevert', look(down));
    for (const again of [true, true, false]) {
      walk.fail('revertBack', failed).done('lookBack', look(down));
      if (again) walk.elapse('askAgain');
    }
    expect(walk.output()).toMatchObject({
      outcome: 'needsOperator',
      keptAs: 'before-then',
      failure: { code: 'notBroughtBack', message: expect.stringContaining('snapshot-revert') },
      artefacts: expect.arrayContaining([artefact('snapshot', 'before-then', 'made')]),
    });
  });

  test('takes overlays away that libvirt made for it, and no other file', () => {
    const top = '/images/guest.before-then';
    const own = ['/images/guest.1795210949', '/images/other.1795210949', '/images/guest.new'];
    const walk = keptIn(working({}, ofExternal), look({ top, files: ['/images/guest.1'] }));
    walk
      .fail('revert', lost)
      .done('lookAtRevert', look({ ...down, top }))
      .done('revertBack');
    const back = '/images/guest.1795210999';
    walk.done('lookBack', look({ top: back, files: ['/images/guest.1', back, ...own] }));
    walk.done('reclaim', claimed).done('discardBefore');
    expect(walk.inFlight.get('removeSnapshotFiles')?.input).toMatchObject({ paths: [own[0]] });
    walk.done('removeSnapshotFiles', { removed: [own[0]], held: [] });
    expect(ended(walk)).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
  });

  test('and that libvirt refused before anything was touched needs no way back', () => {
    const risky = { ...failed, code: 'revertRisky' };
    const walk = keptIn(working()).fail('revert', risky).done('lookAtRevert', look());
    walk.done('reclaim', claimed).done('discardBefore');
    expect(ended(walk)).toMatchObject({ outcome: 'rolledBack', failure: { code: 'revertRisky' } });
    expect(walk.entered).not.toContain('working.goingBack.asking');
  });

  test('of what is shut off goes back, since nothing shows what was switched', () => {
    const off = { ...guestView, state: 'shutoff', reason: 'shutdown' } as const;
    const seen = look({ domain: { state: 'shutoff', reason: 'shutdown' } });
    const snapshots = [{ ...internal, state: 'shutoff', memory: { kind: 'none' } } as const];
    const walk = keptIn(working({}, { domain: off, snapshots }), seen);
    walk.fail('revert', failed).done('lookAtRevert', seen);
    expect(walk.isIn('working.goingBack')).toBe(true);
  });

  test('and of which nothing was kept is for an operator', () => {
    const walk = working(unkept).done('lookBefore', look({ current: 'then', kept: false }));
    walk.fail('revert', failed).done('lookAtRevert', look({ ...down, current: 'then' }));
    expect(walk.output()).toMatchObject({
      outcome: 'needsOperator',
      keptAs: null,
      failure: { code: 'revertFailed', message: expect.stringContaining('not kept') },
    });
  });

  test('is not taken for one that was not begun where the snapshot was current before', () => {
    const booted = look({ current: 'then', kept: false, domain: { reason: 'booted' } });
    const watched = working(unkept).done('lookBefore', booted).fail('revert', lost);
    const untouched = watched.fork().done('lookAtRevert', booted).elapse('unheard');
    expect(untouched.done('lookAtRevert', booted).isIn('working.reclaiming')).toBe(true);
    watched.see('connection.lost').done('lookAtRevert', booted);
    expect(watched.output()).toMatchObject({ failure: { code: 'revertFailed' } });
  });

  test('leaves a QEMU that a killed daemon was just starting to that daemon', () => {
    const starting = look({ domain: { state: 'paused', reason: 'startingUp' } });
    const walk = keptIn(working()).fail('revert', lost).done('lookAtRevert', starting);
    expect(walk.isIn('working.looking.waiting')).toBe(true);
  });

  test('is never taken for one that was not begun where its guest came from a snapshot before', () => {
    const again = look({ domain: { reason: 'fromSnapshot' } });
    const walk = keptIn(working(), again).see('connection.lost').fail('revert', lost);
    walk.done('lookAtRevert', again);
    expect(walk.isIn('working.goingBack')).toBe(true);
  });
});

describe('keeping the state before', () => {
  test('that failed ends it; files of it go', () => {
    const walk = working({}, ofExternal).fail('keep', failed);
    walk.done('lookAtKept', look({ current: 'then', kept: false }));
    const removed = ['/images/guest.before-then', '/images/guest.qcow2.before-then.memory'];
    walk.done('removeSnapshotFiles', { removed, held: [] });
    expect(ended(walk)).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
    expect(walk.started()).not.toContain('revertDomain');
  });

  test('that left the guest standing lets it go on first', () => {
    const walk = working().fail('keep', failed);
    walk.done('lookAtKept', look({ kept: false, domain: { state: 'paused', reason: 'apiError' } }));
    expect(walk.isIn('working.checkingKept.resuming')).toBe(true);
    walk.done('resumeAfterKeeping').done('lookAtKept', look({ current: 'then', kept: false }));
    expect(ended(walk)).toMatchObject({ outcome: 'rolledBack', failure: { code: 'libvirtError' } });
  });

  test('whose reply was lost is looked for, and counts', () => {
    const walk = working().fail('keep', lost).done('lookAtKept', look());
    expect(walk.isIn('working.reverting')).toBe(true);
  });

  test('that nothing tells of is for an operator, and no file is touched', () => {
    const walk = working({}, ofExternal).fail('keep', lost);
    walk.done('lookAtKept', look({ kept: false, top: '/images/guest.before-then' }));
    expect(walk.output()).toMatchObject({ failure: { code: 'snapshotUnclear' } });
    expect(walk.started()).not.toContain('removeSnapshotFiles');
  });

  test('is undone where the run is aborted meanwhile', () => {
    const walk = keptIn(working().send({ type: 'abort.requested' }));
    expect(walk.isIn('working.discarding')).toBe(true);
    expect(ended(walk.done('discardBefore'))).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested' },
      artefacts: [],
    });
  });

  test('is told where it cannot be taken away again', () => {
    const walk = keptIn(working()).done('revert').done('lookAtRevert', look(asThen));
    walk.done('reclaim', claimed).fail('discardBefore', failed);
    expect(ended(walk)).toMatchObject({
      outcome: 'completed',
      keptAs: 'before-then',
      artefacts: [artefact('snapshot', 'before-then', 'left')],
    });
  });
});

describe('a silent host', () => {
  test('is asked again, and then an operator is told how to go on', () => {
    const walk = keptIn(working()).fail('revert', lost).done('lookAtRevert', silent);
    walk.elapse('askAgain').done('lookAtRevert', silent).elapse('peerWait');
    expect(walk.output()).toMatchObject({
      outcome: 'needsOperator',
      keptAs: 'before-then',
      failure: { code: 'peerUnreachable', message: expect.stringContaining('before-then') },
    });
  });

  test('before the revert costs nothing', () => {
    const walk = working(unkept).done('lookBefore', silent).elapse('peerWait');
    expect(ended(walk)).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
  });
});
