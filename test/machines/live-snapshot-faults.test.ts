import { describe, expect, test } from 'vitest';

import { lookOf, failed, goodFacts, infoOf, SnapshotWalk } from './live-snapshot.ts';

const uuid = goodFacts.domain?.uuid ?? '';
const undone = { outcome: 'rolledBack', artefacts: [], images: [], consistency: null };
const watch = (walk: SnapshotWalk, type: string, detail = 'x') => walk.see(type, detail);

describe('a copy that ended is not taken for one that is whole', () => {
  test('because its job is gone', () => {
    const walk = new SnapshotWalk().copying().elapse('lookWait');
    walk.done('lookAtCopies', {
      atEpochMs: 5,
      guest: 'running',
      disks: [lookOf('none')],
    });
    expect(walk.cleaned().output()).toMatchObject({ ...undone, failure: { code: 'copyLost' } });
  });

  test('because it failed before it was in step', () => {
    const walk = new SnapshotWalk().copying().job('failed').cleaned();
    expect(walk.output()).toMatchObject({ ...undone, failure: { code: 'copyLost' } });
    expect(walk.started()).not.toContain('flattenDelta');
  });

  test('because somebody else ended it before it was time', () => {
    const walk = new SnapshotWalk().freezing().job('canceled').done('freezeGuest', { frozen: 1 });
    expect(walk.isIn('working.thawing.asking')).toBe(true);
    expect(walk.cleaned().output()).toMatchObject({ ...undone, failure: { code: 'copyLost' } });
  });

  test('because it failed while it was being ended, though the call succeeded', () => {
    const walk = new SnapshotWalk().ending().done('endCopies').job('failed');
    expect(walk.cleaned().output()).toMatchObject({ ...undone, failure: { code: 'copyLost' } });
  });

  test('because its end was answered, and never told', () => {
    const walk = new SnapshotWalk().ending().done('endCopies');
    walk.done('thawGuest', { atEpochMs: 1_100 });
    expect(walk.isIn('working.settling')).toBe(true);
    walk.elapse('tellWait').cleaned();
    expect(walk.output()).toMatchObject({ ...undone, failure: { code: 'copyUnproven' } });
  });

  test('because nobody listened while it was ended', () => {
    const walk = new SnapshotWalk().ending().done('endCopies');
    watch(watch(walk, 'connection.lost'), 'connection.regained');
    walk.done('thawGuest', { atEpochMs: 1_100 }).cleaned();
    expect(walk.output()).toMatchObject({ ...undone, failure: { code: 'copyUnproven' } });
  });

  test('because it lies on other layers than those its delta was made for', () => {
    const walk = new SnapshotWalk().copying().job('ready');
    const disks = [{ ...lookOf('ready'), isAsPlanned: false }];
    walk.done('confirmCopies', { atEpochMs: 5, guest: 'running', disks }).cleaned();
    expect(walk.output()).toMatchObject({ ...undone, failure: { code: 'chainChanged' } });
    expect(walk.started()).toContain('dropCopies');
  });

  test('while an end that was told counts, though its answer was lost', () => {
    const walk = new SnapshotWalk().ending().job('canceled').fail('endCopies', failed('unknown'));
    walk.done('thawGuest', { atEpochMs: 1_100 });
    expect(walk.isIn('writing.flattening')).toBe(true);
  });
});

