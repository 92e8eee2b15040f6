import { describe, expect, test } from 'vitest';

import {
  base,
  claimed,
  coldFacts,
  coldInput,
  copied,
  copiedWalk,
  detached,
  gpu,
  image,
  off,
  onOverlay,
  overlay,
  paused,
  released,
  rng,
  running,
  saved,
  savedWalk,
  seenAs,
  staged,
  statusesOf,
  told,
  vgpu,
} from './cold.ts';
import { coldSnapshot } from '../../machines/index.ts';
import { Walk } from './walk.ts';

const broken = { code: 'libvirtError', message: 'it broke', effect: 'none' } as const;
const lost = { code: 'connectionLost', message: 'the reply is lost', effect: 'unknown' } as const;
const abort = (walk: Walk): Walk => walk.send({ type: 'abort.requested' });
const refusedBy = (facts: object, input: object = {}): string => {
  const walk = new Walk(coldSnapshot, coldInput(input)).done('gather', { ...coldFacts, ...facts });
  const { failure, outcome } = released(walk);
  expect(outcome).toBe('refused');
  expect(walk.started()).toEqual(['gatherFacts']);
  return failure?.code ?? '';
};

describe('a cold snapshot', () => {
  test('takes devices out one by one, saves, copies, starts and puts each device back', () => {
    const walk = copiedWalk()
      .done('lookAround', seenAs({ domain: saved, devices: [] }))
      .done('start')
      .see('domain.resumed', 'fromSnapshot')
      .done('lookAround', seenAs({ devices: [rng] }))
      .done('attach')
      .done('lookAround', seenAs({ devices: [gpu, rng] }))
      .done('attach')
      .done('lookAround', seenAs({}));
    expect(released(walk)).toMatchObject({
      outcome: 'completed',
      failure: null,
      images: [{ targetDev: 'vda', path: image, format: 'qcow2', ...copied }],
      consistency: 'crash',
      outageMs: 1,
      lostDevices: [],
    });
    expect(statusesOf(walk, 'device')).toEqual([]);
    expect(statusesOf(walk, 'memory')).toEqual([]);
    expect(statusesOf(walk, 'image')).toEqual([`${image} made`]);
    expect([...walk.inFlight.keys(), ...walk.timers.keys()]).toEqual([]);
  });

  test('has each device on record before it asks for it, and takes none that can be saved', () => {
    const walk = claimed();
    expect(walk.inFlight.get('detach')?.input).toMatchObject({ device: gpu });
    expect(statusesOf(walk, 'device')).toEqual(['hostdev0 expected']);
    walk.done('detach').done('lookAtDevice', seenAs({ devices: [vgpu, rng] }));
    expect(statusesOf(walk, 'device')).toEqual(['hostdev0 made', 'hostdev1 expected']);
    walk.done('detach').done('lookAtDevice', seenAs({ devices: [rng] }));
    expect(walk.isIn('working.saving.asking')).toBe(true);
    expect(statusesOf(walk, 'memory')).toHaveLength(1);
  });

  test('takes out what it is told to, beside what cannot be saved', () => {
    const walk = claimed({ detach: ['rng0'] }, { devices: [rng] });
    expect(walk.inFlight.get('detach')?.input).toMatchObject({ device: rng });
  });

  test('waits for the event of a device that takes its time', () => {
    const walk = claimed().done('detach').done('lookAtDevice', seenAs({}));
    expect(walk.isIn('working.detaching.awaiting')).toBe(true);
    told(walk, 'device.removed', 'hostdev1');
    expect(walk.isIn('working.detaching.awaiting')).toBe(true);
    told(walk, 'device.removed', 'hostdev0');
    expect(walk.isIn('working.detaching.looking')).toBe(true);
  });

  test('of a domain that is shut off only copies', () => {
    const walk = claimed({}, { domain: off, devices: [] });
    walk.done('copyDisk', copied).done('nameImage');
    expect(released(walk)).toMatchObject({ outcome: 'completed', outageMs: null });
    expect(walk.started()).not.toContain('saveMemory');
    expect(walk.started()).not.toContain('startSaved');
  });

  test('starts a paused guest paused, and has no outage to tell', () => {
    const walk = claimed({}, { domain: paused, devices: [] })
      .see('domain.suspended', 'paused')
      .done('save')
      .done('copyDisk', copied)
      .done('nameImage')
      .done('lookAround', seenAs({ domain: saved, devices: [] }));
    expect(walk.inFlight.get('start')?.input).toMatchObject({ paused: true });
    walk.done('start').done('lookAround', seenAs({ domain: { ...paused, reason: 'migration' } }));
    expect(released(walk)).toMatchObject({ outcome: 'completed', outageMs: null });
    expect(walk.started()).not.toContain('resumeGuest');
  });

  test('names an image only when it is whole, and takes its draft off the record then', () => {
    const walk = savedWalk();
    expect(statusesOf(walk, 'image')).toEqual([`${staged} expected`]);
    walk.done('copyDisk', copied);
    expect(statusesOf(walk, 'image')).toEqual([`${staged} expected`, `${image} expected`]);
    walk.done('nameImage');
    expect(statusesOf(walk, 'image')).toEqual([`${image} made`]);
  });
});

