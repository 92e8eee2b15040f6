import { describe, expect, test } from 'vitest';

import {
  failed,
  goodFacts,
  newOf,
  oldOf,
  orderOf,
  seen,
  seenCopying,
  seenPivoted,
  seenReady,
  SwapWalk,
} from './volume-swap.ts';

const uuid = goodFacts.domain?.uuid ?? '';
const kept = { text: 'sealed:run-1/secret#1', autostart: true };
const onOld = { host: { ...goodFacts.host, libvirtVersion: 3_004_000 } };
const definition = `definition ${uuid} expected`;
const two = { disks: [orderOf('vda'), orderOf('vdb')] };

/** On a libvirt that copies disks of transient domains only. */
class OldWalk extends SwapWalk {
  override claimed(): this {
    return super.claimed(onOld);
  }

  /** All destinations are made. */
  keeping(...targetDevs: readonly string[]): this {
    const all = targetDevs.length === 0 ? ['vda'] : targetDevs;
    this.claimed().looks(all.map((each) => seen(each)));
    for (const _ of all) this.done('makeVolume');
    return this;
  }

  undefining(): this {
    return this.keeping().done('keepDefinition', kept);
  }

  override copying(...targetDevs: readonly string[]): this {
    this.keeping(...targetDevs)
      .done('keepDefinition', kept)
      .done('undefineDomain');
    for (const _ of targetDevs.length === 0 ? ['vda'] : targetDevs) this.done('beginSwap');
    return this;
  }

  /** Nothing is left but what the guest had before. */
  expectGivenUp(code: string): void {
    expect(this.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code },
      artefacts: [],
      swapped: [],
    });
  }
}

describe('a swap on a libvirt that copies disks of transient domains only', () => {
  test('takes the definition away when it is on record, and gives it back before it is changed', () => {
    const walk = new OldWalk().keeping();
    expect(walk.artefacts().join()).not.toContain('definition');
    walk.done('keepDefinition', kept);
    expect(walk.artefacts()).toContain(definition);
    walk.done('undefineDomain');
    expect(walk.input('beginSwap')).toMatchObject({ by: 'blockRebase', targetDev: 'vda' });
    walk.done('beginSwap').job('ready').looks([seenReady()]).done('pivotSwap', { how: 'ended' });
    expect(walk.input('defineAgain')).toMatchObject({ domainUuid: uuid, definition: kept });
    walk.done('defineAgain');
    expect(walk.artefacts().join()).not.toContain('definition');
    expect(walk.input('persistSwap')).toMatchObject({ targetDev: 'vda', isOffline: false });
    walk.done('persistSwap').cleaned();
    expect(walk.output()).toMatchObject({ outcome: 'completed', failure: null });
    const swaps = walk.started().slice(walk.started().indexOf('makeVolume'));
    expect(swaps).toEqual([
      'makeVolume',
      'keepDefinition',
      'undefineDomain',
      'beginSwap',
      'lookAtSwaps',
      'pivotSwap',
      'defineAgain',
      'persistSwap',
      'releaseClaims',
    ]);
  });

  test('undefines once for several disks, and defines once', () => {
    const walk = new OldWalk(two).copying('vda', 'vdb');
    walk
      .job('ready', 'vda')
      .job('ready', 'vdb')
      .looks([seenReady('vda'), seenReady('vdb')]);
    walk.done('pivotSwap', { how: 'ended' });
    expect(walk.started()).not.toContain('defineAgain');
    walk.done('pivotSwap', { how: 'ended' }).done('defineAgain');
    walk.done('persistSwap').done('persistSwap').cleaned();
    expect(walk.output()).toMatchObject({ outcome: 'completed' });
    const calls = walk.started().filter((slot) => /[dD]efin/.test(slot));
    expect(calls).toEqual(['keepDefinition', 'undefineDomain', 'defineAgain']);
  });

  test('leaves every other domain its definition', () => {
    const { domain } = goodFacts;
    const transient = { ...onOld, domain: domain && { ...domain, persistent: false } };
    for (const facts of [{}, transient]) {
      const walk = new SwapWalk().claimed(facts).looks([seen()]).done('makeVolume');
      const by = facts === transient ? 'blockRebase' : 'blockCopy';
      expect(walk.input('beginSwap')).toMatchObject({ by });
    }
  });

  test('keeps it for a guest that is off', () => {
    const walk = new OldWalk().claimed().looks([seen()], 'off').done('makeVolume');
    expect(walk.isIn('working.copyingOffline')).toBe(true);
  });
});

