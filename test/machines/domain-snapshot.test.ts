import { describe, expect, test } from 'vitest';

import {
  claim,
  host,
  look,
  lost,
  onBase,
  overlayPath,
  released,
  silent,
  unanswered,
  working,
} from './domain-snapshot.ts';
import { guestView } from './facts.ts';
import type { Walk } from './walk.ts';

const artefact = (kind: string, path: string, status: string) => ({ kind, host, path, status });
const artefactsOf = (walk: Walk): unknown => walk.snapshot.context.artefacts;
const frozen = artefact('freeze', guestView.uuid, 'expected');

describe('a snapshot of disks alone', () => {
  test('is on record before libvirt is asked', () => {
    const walk = working();
    expect(walk.isIn('working.creating.disksAlone')).toBe(true);
    expect(artefactsOf(walk)).toEqual([
      artefact('claim', guestView.uuid, 'made'),
      artefact('overlay', overlayPath, 'expected'),
      artefact('snapshot', 'before', 'expected'),
    ]);
  });

  test('counts only when a look has shown it, and its definition loses the claim', () => {
    const walk = working().done('takeDisks').done('lookAtSnapshot', look());
    expect(walk.isIn('working.recording.clearing')).toBe(true);
    walk.done('clearSnapshotClaims').done('release', released);
    expect(walk.output()).toMatchObject({
      outcome: 'completed',
      failure: null,
      consistency: 'crash',
      snapshot: { name: 'before', recorded: true },
      artefacts: [artefact('overlay', overlayPath, 'made'), artefact('snapshot', 'before', 'made')],
    });
  });

  test('was taken although its reply was lost', () => {
    const walk = working().fail('takeDisks', lost).done('lookAtSnapshot', look());
    walk.done('clearSnapshotClaims').done('release', released);
    expect(walk.output()).toMatchObject({ outcome: 'completed', failure: null });
  });

  test('was not taken although its reply said so', () => {
    const walk = working().done('takeDisks').done('lookAtSnapshot', look(onBase));
    walk.done('removeSnapshotFiles', { removed: [overlayPath] }).done('release', released);
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'snapshotMissing' },
      snapshot: null,
      consistency: null,
      artefacts: [],
    });
  });

  test('that failed leaves no file of its own, and tells one that stays', () => {
    const walk = working().fail('takeDisks', { ...lost, code: 'libvirtError' });
    walk.done('lookAtSnapshot', look(onBase)).done('removeSnapshotFiles', { removed: [] });
    walk.done('release', released);
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'libvirtError' },
      artefacts: [artefact('overlay', overlayPath, 'left')],
    });
  });

  test('that libvirt has not on its books is merged back', () => {
    const walk = working()
      .fail('takeDisks', lost)
      .done('lookAtSnapshot', look({ recorded: false }));
    expect(walk.isIn('working.merging.asking')).toBe(true);
    walk.done('mergeOverlays').done('lookAtSnapshot', look(onBase));
    walk.done('removeSnapshotFiles', { removed: [overlayPath] }).done('release', released);
    expect(walk.output()).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
  });

  test('of which libvirt does not know the overlay is for an operator, and no file is touched', () => {
    const walk = working().fail('takeDisks', lost);
    walk.done('lookAtSnapshot', look({ ...onBase, hiddenPaths: [overlayPath] }));
    expect(walk.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'overlayUnknown', message: expect.stringContaining(overlayPath) },
    });
    expect(walk.started()).not.toContain('removeSnapshotFiles');
  });

  test('whose definition still names the base gets it named', () => {
    const behind = look({ configured: '/images/guest.qcow2' });
    const walk = working().fail('takeDisks', lost).done('lookAtSnapshot', behind);
    expect(walk.inFlight.get('nameOverlays')?.input).toMatchObject({ as: 'overlay' });
    walk.done('nameOverlays').done('lookAtSnapshot', look());
    expect(walk.isIn('working.recording')).toBe(true);
  });

  test('of what is shut off, without a record, gets its base back', () => {
    const off = { ...guestView, state: 'shutoff', reason: 'shutdown' } as const;
    const walk = working({}, { domain: off }).fail('takeDisks', lost);
    const ahead = look({ domain: { state: 'shutoff' }, recorded: false });
    walk.done('lookAtSnapshot', ahead);
    expect(walk.inFlight.get('nameBases')?.input).toMatchObject({ as: 'base' });
    walk
      .done('nameBases')
      .done('lookAtSnapshot', look({ ...onBase, domain: { state: 'shutoff' } }));
    expect(walk.isIn('tidying.removing')).toBe(true);
  });

  test('that libvirt is to forget needs no record', () => {
    const walk = working({ noMetadata: true }).done('takeDisks');
    walk.done('lookAtSnapshot', look({ recorded: false })).done('release', released);
    expect(walk.output()).toMatchObject({
      outcome: 'completed',
      snapshot: { recorded: false },
      artefacts: [artefact('overlay', overlayPath, 'made')],
    });
  });

  test('never counts overlays that stood before as its own', () => {
    const image = {
      path: overlayPath,
      format: 'qcow2',
      virtualSizeBytes: 1,
      allocationBytes: 1,
      backingPath: '/images/guest.qcow2',
      backingFormat: 'qcow2',
      encrypted: false,
    };
    const target = { path: overlayPath, standing: 'file', availableBytes: 1, users: [] } as const;
    const walk = working({ reuseExternal: true }, { targets: [{ ...target, image }] });
    walk.fail('takeDisks', lost).done('lookAtSnapshot', look(onBase)).done('release', released);
    expect(walk.output()).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
    expect(walk.started()).not.toContain('removeSnapshotFiles');
  });

  test('tells that the domain is gone, and keeps files that may hold its data', () => {
    const walk = working()
      .fail('takeDisks', lost)
      .done('lookAtSnapshot', look({ domain: null }));
    walk.done('release', released);
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'connectionLost' },
      artefacts: [
        artefact('overlay', overlayPath, 'kept'),
        artefact('snapshot', 'before', 'expected'),
      ],
    });
  });

  test('keeps the claim in its definition only where the host falls silent, and says so', () => {
    const walk = working().done('takeDisks').done('lookAtSnapshot', look());
    walk.fail('clearSnapshotClaims', lost).elapse('askAgain').fail('clearSnapshotClaims', lost);
    walk.elapse('peerWait').done('release', released);
    expect(walk.output()).toMatchObject({ outcome: 'completed' });
    expect(walk.snapshot.context.notes.join()).toContain('--break-claim');
  });
});

