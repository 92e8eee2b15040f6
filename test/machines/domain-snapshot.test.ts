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
  working,
} from './domain-snapshot.ts';
import { guestView } from './facts.ts';
import type { Walk } from './walk.ts';

const artefact = (kind: string, path: string, status: string) => ({ kind, host, path, status });
const artefactsOf = (walk: Walk): unknown => walk.snapshot.context.artefacts;

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
    walk
      .done('removeSnapshotFiles', { removed: [overlayPath], held: [] })
      .done('release', released);
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'snapshotMissing' },
      snapshot: null,
      consistency: null,
      artefacts: [],
    });
  });

  test('that failed leaves no file of its own, and tells one that stays', () => {
    const refused = { ...lost, code: 'libvirtError', libvirt: { code: 1, domain: 10 } };
    const walk = working().fail('takeDisks', refused);
    walk
      .done('lookAtSnapshot', look(onBase))
      .done('removeSnapshotFiles', { removed: [], held: [] });
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
    walk
      .done('removeSnapshotFiles', { removed: [overlayPath], held: [] })
      .done('release', released);
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

  test('of which libvirt does not know the overlay tells the way back by QEMU’s own names', () => {
    const walk = working().fail('takeDisks', lost);
    const openFiles = [
      { path: overlayPath, nodes: ['libvirt-3-format', '#block9'] },
      { path: onBase.top, nodes: ['libvirt-1-format', 'libvirt-1-storage'] },
    ];
    walk.done('lookAtSnapshot', look({ ...onBase, hiddenPaths: [overlayPath], openFiles }));
    const { message } = Object(walk.output()).failure;
    expect(message.match(/"execute":"[^}]*}/g)).toEqual([
      '"execute":"block-commit","arguments":{"job-id":"merge-vda","device":"libvirt-3-format","base-node":"libvirt-1-format"}',
      '"execute":"query-block-jobs","arguments":{}',
      '"execute":"job-complete","arguments":{"id":"merge-vda"}',
      '"execute":"blockdev-del","arguments":{"node-name":"libvirt-3-format"}',
    ]);
  });

  test('whose overlay QEMU does not let go of is told with the node and the way to be rid of it', () => {
    const walk = working().fail('takeDisks', lost).done('lookAtSnapshot', look(onBase));
    walk.elapse('unheard').done('lookAtSnapshot', look(onBase));
    const overlayPaths = [overlayPath];
    expect(walk.inFlight.get('removeSnapshotFiles')?.input).toMatchObject({ overlayPaths });
    const held = [{ path: overlayPath, nodes: ['libvirt-3-storage'] }];
    walk.done('removeSnapshotFiles', { removed: [], held }).done('release', released);
    const told = `'{"execute":"blockdev-del","arguments":{"node-name":"libvirt-3-storage"}}'`;
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      artefacts: [artefact('overlay', overlayPath, 'left')],
      notes: [
        expect.stringContaining('libvirt-3-storage'),
        expect.stringContaining(told),
        `rm ${overlayPath}`,
      ],
    });
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
    const target = {
      path: overlayPath,
      standing: 'file',
      availableBytes: 1,
      users: [],
      neighbours: [],
    } as const;
    const walk = working({ reuseExternal: true }, { targets: [{ ...target, image }] });
    walk.fail('takeDisks', lost).done('lookAtSnapshot', look(onBase)).elapse('unheard');
    walk.done('lookAtSnapshot', look(onBase)).done('release', released);
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
    expect(walk.snapshot.context.notes.join()).toContain('`breakClaims`');
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