describe('a cold snapshot is refused', () => {
  test.each([
    ['disksKnown', {}, { disks: ['vdz'] }],
    ['formatWritable', {}, { format: 'vhdx' }],
    ['nameValid', {}, { fileName: 'a/b' }],
    ['targetFree', { target: { ...coldFacts.target, standing: [image] } }, {}],
    ['targetFree', { target: { ...coldFacts.target, neighbours: ['another'] } }, {}],
    ['imageSpace', { target: { ...coldFacts.target, availableBytes: 1 } }, {}],
    ['memorySpace', { memoryBytesAvailable: 1 }, {}],
    ['domainPersistent', { domain: { ...running, persistent: false } }, {}],
    ['noSavedMemory', { domain: saved }, {}],
    ['devicesKnown', {}, { detach: ['net7'] }],
    ['devicesFree', { domain: paused }, {}],
    ['noOtherJob', { domain: { ...running, job: { operation: 'save' } } }, {}],
    [
      'noBlockJob',
      {
        domain: { ...running, disks: running.disks.map((disk) => ({ ...disk, blockJob: 'copy' })) },
      },
      {},
    ],
  ])('%s, with nothing touched', (check, facts, input) => {
    expect(refusedBy(facts, input)).toBe(check);
  });
});

describe('the way back of a cold snapshot', () => {
  test('puts back what was taken out when a later device stays', () => {
    const walk = claimed()
      .done('detach')
      .done('lookAtDevice', seenAs({ devices: [vgpu, rng] }))
      .done('detach')
      .done('lookAtDevice', seenAs({ devices: [vgpu, rng] }))
      .elapse('deviceWait')
      .done('lookAtDeviceLast', seenAs({ devices: [vgpu, rng] }))
      .done('lookAround', seenAs({ devices: [vgpu, rng] }));
    expect(walk.inFlight.get('attach')?.input).toMatchObject({ device: gpu });
    walk.done('attach').done('lookAround', seenAs({}));
    expect(released(walk)).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'deviceRemovalTimeout' },
      lostDevices: [],
    });
    expect(walk.started()).not.toContain('saveMemory');
  });

  test('puts back what was taken out when the guest refuses another', () => {
    const walk = claimed()
      .done('detach')
      .done('lookAtDevice', seenAs({ devices: [vgpu, rng] }))
      .done('detach');
    told(walk, 'device.removalFailed', 'hostdev1')
      .done('lookAround', seenAs({ devices: [vgpu, rng] }))
      .done('attach')
      .done('lookAround', seenAs({}));
    expect(released(walk)).toMatchObject({ failure: { code: 'deviceRemovalFailed' } });
  });

  test('puts every device back when the save fails', () => {
    const walk = detached()
      .fail('save', broken)
      .done('lookAround', seenAs({ devices: [rng] }))
      .done('attach')
      .done('lookAround', seenAs({ devices: [gpu, rng] }))
      .done('attach')
      .done('lookAround', seenAs({}));
    expect(released(walk)).toMatchObject({ outcome: 'rolledBack', failure: broken });
  });

  test('goes on forward when the reply of a save is lost that was made', () => {
    const walk = detached()
      .fail('save', lost)
      .done('lookAtSave', seenAs({ domain: saved }));
    expect(walk.isIn('working.copying.converting')).toBe(true);
    expect(walk.snapshot.context.failure).toBeNull();
  });

  test('waits for a save that goes on without it', () => {
    const busy = { ...paused, reason: 'save', job: { operation: 'save' } } as const;
    const walk = detached()
      .fail('save', lost)
      .done('lookAtSave', seenAs({ domain: busy }));
    walk.elapse('askAgain').done('lookAtSave', seenAs({ domain: saved }));
    expect(walk.isIn('working.copying.converting')).toBe(true);
  });

  test('lets a guest run again that a failed save left paused', () => {
    const left = { ...paused, reason: 'apiError' };
    const walk = detached()
      .fail('save', lost)
      .done('lookAtSave', seenAs({ domain: left }));
    walk.done('lookAround', seenAs({ domain: left }));
    expect(walk.inFlight.has('resume')).toBe(true);
  });

  test('leaves a guest paused that somebody has paused meanwhile', () => {
    const walk = detached()
      .fail('save', broken)
      .done('lookAround', seenAs({ domain: paused }));
    expect(released(walk).outcome).toBe('rolledBack');
    expect(walk.started()).not.toContain('resumeGuest');
  });

  test.each([
    ['the copy', (walk: Walk) => walk.fail('copyDisk', broken)],
    ['an abort', abort],
    ['the name', (walk: Walk) => walk.done('copyDisk', copied).fail('nameImage', broken)],
    ['somebody who starts it', (walk: Walk) => walk.see('domain.started', 'booted')],
  ])('starts the guest, and then takes the files away, after %s', (_, fail) => {
    const walk = fail(savedWalk()).done('lookAround', seenAs({ domain: saved, devices: [] }));
    walk.done('start').done('lookAround', seenAs({})).done('removeFile');
    expect(released(walk)).toMatchObject({ outcome: 'rolledBack', images: [] });
    expect(statusesOf(walk, 'image')).toEqual([]);
    expect(statusesOf(walk, 'device')).toEqual([]);
  });

  test('never removes an image that stood there when it was to be named', () => {
    const exists = { code: 'imageExists', message: 'it stands', effect: 'none' } as const;
    const walk = savedWalk().done('copyDisk', copied).fail('nameImage', exists);
    walk.done('lookAround', seenAs({}));
    expect(walk.inFlight.get('removeFile')?.input).toMatchObject({ path: staged });
    expect(released(walk.done('removeFile')).outcome).toBe('rolledBack');
  });

  test('goes on with the others where one device cannot be put back, and tells of it', () => {
    const walk = copiedWalk().done('lookAround', seenAs({ devices: [rng] }));
    for (const _ of [1, 2]) {
      walk
        .fail('attach', broken)
        .elapse('askAgain')
        .done('lookAround', seenAs({ devices: [rng] }));
    }
    walk
      .fail('attach', broken)
      .elapse('askAgain')
      .done('lookAround', seenAs({ devices: [rng] }));
    expect(walk.inFlight.get('attach')?.input).toMatchObject({ device: vgpu });
    walk.done('attach').done('lookAround', seenAs({ devices: [vgpu, rng] }));
    const output = walk.output();
    expect(output).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'devicesLost' },
      images: [{ path: image }],
      lostDevices: [{ xml: gpu.xml, message: 'it broke' }],
    });
    expect(statusesOf(walk, 'device')).toEqual(['hostdev0 left']);
  });

  test('calls an operator for a guest that does not start, and keeps the image', () => {
    const walk = copiedWalk();
    for (const _ of [1, 2, 3]) {
      walk.done('lookAround', seenAs({ domain: saved, devices: [] }));
      walk.fail('start', broken).elapse('askAgain');
    }
    walk.done('lookAround', seenAs({ domain: saved, devices: [] }));
    expect(walk.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'guestNotReturned', message: expect.stringContaining('virsh start guest') },
      images: [{ path: image }],
    });
    expect(statusesOf(walk, 'memory')).toHaveLength(1);
  });

  test('can be aborted wherever it waits before the image is whole', () => {
    const waits: readonly Walk[] = [
      claimed(),
      claimed().done('detach').done('lookAtDevice', seenAs({})),
      detached(),
      savedWalk(),
      onOverlay(),
    ];
    for (const walk of waits) {
      expect(abort(walk.fork()).snapshot.context.failure).toMatchObject({ code: 'abortRequested' });
    }
  });
});