describe('a swap that is given up while the domain has no definition', () => {
  test('has undefined nothing when the definition cannot be read, or it was aborted before', () => {
    const unread = new OldWalk().keeping().fail('keepDefinition', failed()).cleaned();
    unread.expectGivenUp('broken');
    const aborted = new OldWalk().keeping().send({ type: 'abort.requested' });
    aborted.done('keepDefinition', kept).cleaned().expectGivenUp('abortRequested');
    for (const walk of [unread, aborted]) expect(walk.started()).not.toContain('undefineDomain');
  });

  test('defines it before the copies are dropped, when it is aborted', () => {
    const walk = new OldWalk().copying().send({ type: 'abort.requested' });
    expect([...walk.inFlight.keys()]).toEqual(['watchDomain', 'defineAgain']);
    walk.done('defineAgain');
    expect(walk.inFlight.has('dropSwaps')).toBe(true);
    walk.cleaned().expectGivenUp('abortRequested');
  });

  test('drops the copies first where libvirt defines no domain that has them', () => {
    const walk = new OldWalk().copying().send({ type: 'abort.requested' });
    walk.fail('defineAgain', failed('none', 'operationInvalid'));
    expect(walk.input('freeDisks')).toMatchObject({ swaps: [{ targetDev: 'vda' }] });
    walk.done('freeDisks').elapse('askAgain').done('defineAgain');
    walk.cleaned().expectGivenUp('abortRequested');
  });

  test.each([
    ['a copy that fails', (walk: OldWalk) => walk.job('failed'), 'copyLost'],
    [
      'a guest that ends',
      (walk: OldWalk) => walk.see('domain.stopped', 'shutdown'),
      'guestStopped',
    ],
    ['a time that is over', (walk: OldWalk) => walk.elapse('copyWait'), 'timedOut'],
    ['connection.lost', (walk: OldWalk) => walk.see('connection.lost'), 'interrupted'],
    ['connection.regained', (walk: OldWalk) => walk.see('connection.regained'), 'interrupted'],
  ] as const)('defines it first after %s', (_, strike, code) => {
    const walk = new OldWalk().copying();
    strike(walk);
    if (walk.inFlight.has('lookAtSwaps')) walk.looks([seen('vda', { top: null })], 'off');
    walk.done('defineAgain').cleaned().expectGivenUp(code);
  });

  test('defines it at once where nobody knows what came of undefining, and again later', () => {
    const walk = new OldWalk().undefining().fail('undefineDomain', failed('unknown'));
    walk.done('defineAgain');
    expect(walk.artefacts()).toContain(definition);
    expect(walk.isIn('working.defining.late')).toBe(true);
    walk.elapse('unheard').done('defineAgain').cleaned().expectGivenUp('broken');
  });

  test('defines it where nobody knows whether the copy began, and looks for it then', () => {
    const walk = new OldWalk().keeping().done('keepDefinition', kept).done('undefineDomain');
    walk.fail('beginSwap', failed('unknown')).done('defineAgain').done('dropSwaps');
    walk.looks([seenCopying()]).elapse('askAgain');
    walk.cleaned().expectGivenUp('interrupted');
  });

  test('does not end before it is defined', () => {
    const walk = new OldWalk().copying().job('failed');
    for (let round = 0; round < 100; round += 1)
      walk.fail('defineAgain', failed()).fail('freeDisks', failed()).elapse('askAgain');
    expect(walk.artefacts()).toContain(definition);
    expect(walk.output()).toBeUndefined();
  });
});

