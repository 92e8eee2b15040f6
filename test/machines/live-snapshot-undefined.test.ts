import { describe, expect, test } from 'vitest';

import { failed, goodFacts, lookOf, SnapshotWalk } from './live-snapshot.ts';

const uuid = goodFacts.domain?.uuid ?? '';
const kept = { text: 'sealed:run-1/secret#1', autostart: true };
const onOld = { host: { ...goodFacts.host, libvirtVersion: 3_004_000 } };
const definition = `definition ${uuid} expected`;

/** On a libvirt that copies disks of transient domains only. */
class OldWalk extends SnapshotWalk {
  undefining(): this {
    return this.claimed(onOld).done('keepDefinition', kept);
  }

  undefined(): this {
    return this.undefining().done('undefineDomain').done('makeDelta').done('beginCopy');
  }

  /** Frozen, and the end of the copies answered. */
  ended(): this {
    this.undefined().ready().done('askAgent', { agent: 'connected', atEpochMs: 1_000 });
    return this.done('freezeGuest', { frozen: 1 }).job('canceled').done('endCopies');
  }
}

describe('a live snapshot on a libvirt that copies disks of transient domains only', () => {
  test('takes the definition away when it is on record, and gives it back once the copies end', () => {
    const walk = new OldWalk().claimed(onOld);
    expect(walk.artefacts().join()).not.toContain('definition');
    walk.done('keepDefinition', kept);
    expect(walk.artefacts()).toContain(definition);
    expect(walk.snapshot.context.definition).toEqual(kept);
    walk.done('undefineDomain').done('makeDelta');
    expect(walk.input('beginCopy')).toMatchObject({ transientJob: false });
    walk.done('beginCopy').ready().done('askAgent', { agent: 'connected', atEpochMs: 1_000 });
    walk.done('freezeGuest', { frozen: 1 }).job('canceled').done('endCopies');
    expect(walk.input('defineFirst')).toMatchObject({ domainUuid: uuid, definition: kept });
    walk.done('defineFirst');
    expect(walk.artefacts().join()).not.toContain('definition');
    walk.done('thawGuest', { atEpochMs: 1_250 });
    expect(walk.isIn('writing.flattening')).toBe(true);
    expect(walk.started().filter((slot) => slot === 'undefineDomain')).toHaveLength(1);
  });

  test('gives it back after the end of the copies, too, where nothing was frozen', () => {
    const walk = new OldWalk().undefined().ready();
    walk.done('askAgent', { agent: 'none', atEpochMs: 1_000 });
    walk.fail('defineFirst', failed());
    expect(walk.isIn('working.ending')).toBe(true);
    walk.job('canceled').done('endCopies').done('defineFirst');
    expect(walk.artefacts().join()).not.toContain('definition');
    expect(walk.isIn('writing.flattening')).toBe(true);
  });

  test('leaves every other domain its definition', () => {
    const { domain } = goodFacts;
    const transient = { ...onOld, domain: domain && { ...domain, persistent: false } };
    for (const facts of [{}, transient]) {
      const walk = new SnapshotWalk().copying(facts);
      expect(walk.started()).not.toContain('keepDefinition');
    }
  });

  test('undefines once for several disks', () => {
    const walk = new OldWalk({ disks: ['vda', 'vdb'] }).undefined();
    expect(walk.isIn('working.copying.makingDelta')).toBe(true);
  });

  test('undefines nothing when the definition cannot be read', () => {
    const walk = new OldWalk().claimed(onOld).fail('keepDefinition', failed()).cleaned();
    expect(walk.output()).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
    expect(walk.started()).not.toContain('undefineDomain');
  });

  test('undefines nothing when it was aborted before', () => {
    const walk = new OldWalk().claimed(onOld).send({ type: 'abort.requested' });
    walk.done('keepDefinition', kept).cleaned();
    expect(walk.output()).toMatchObject({ failure: { code: 'abortRequested' }, artefacts: [] });
  });

  test('defines again at once where nobody knows what came of undefining, and again later', () => {
    const walk = new OldWalk().undefining().fail('undefineDomain', failed('unknown'));
    walk.done('defineFirst');
    expect(walk.artefacts()).toContain(definition);
    walk.done('defineAgain');
    expect(walk.isIn('working.defining.late')).toBe(true);
    walk.elapse('unheard').done('defineAgain').cleaned();
    expect(walk.output()).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
  });

  test.each(['connection.lost', 'connection.regained'])(
    'is given up after %s: it gets its definition back first',
    (type) => {
      const walk = new OldWalk().undefined().see(type);
      expect(walk.input('defineFirst')).toMatchObject({ definition: kept });
      walk
        .done('defineFirst')
        .done('dropCopies', { guest: 'running', stopDetail: null, stuck: [] })
        .cleaned();
      expect(walk.output()).toMatchObject({
        outcome: 'rolledBack',
        failure: { code: 'interrupted' },
        artefacts: [],
      });
    },
  );

  test('thaws a guest that it could not define, ends the copies, and defines it then', () => {
    const walk = new OldWalk().undefined().ready();
    walk.done('askAgent', { agent: 'connected', atEpochMs: 1_000 });
    walk.send({ type: 'abort.requested' }).done('freezeGuest', { frozen: 1 });
    walk.fail('defineFirst', failed('none', 'operationInvalid'));
    expect(walk.isIn('working.thawing.asking')).toBe(true);
    walk.done('thawGuest', { atEpochMs: 1_250 }).fail('defineAgain', failed());
    expect(walk.input('freeDisks')).toMatchObject({ copies: [{ targetDev: 'vda' }] });
    walk.done('freeDisks').elapse('askAgain').done('defineAgain').cleaned();
    expect(walk.output()).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
  });

  test('defines a domain whose guest has ended, and is gone with it', () => {
    const walk = new OldWalk().undefined().see('domain.stopped', 'shutdown');
    walk.done('defineFirst').cleaned();
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'guestStopped' },
      artefacts: [],
    });
  });

  test('does not end while the domain has no definition', () => {
    const walk = new OldWalk().undefined().job('failed').fail('defineFirst', failed());
    for (let round = 0; round < 100; round += 1)
      walk.fail('defineAgain', failed()).fail('freeDisks', failed()).elapse('askAgain');
    expect(walk.artefacts()).toContain(definition);
    expect(walk.output()).toBeUndefined();
  });

  test('keeps what was copied whole when it is defined again at the second try', () => {
    const walk = new OldWalk().ended().fail('defineFirst', failed());
    walk.done('thawGuest', { atEpochMs: 1_250 }).done('defineAgain');
    expect(walk.isIn('writing.flattening')).toBe(true);
  });
});