describe('a silent host', () => {
  test('is asked again and again, then an operator is called', () => {
    const walk = working().fail('takeDisks', lost).done('lookAtSnapshot', silent);
    walk.elapse('askAgain').done('lookAtSnapshot', silent).elapse('peerWait');
    expect(walk.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'peerUnreachable', message: expect.stringContaining('gone') },
      artefacts: expect.arrayContaining([artefact('overlay', overlayPath, 'expected')]),
    });
  });

  test('that still works on it is waited for', () => {
    const busy = look({ domain: { job: { operation: 'snapshot' } }, ...onBase });
    const walk = working().fail('takeDisks', lost).done('lookAtSnapshot', busy);
    expect(walk.isIn('working.looking.waiting')).toBe(true);
    walk.elapse('askAgain').done('lookAtSnapshot', look());
    expect(walk.isIn('working.recording')).toBe(true);
  });
});

describe('a freeze', () => {
  const asked = { quiesce: 'required' } as const;
  const freezing = (quiesce: 'required' | 'try' = 'required') =>
    working({ quiesce }).done('askAgent', { agent: 'connected', atEpochMs: 10 });

  test('is on record before it is asked for, and comes before the disks', () => {
    const walk = freezing();
    expect(walk.isIn('working.quiescing.freezing')).toBe(true);
    expect(artefactsOf(walk)).toContainEqual(frozen);
    expect(walk.started()).not.toContain('createSnapshot');
  });

  test('is thawed before anything is looked at, and tells how long it lasted', () => {
    const walk = freezing().done('freezeGuest', { frozen: 1 }).done('takeDisks');
    expect(walk.isIn('working.thawing.asking')).toBe(true);
    walk.done('thawGuest', { atEpochMs: 60 }).done('lookAtSnapshot', look());
    walk.done('clearSnapshotClaims').done('release', released);
    expect(walk.output()).toMatchObject({ consistency: 'filesystem', frozenMs: 50 });
  });

  test('is thawed when the snapshot failed, too', () => {
    const walk = freezing().done('freezeGuest', { frozen: 1 }).fail('takeDisks', lost);
    expect(walk.isIn('working.thawing.asking')).toBe(true);
  });

  test('is thawed when the daemon hangs in the snapshot', () => {
    const walk = freezing().done('freezeGuest', { frozen: 1 }).elapse('disksWait');
    expect(walk.isIn('working.thawing.asking')).toBe(true);
  });

  test('that is required and not answered ends in a thaw and no snapshot', () => {
    const walk = freezing().fail('freezeGuest', unanswered);
    expect(walk.isIn('working.thawing.asking')).toBe(true);
    walk.done('thawGuest', { atEpochMs: 60 }).done('release', released);
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'agentTimeout' },
      artefacts: [],
    });
    expect(walk.started()).not.toContain('createSnapshot');
  });

  test('that is only tried and not answered is thawed, and the disks are taken then', () => {
    const walk = freezing('try').fail('freezeGuest', unanswered);
    walk.done('thawGuest', { atEpochMs: 60 });
    expect(walk.isIn('working.creating.disksAlone')).toBe(true);
    walk.done('takeDisks').done('lookAtSnapshot', look()).done('clearSnapshotClaims');
    walk.done('release', released);
    expect(walk.output()).toMatchObject({ outcome: 'completed', consistency: 'crash' });
  });

  test('without an agent is not waited for', () => {
    const gone = { agent: 'disconnected', atEpochMs: 10 };
    const walk = working(asked).done('askAgent', gone).done('release', released);
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'agentUnavailable' },
    });
    expect(working({ quiesce: 'try' }).done('askAgent', gone).isIn('working.creating')).toBe(true);
  });

  test('of nothing is none where it is required', () => {
    const walk = freezing().done('freezeGuest', { frozen: 0 });
    walk.done('thawGuest', { atEpochMs: 60 }).done('release', released);
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'freezeFailed' },
    });
  });

  test('that does not thaw is asked again, and is an operator’s in the end', () => {
    const walk = freezing().done('freezeGuest', { frozen: 1 }).done('takeDisks');
    walk.fail('thawGuest', unanswered).elapse('askAgain').fail('thawGuest', unanswered);
    walk.elapse('thawWait').done('lookAtSnapshot', look()).done('clearSnapshotClaims');
    expect(walk.isIn('thawingLast')).toBe(true);
    walk.fail('thawLast', unanswered);
    expect(walk.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'guestFrozen' },
      artefacts: expect.arrayContaining([artefact('claim', guestView.uuid, 'kept')]),
    });
  });

  test('is not tried of a guest that is paused or whose memory is taken', () => {
    const paused = { ...guestView, state: 'paused', reason: 'user' } as const;
    expect(working({ quiesce: 'try' }, { domain: paused }).isIn('working.creating')).toBe(true);
    const target = { path: '/images/memory', standing: null, image: null } as const;
    const targets = [{ ...target, availableBytes: 2 ** 34, users: [] }];
    const memory = working({ quiesce: 'try', memoryPath: target.path }, { targets });
    expect(memory.isIn('working.creating.withMemory')).toBe(true);
  });

  test('may be called off before the disks are taken', () => {
    const walk = freezing().send({ type: 'abort.requested' }).done('freezeGuest', { frozen: 1 });
    walk.done('thawGuest', { atEpochMs: 60 }).done('release', released);
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested' },
    });
    expect(walk.started()).not.toContain('createSnapshot');
  });
});