describe('a pivot of a domain without its definition', () => {
  test('whose answer is lost is looked at when one try has been made to define it', () => {
    const walk = new OldWalk().pivoting().fail('pivotSwap', failed('unknown'));
    walk.fail('defineFirst', failed('none', 'operationInvalid'));
    walk.looks([seenPivoted()]).done('defineAgain').done('persistSwap').cleaned();
    expect(walk.output()).toMatchObject({ outcome: 'completed', failure: null });
  });

  test('that was defined at the first try goes on as any other', () => {
    const walk = new OldWalk().pivoting().fail('pivotSwap', failed('unknown'));
    walk.done('defineFirst').looks([seenPivoted()]).done('persistSwap').cleaned();
    expect(walk.output()).toMatchObject({ outcome: 'completed' });
    expect(walk.started()).toContain('defineAgain');
  });

  test('behind which the guest ended tells nobody which volume is true, but the domain is there', () => {
    const walk = new OldWalk().pivoting().see('domain.stopped', 'shutdown');
    walk.fail('pivotSwap', failed('unknown'));
    expect(walk.output()).toBeUndefined();
    walk.done('defineAgain');
    expect(walk.artefacts().join()).not.toContain('definition');
    expect(walk.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'volumeUnknown' },
    });
  });

  test('of which nobody hears for long is looked at once more when it is defined', () => {
    const walk = new OldWalk().pivoting().fail('pivotSwap', failed('unknown'));
    walk.fail('defineFirst', failed()).fail('inspectSwaps', failed()).elapse('peerWait');
    walk.fail('defineAgain', failed()).fail('freeDisks', failed()).elapse('askAgain');
    walk.done('defineAgain').looks([seenPivoted()]).done('persistSwap').cleaned();
    expect(walk.output()).toMatchObject({ outcome: 'completed' });
  });

  test('of which libvirt told, and which it has lost since, leaves the rest to an operator', () => {
    const walk = new OldWalk().pivoting().job('completed').fail('pivotSwap', failed('unknown'));
    walk.done('defineAgain').done('persistSwap', { isUnseen: true });
    expect(walk.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'guestUnseen', effect: 'done' },
      swapped: [{ targetDev: 'vda', volume: newOf('vda') }],
    });
  });

  test('that is refused for long is given up, and the domain defined', () => {
    const walk = new OldWalk().pivoting().fail('pivotSwap', failed()).elapse('peerWait');
    walk.done('defineAgain').cleaned().expectGivenUp('pivotRefused');
  });

  test('of one disk, when the other copy is lost: what is there is persisted', () => {
    const walk = new OldWalk(two).copying('vda', 'vdb');
    walk
      .job('ready', 'vda')
      .job('ready', 'vdb')
      .looks([seenReady('vda'), seenReady('vdb')]);
    walk
      .done('pivotSwap', { how: 'ended' })
      .job('failed', 'vdb')
      .done('pivotSwap', { how: 'noJob' });
    walk.done('defineFirst').looks([seenPivoted('vda'), seen('vdb')]);
    expect(walk.input('persistSwap')).toMatchObject({ targetDev: 'vda' });
    walk.done('persistSwap');
    expect(walk.output()).toMatchObject({ failure: { code: 'swappedPartly' } });
  });
});

/** On its new volume, until somebody decides. */
function waiting(): OldWalk {
  const walk = new OldWalk({ oldVolume: 'confirm' }).pivoting();
  return walk.done('pivotSwap', { how: 'ended' }).done('defineAgain').done('persistSwap');
}

describe('a way back on such a libvirt', () => {
  const isBack = { text: 'sealed:run-1/secret#2', autostart: true };

  test('takes the definition of then away, and gives that one back', () => {
    const walk = waiting().send({ type: 'undo.requested' });
    walk.looks([seenPivoted()]).done('keepDefinition', isBack).done('undefineDomain');
    expect(walk.input('beginSwap')).toMatchObject({ to: { source: { path: oldOf('vda') } } });
    walk.done('beginSwap').job('ready');
    walk.looks([seen('vda', { top: newOf('vda'), mirror: oldOf('vda'), isReady: true })]);
    walk.done('pivotSwap', { how: 'ended' });
    expect(walk.input('defineAgain')).toMatchObject({ definition: isBack });
    walk.done('defineAgain').done('persistSwap').cleaned();
    expect(walk.output()).toMatchObject({ outcome: 'rolledBack', failure: { code: 'undone' } });
  });

  test('that fails leaves the domain defined, and waits again', () => {
    const walk = waiting().send({ type: 'undo.requested' });
    walk.looks([seenPivoted()]).done('keepDefinition', isBack).done('undefineDomain');
    walk.done('beginSwap').job('failed').done('defineAgain').looks([seenPivoted()]);
    expect(walk.isIn('awaitingConfirmation')).toBe(true);
    expect(walk.artefacts().join()).not.toContain('definition');
  });
});