describe('the guest may end while its disks are copied', () => {
  test.each(['shutdown', 'crashed', 'destroyed', 'migrated'])('%s', (detail) => {
    const walk = watch(new SnapshotWalk().copying(), 'domain.stopped', detail).cleaned();
    expect(walk.output()).toMatchObject({ ...undone, failure: { code: 'guestStopped' } });
    expect(walk.started()).not.toContain('thawGuest');
  });

  test('and be seen as it goes, before libvirt tells why', () => {
    const walk = new SnapshotWalk().copying();
    const seen = { state: 'shutdown', detail: 'unknown', atEpochMs: 9 };
    walk.send(Object.assign({ type: 'domain.seen' }, seen)).cleaned();
    expect(walk.output()).toMatchObject({ ...undone, failure: { code: 'guestStopped' } });
  });

  test.each(['failed', 'canceled'] as const)('and be told after its copy: %s', (job) => {
    const gone = { ...look('none'), guest: 'gone', stopDetail: 'shutdown' };
    const walk = new SnapshotWalk().copying().job(job).fail('lookWhyLost', failed('unknown'));
    walk.elapse('askAgain').done('lookWhyLost', gone).cleaned();
    expect(walk.output()).toMatchObject({ ...undone, failure: { code: 'guestStopped' } });
  });

  test('or its host fall silent behind the loss: then nobody knows better', () => {
    const walk = new SnapshotWalk().copying().job('failed').fail('lookWhyLost', failed('unknown'));
    walk.elapse('peerWait').cleaned();
    expect(walk.output()).toMatchObject({ ...undone, failure: { code: 'copyLost' } });
  });

  test('while it is frozen: there is nothing to thaw any more', () => {
    const walk = new SnapshotWalk().ending();
    watch(walk, 'domain.stopped', 'destroyed').fail('endCopies', failed());
    expect(walk.artefacts()).not.toContain(`freeze ${uuid} made`);
    expect(walk.cleaned().output()).toMatchObject({ ...undone, failure: { code: 'guestStopped' } });
  });

  test('which costs nothing once the copies have ended', () => {
    const walk = watch(new SnapshotWalk().flattening(), 'domain.stopped', 'shutdown');
    expect(walk.isIn('writing.flattening')).toBe(true);
  });

  test('unseen: whoever looks again finds it', () => {
    const walk = new SnapshotWalk().copying();
    watch(watch(walk, 'connection.lost'), 'connection.regained');
    walk
      .done('lookAtCopies', { atEpochMs: 5, guest: 'gone', stopDetail: null, disks: [] })
      .cleaned();
    expect(walk.output()).toMatchObject({ ...undone, failure: { code: 'guestStopped' } });
  });
});

const look = (ours: string, processedBytes = 0, atEpochMs = 5) => ({
  atEpochMs,
  guest: 'running',
  disks: [lookOf(ours, processedBytes)],
});

describe('a host that falls silent while it copies', () => {
  test('is asked again, and the copy goes on where it stands', () => {
    const walk = new SnapshotWalk().copying();
    watch(walk, 'connection.lost').fail('lookAtCopies', failed());
    walk
      .elapse('askAgain')
      .done('lookAtCopies', look('ready'))
      .done('confirmCopies', look('ready'));
    expect(walk.isIn('working.quiescing.askingAgent')).toBe(true);
  });

  test('is given up after a while, and what may be left there is told', () => {
    const walk = new SnapshotWalk().copying();
    watch(walk, 'connection.lost').fail('lookAtCopies', failed()).elapse('peerWait');
    walk.fail('dropCopies', failed('unknown')).elapse('peerWait');
    expect(walk.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'copyLeft', effect: 'unknown' },
      artefacts: [
        { kind: 'claim', status: 'kept' },
        { kind: 'delta' },
        { kind: 'blockJob', status: 'left' },
      ],
    });
  });

  test('may come back calling a disk copied whose copy has ended: only a new start of it helps', () => {
    const walk = new SnapshotWalk().ending().fail('endCopies', failed('unknown'));
    watch(watch(walk, 'connection.lost'), 'connection.regained');
    walk.done('thawGuest', { atEpochMs: 1_100 });
    walk.done('dropCopies', { guest: 'running', stopDetail: null, stuck: ['vda'] }).cleaned();
    expect(walk.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'copyStuck', effect: 'done' },
      artefacts: [
        { kind: 'claim', status: 'kept' },
        { kind: 'blockJob', status: 'kept' },
      ],
    });
  });

  test('may have begun a copy of which no answer came', () => {
    const walk = new SnapshotWalk().claimed().done('makeDelta');
    walk.fail('beginCopy', failed('unknown')).done('lookAtCopies', look('copying', 7));
    expect(walk.isIn('working.copying.awaitingReady.waiting')).toBe(true);
  });

  test('or not have begun it', () => {
    const walk = new SnapshotWalk().claimed().done('makeDelta');
    walk.fail('beginCopy', failed('unknown')).done('lookAtCopies', look('none')).cleaned();
    expect(walk.output()).toMatchObject({ ...undone, failure: { code: 'copyLost' } });
  });

  test('a copy that gains nothing for too long is given up', () => {
    const walk = new SnapshotWalk({ stallMs: 60_000 }).copying().elapse('lookWait');
    walk.done('lookAtCopies', look('copying', 7, 1_000)).elapse('lookWait');
    walk.done('lookAtCopies', look('copying', 7, 31_000));
    expect(walk.isIn('working.copying.awaitingReady.waiting')).toBe(true);
    walk
      .elapse('lookWait')
      .done('lookAtCopies', look('copying', 7, 61_000))
      .cleaned();
    expect(walk.output()).toMatchObject({ ...undone, failure: { code: 'copyStalled' } });
  });

  test('a copy that is not in step in time is given up, and its job ended', () => {
    const walk = new SnapshotWalk().copying().elapse('copyWait');
    expect(walk.input('dropCopies')).toMatchObject({ copies: [{ targetDev: 'vda' }] });
    expect(walk.cleaned().output()).toMatchObject({ ...undone, failure: { code: 'copyTimedOut' } });
  });
});

