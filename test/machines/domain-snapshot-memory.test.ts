import { describe, expect, test } from 'vitest';

import { guestView } from './facts.ts';
import { host, look, lost, onBase, overlayPath, released, working } from './domain-snapshot.ts';
import type { Walk } from './walk.ts';

const artefact = (kind: string, path: string, status: string) => ({ kind, host, path, status });
const artefactsOf = (walk: Walk): unknown => walk.snapshot.context.artefacts;

const canceled = { code: 'operationAborted', message: 'canceled', effect: 'unknown' } as const;
const busy = look({ domain: { job: { operation: 'snapshot' } }, ...onBase });

describe('a snapshot with memory', () => {
  const target = {
    standing: null,
    image: null,
    availableBytes: 2 ** 34,
    users: [],
    neighbours: [],
  } as const;
  const targets = [overlayPath, '/images/memory'].map((path) => ({ ...target, path }));
  const external = () => working({ memoryPath: '/images/memory' }, { targets });

  test('has its memory file on record, too, and tells how long the guest stood', () => {
    const walk = external();
    expect(artefactsOf(walk)).toContainEqual(artefact('memory', '/images/memory', 'expected'));
    walk.see('domain.suspended', 'paused').see('domain.resumed', 'unpaused');
    walk.done('takeMemory').done('lookAtSnapshot', look()).done('clearSnapshotClaims');
    walk.done('release', released);
    expect(walk.output()).toMatchObject({
      outcome: 'completed',
      consistency: 'application',
      outageMs: 1,
    });
  });

  test('of a guest that runs on says that it stands from its stop on, not before', () => {
    const walk = working({ memoryPath: '/images/memory', live: true }, { targets });
    expect(walk.isIn('working.creating.withMemory.writing.running')).toBe(true);
    expect(walk.snapshot.hasTag('guestPaused')).toBe(false);
    walk.see('domain.suspended', 'paused');
    expect(walk.snapshot.hasTag('guestPaused')).toBe(true);
    expect(walk.snapshot.hasTag('abortable')).toBe(true);
    expect(walk.snapshot.context.pausedSinceEpochMs).toBe(1);
    expect(walk.started().filter((slot) => slot === 'createSnapshot')).toHaveLength(1);
  });

  test('of a guest that stood before says so without being told', () => {
    const domain = { ...guestView, state: 'paused', reason: 'user' } as const;
    const walk = working({ memoryPath: '/images/memory' }, { targets, domain });
    expect(walk.snapshot.hasTag('guestPaused')).toBe(true);
  });

  const aborted = () => external().send({ type: 'abort.requested' });

  test('is aborted by its job, whose answer is waited for before anybody looks', () => {
    const walk = aborted();
    expect(walk.isIn('working.creating.withMemory.aborting')).toBe(true);
    walk.elapse('abortAgain').done('abortSnapshot').elapse('abortAgain').done('abortSnapshot');
    expect(walk.started()).not.toContain('lookAtSnapshot');
    walk.fail('takeMemory', canceled).done('lookAtSnapshot', look(onBase));
    walk.done('removeSnapshotFiles', { removed: [overlayPath, '/images/memory'], held: [] });
    walk.done('release', released);
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested' },
      artefacts: [],
    });
  });

  test('is asked again to end where the first question came before the memory was written', () => {
    const walk = aborted().elapse('abortAgain').elapse('abortWait');
    expect(walk.inFlight.has('abortSnapshot')).toBe(false);
    expect(walk.elapse('abortAgain').inFlight.has('abortSnapshot')).toBe(true);
  });

  test('is waited for where libvirt cannot end it: inside the disks', () => {
    const walk = working({ kind: 'internal' }, { targets: [] }).send({ type: 'abort.requested' });
    expect(walk.isIn('working.creating.withMemory.aborting.enduring')).toBe(true);
    walk.done('takeMemory').done('lookAtSnapshot', look()).done('clearSnapshotClaims');
    walk.done('release', released);
    expect(walk.output()).toMatchObject({
      outcome: 'completed',
      notes: [expect.stringContaining('the abort came too late')],
    });
  });

  test('whose reply was lost is looked for twice, since its daemon may read the call late', () => {
    const walk = external().fail('takeMemory', lost).done('lookAtSnapshot', look(onBase));
    expect(walk.isIn('working.looking.hearing')).toBe(true);
    walk.elapse('unheard').done('lookAtSnapshot', look());
    expect(walk.isIn('working.recording')).toBe(true);
  });

  test('is aborted again while its job goes on and nobody waits for it any more', () => {
    const walk = aborted().fail('takeMemory', lost).done('lookAtSnapshot', busy);
    walk.elapse('askAgain').done('abortLeft').done('lookAtSnapshot', look(onBase));
    expect(walk.isIn('tidying')).toBe(true);
  });

  test('is not aborted because its reply was lost', () => {
    const walk = external().fail('takeMemory', lost).done('lookAtSnapshot', busy);
    expect(walk.isIn('working.looking.waiting')).toBe(true);
  });

  test('is looked for where its daemon does not answer the abort', () => {
    const walk = aborted().elapse('abortAgain').fail('abortSnapshot', lost).elapse('peerWait');
    expect(walk.isIn('working.looking')).toBe(true);
  });

  test('is aborted when it takes too long', () => {
    const walk = external().elapse('snapshotWait').elapse('abortAgain').done('abortSnapshot');
    walk.fail('takeMemory', canceled).done('lookAtSnapshot', look(onBase));
    walk.done('removeSnapshotFiles', { removed: [], held: [] }).done('release', released);
    expect(walk.output()).toMatchObject({ failure: { code: 'timeBudgetExceeded' } });
  });

  test('that was whole when the abort came stays', () => {
    const walk = aborted().done('takeMemory').done('lookAtSnapshot', look());
    walk.done('clearSnapshotClaims').done('release', released);
    expect(walk.output()).toMatchObject({
      outcome: 'completed',
      failure: null,
      notes: [expect.stringContaining('the abort came too late')],
    });
  });

  test('lets a guest go on that it left standing', () => {
    const standing = { state: 'paused', reason: 'apiError' } as const;
    const walk = external().fail('takeMemory', lost);
    walk.done('lookAtSnapshot', look({ ...onBase, domain: standing }));
    expect(walk.isIn('working.looking.resuming')).toBe(true);
    walk.done('resumeAfterSnapshot').done('lookAtSnapshot', look(onBase));
    expect(walk.isIn('tidying')).toBe(true);
  });

  test('calls an operator for a guest that cannot go on', () => {
    const standing = look({ ...onBase, domain: { state: 'paused', reason: 'apiError' } });
    const walk = external().fail('takeMemory', lost).done('lookAtSnapshot', standing);
    walk.fail('resumeAfterSnapshot', lost).elapse('peerWait');
    expect(walk.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'guestPaused' },
    });
  });

  test('leaves a guest alone that somebody else paused', () => {
    const refused = { ...lost, code: 'libvirtError', libvirt: { code: 9, domain: 10 } };
    const paused = look({ ...onBase, domain: { state: 'paused', reason: 'user' } });
    const cutOff = external().fail('takeMemory', lost).done('lookAtSnapshot', paused);
    expect(cutOff.inFlight.get('resumeAfterSnapshot')?.input).toMatchObject({ cutOff: true });
    const walk = external().fail('takeMemory', refused).done('lookAtSnapshot', paused);
    expect(walk.isIn('tidying')).toBe(true);
  });

  test('that lies in the disks and that libvirt forgets cannot be looked for', () => {
    const asked = { kind: 'internal', noMetadata: true } as const;
    const unseen = look(onBase);
    const confirmed = working(asked, { targets: [] }).done('takeMemory');
    expect(confirmed.done('lookAtSnapshot', unseen).isIn('releasing')).toBe(true);
    const walk = working(asked, { targets: [] }).fail('takeMemory', lost);
    walk.done('lookAtSnapshot', unseen);
    expect(walk.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'snapshotUnclear' },
    });
  });
});