describe('a cold snapshot with a short outage', () => {
  const live = { configuration: overlay, live: overlay };
  const ready = { ...live, job: { type: 'activeCommit', ready: true } } as const;

  test('starts the guest on an overlay, copies the frozen base, and merges', () => {
    const walk = onOverlay();
    expect(walk.inFlight.get('copyDisk')?.input).toMatchObject({ shared: true });
    walk
      .done('copyDisk', copied)
      .done('nameImage')
      .done('lookAround', seenAs({ disk: live }));
    walk
      .done('commit')
      .see('blockJob.ready')
      .done('lookAround', seenAs({ disk: ready }));
    walk.done('pivot').done('lookAround', seenAs({ disk: { live: base } }));
    expect(walk.inFlight.get('removeFile')?.input).toMatchObject({ path: overlay });
    expect(released(walk.done('removeFile'))).toMatchObject({ outcome: 'completed', outageMs: 1 });
    expect(statusesOf(walk, 'overlay')).toEqual([]);
  });

  test('has the configuration name the overlay before the saved image does', () => {
    const walk = savedWalk({ shortOutage: true });
    expect(statusesOf(walk, 'overlay')).toEqual([`${overlay} expected`]);
    walk.done('makeOverlay');
    expect(walk.inFlight.get('configureOverlay')?.input).toMatchObject({ place: 'configuration' });
    walk.done('configureOverlay');
    expect(walk.inFlight.get('pointOverlay')?.input).toMatchObject({ place: 'managedSave' });
  });

  test('turns the saved image back before the configuration, and starts on the base then', () => {
    const walk = savedWalk({ shortOutage: true }).done('makeOverlay').done('configureOverlay');
    abort(walk).done(
      'lookAround',
      seenAs({ domain: saved, disk: { configuration: overlay, managedSave: overlay } }),
    );
    walk.done('takeFromSave');
    walk.done(
      'lookAround',
      seenAs({ domain: saved, disk: { configuration: overlay, managedSave: base } }),
    );
    walk.done('takeFromConfiguration');
    walk.done('lookAround', seenAs({ domain: saved, disk: { managedSave: base } }));
    expect(walk.inFlight.has('start')).toBe(true);
    walk
      .done('start')
      .done('lookAround', seenAs({ disk: { live: base } }))
      .done('removeFile');
    expect(released(walk)).toMatchObject({ outcome: 'rolledBack' });
  });

  test('merges before it turns anything back where the guest was on the overlay', () => {
    const walk = abort(onOverlay());
    walk.done('lookAround', seenAs({ domain: off, devices: [], disk: { configuration: overlay } }));
    expect(walk.inFlight.has('merge')).toBe(true);
    walk.done('merge');
    walk.done('lookAround', seenAs({ domain: off, devices: [], disk: { configuration: overlay } }));
    expect(walk.inFlight.has('takeFromConfiguration')).toBe(true);
  });

  test('copies on when the guest shuts itself down, since its base is frozen all the same', () => {
    const walk = onOverlay().see('domain.stopped', 'shutdown').see('domain.started', 'booted');
    expect(walk.isIn('working.copying.converting')).toBe(true);
  });

  test('goes back to the base where the guest does not start on the overlay', () => {
    const on = seenAs({ domain: saved, disk: { configuration: overlay, managedSave: overlay } });
    const walk = savedWalk({ shortOutage: true });
    walk.done('makeOverlay').done('configureOverlay').done('pointOverlay');
    for (const _ of [1, 2, 3]) walk.done('lookAround', on).fail('start', broken).elapse('askAgain');
    walk.done('lookAround', on);
    expect(walk.snapshot.context).toMatchObject({
      goal: 'asBefore',
      failure: { effect: 'unknown' },
    });
    walk.done('lookAround', on);
    expect(walk.inFlight.has('merge')).toBe(true);
  });

  test('asks a person where the guest ended in the moment of the pivot', () => {
    const walk = onOverlay().done('copyDisk', copied).done('nameImage');
    walk
      .done('lookAround', seenAs({ disk: ready }))
      .fail('pivot', lost)
      .elapse('askAgain');
    walk.done('lookAround', seenAs({ domain: off, devices: [], disk: { configuration: overlay } }));
    expect(walk.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'unknownLayer' },
      images: [{ path: image }],
    });
    expect(statusesOf(walk, 'overlay')).toEqual([`${overlay} made`]);
  });

  test('never ends a job that somebody else has on the disk', () => {
    const walk = onOverlay().done('copyDisk', copied).done('nameImage');
    walk.done('lookAround', seenAs({ disk: { ...live, job: { type: 'copy', ready: true } } }));
    expect(walk.isIn('working.returning.patience')).toBe(true);
    expect(walk.started()).not.toContain('pivotOverlay');
  });

  test('keeps both files, and tells so, where the overlay cannot be merged', () => {
    const walk = onOverlay().done('copyDisk', copied).done('nameImage');
    for (const _ of [1, 2, 3])
      walk
        .done('lookAround', seenAs({ disk: live }))
        .fail('commit', broken)
        .elapse('askAgain');
    walk.done('lookAround', seenAs({ disk: live }));
    expect(walk.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { message: expect.stringContaining(`${overlay}, which holds what is newer`) },
    });
    expect(statusesOf(walk, 'overlay')).toEqual([`${overlay} made`]);
  });
});