const look = (ours: string) => ({ atEpochMs: 9, guest: 'running', disks: [lookOf(ours)] });

describe('a live snapshot whose process died as a copy was to begin', () => {
  const died = { ...failed('unknown'), code: 'interrupted' };
  const dying = () => new SnapshotWalk().claimed().done('makeDelta').fail('beginCopy', died);

  test('is interrupted where nothing has begun by the time that it could have', () => {
    const walk = dying();
    expect(walk.isIn('working.copying.recalling.late')).toBe(true);
    walk
      .elapse('unheard')
      .done('recallCopy', look('none'))
      .done('dropCopies', { guest: 'running', stopDetail: null, stuck: [] })
      .cleaned();
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'interrupted' },
      artefacts: [],
    });
  });

  test.each(['copying', 'ready'])('goes on with a copy that is %s', (ours) => {
    const walk = dying().elapse('unheard').done('recallCopy', look(ours));
    expect(walk.isIn('working.copying.awaitingReady')).toBe(true);
    expect(walk.started().filter((slot) => slot === 'beginCopy')).toHaveLength(1);
  });

  test('heeds an abort once it knows', () => {
    const walk = dying().send({ type: 'abort.requested' });
    walk
      .elapse('unheard')
      .done('recallCopy', look('copying'))
      .done('dropCopies', { guest: 'running', stopDetail: null, stuck: [] })
      .cleaned();
    expect(walk.output()).toMatchObject({ failure: { code: 'abortRequested' }, artefacts: [] });
  });
});