describe('a snapshot with memory', () => {
  const target = { standing: null, image: null, availableBytes: 2 ** 34, users: [] } as const;
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

  test('is aborted by its job, and what came of it is looked at', () => {
    const walk = external().send({ type: 'abort.requested' });
    expect(walk.isIn('working.aborting')).toBe(true);
    walk.done('abortSnapshot').done('lookAtSnapshot', look(onBase));
    walk.done('removeSnapshotFiles', { removed: [overlayPath, '/images/memory'] });
    walk.done('release', released);
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested' },
      artefacts: [],
    });
  });

  test('is aborted again while its job goes on', () => {
    const busy = look({ domain: { job: { operation: 'snapshot' } }, ...onBase });
    const walk = external().send({ type: 'abort.requested' }).done('abortSnapshot');
    walk.done('lookAtSnapshot', busy).elapse('askAgain');
    expect(walk.isIn('working.aborting')).toBe(true);
  });

  test('is aborted when it takes too long', () => {
    const walk = external().elapse('snapshotWait');
    expect(walk.isIn('working.aborting')).toBe(true);
    walk.done('abortSnapshot').done('lookAtSnapshot', look(onBase));
    walk.done('removeSnapshotFiles', { removed: [] }).done('release', released);
    expect(walk.output()).toMatchObject({ failure: { code: 'timeBudgetExceeded' } });
  });

  test('that was whole when the abort came stays', () => {
    const walk = external().send({ type: 'abort.requested' }).done('abortSnapshot');
    walk.done('lookAtSnapshot', look()).done('clearSnapshotClaims').done('release', released);
    expect(walk.output()).toMatchObject({ outcome: 'completed', failure: null });
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
    const walk = external().fail('takeMemory', lost);
    walk.done('lookAtSnapshot', look({ ...onBase, domain: { state: 'paused', reason: 'user' } }));
    expect(walk.isIn('tidying')).toBe(true);
  });

  test('that lies in the disks and that libvirt forgets cannot be looked for', () => {
    const asked = { kind: 'internal', noMetadata: true } as const;
    const unseen = look({ recorded: false, ...onBase });
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

describe('other ends', () => {
  test('a guest that was to be halted and runs on is told of, and not ended late', () => {
    const walk = working({ halt: true }).fail('takeDisks', lost).done('lookAtSnapshot', look());
    walk.done('clearSnapshotClaims').done('release', released);
    expect(walk.output()).toMatchObject({ outcome: 'completed' });
    expect(walk.snapshot.context.notes.join()).toContain('runs on');
  });

  test('metadata are redefined alone, again where the reply was lost', () => {
    const walk = working(
      { redefine: { xml: '<domainsnapshot/>', current: true } },
      { targets: [] },
    );
    walk.fail('redefineSnapshot', lost).elapse('askAgain').done('redefineSnapshot');
    walk.done('release', released);
    expect(walk.output()).toMatchObject({ outcome: 'completed', snapshot: null, artefacts: [] });
    expect(walk.started()).not.toContain('createSnapshot');
  });

  test('metadata that libvirt refuses change nothing', () => {
    const walk = working({ redefine: { xml: '<x/>', current: false } }, { targets: [] });
    const refused = { code: 'libvirtError', message: 'no', effect: 'none' } as const;
    walk.fail('redefineSnapshot', refused).done('release', released);
    expect(walk.output()).toMatchObject({ outcome: 'rolledBack', failure: refused });
  });

  test('a watch that fails costs nothing but the outage', () => {
    const walk = working()
      .fail('watchDomain', lost)
      .done('takeDisks')
      .done('lookAtSnapshot', look());
    walk.done('clearSnapshotClaims').done('release', released);
    expect(walk.output()).toMatchObject({ outcome: 'completed', outageMs: null });
  });

  test('the claim stands until all is done', () => {
    const walk = working().done('takeDisks').done('lookAtSnapshot', look());
    expect(walk.snapshot.context.claim).toEqual(claim);
    expect(walk.started()).not.toContain('releaseClaims');
  });
});