const lost = () => new SnapshotWalk().naming().fail('nameImage', failed('unknown'));

describe('what fails is undone, and no step that fails stops the next', () => {
  test('a delta that cannot be made', () => {
    const walk = new SnapshotWalk()
      .claimed()
      .fail('makeDelta', failed('none', 'noSpace'))
      .cleaned();
    expect(walk.output()).toMatchObject({ ...undone, failure: { code: 'noSpace' } });
    expect(walk.started()).not.toContain('dropCopies');
  });

  test("somebody else's job that came in between is not ended", () => {
    const walk = new SnapshotWalk().claimed().done('makeDelta');
    walk.fail('beginCopy', failed('none', 'blockJobActive')).cleaned();
    expect(walk.output()).toMatchObject({ ...undone, failure: { code: 'blockJobActive' } });
    expect(walk.started()).not.toContain('dropCopies');
    expect(walk.started()).not.toContain('endCopies');
  });

  test.each(['flattenDelta', 'inspectImage'] as const)('%s', (effect) => {
    const walk = new SnapshotWalk().flattening();
    if (effect === 'inspectImage') walk.done('flattenDelta');
    walk.fail(effect, failed('none', 'noSpace')).cleaned();
    expect(walk.output()).toMatchObject({ ...undone, failure: { code: 'noSpace' } });
  });

  test('an image that is not what was asked for', () => {
    const walk = new SnapshotWalk().flattening().done('flattenDelta');
    walk.done('inspectImage', { info: infoOf('/x', { virtualSizeBytes: 1 }) }).cleaned();
    expect(walk.output()).toMatchObject({ ...undone, failure: { code: 'imageUnfit' } });
  });

  test('a name that somebody has taken meanwhile: their file stays', () => {
    const walk = new SnapshotWalk().naming().fail('nameImage', failed('none', 'imageExists'));
    expect(walk.input('removeImages')).toMatchObject({
      paths: ['/snapshots/.guest.qcow2.run-1.part'],
    });
    expect(walk.cleaned().output()).toMatchObject({ ...undone, failure: { code: 'imageExists' } });
  });

  test('a name whose answer is lost is looked for', () => {
    expect(
      lost()
        .done('lookAtDraft', { info: infoOf('/x') })
        .isIn('naming.asking'),
    ).toBe(true);
    expect(lost().done('lookAtDraft', { info: null }).isIn('tidying.asking')).toBe(true);
  });

  test('files that do not go are tried again, then told', () => {
    const walk = new SnapshotWalk().flattening().fail('flattenDelta', failed());
    walk
      .fail('removeImages', failed())
      .elapse('askAgain')
      .done('removeImages', { removed: [], inUse: [] });
    walk.elapse('peerWait').done('removeDeltas', { removed: [], inUse: [] }).elapse('peerWait');
    walk.done('release', { released: ['simulated:///hostA'] });
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      artefacts: [
        { kind: 'delta', status: 'left' },
        { kind: 'image', status: 'left' },
      ],
    });
  });

  test('a delta that somebody has made the disk of the domain stays, and is told', () => {
    const walk = new SnapshotWalk().copying().job('completed').done('lookWhyLost', look('none'));
    const { paths } = Object(walk.input('removeDeltas'));
    walk.done('removeDeltas', { removed: [], inUse: paths }).cleaned();
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      artefacts: [{ kind: 'delta', status: 'kept' }],
      notes: [expect.stringContaining('is kept')],
    });
  });

  test('a delta that does not go takes nothing from the image', () => {
    const walk = new SnapshotWalk().tidying().fail('removeDeltas', failed()).elapse('peerWait');
    walk.done('release', { released: ['simulated:///hostA'] });
    expect(walk.output()).toMatchObject({ outcome: 'completed', images: [{ targetDev: 'vda' }] });
  });

  test('a watch that cannot be kept', () => {
    const walk = new SnapshotWalk().copying().fail('watchDomain', failed()).cleaned();
    expect(walk.output()).toMatchObject({ ...undone, failure: { code: 'broken' } });
  });
});
