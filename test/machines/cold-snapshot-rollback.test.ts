import { describe, expect, test } from 'vitest';

import {
  claimed,
  copied,
  copiedWalk,
  detached,
  gpu,
  image,
  off,
  onOverlay,
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
import type { Walk } from './walk.ts';

const broken = { code: 'libvirtError', message: 'it broke', effect: 'none' } as const;
const lost = { code: 'connectionLost', message: 'the reply is lost', effect: 'unknown' } as const;
const abort = (walk: Walk): Walk => walk.send({ type: 'abort.requested' });
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

  test('leaves nothing open of a device that was asked for before the guest ended', () => {
    const walk = claimed()
      .done('detach')
      .fail('lookAtDevice', broken)
      .done('lookAround', seenAs({ domain: off, devices: [] }));
    expect(released(walk)).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
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

  test('removes half a save that its daemon did not outlive, and no save before the guest runs', () => {
    const walk = detached().fail('save', lost);
    walk.done('lookAtSave', seenAs({ domain: { ...running, managedSave: true } }));
    walk.done('lookAround', seenAs({ domain: { ...running, managedSave: true } }));
    walk.done('dropSave').done('lookAround', seenAs({}));
    expect(released(walk).outcome).toBe('rolledBack');
    expect(statusesOf(walk, 'memory')).toEqual([]);
    const waiting = copiedWalk().done('lookAround', seenAs({ domain: saved, devices: [] }));
    expect(waiting.inFlight.has('dropSave')).toBe(false);
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

  test('waits for the answer of a save that it calls off, and says it again until then', () => {
    const walk = abort(detached()).done('abortWriting').elapse('askAgain');
    expect(walk.inFlight.has('abortWriting')).toBe(true);
    expect(walk.inFlight.has('save')).toBe(true);
    const back = walk.fork().fail('save', broken).done('lookAround', seenAs({}));
    expect(released(back)).toMatchObject({ outcome: 'rolledBack' });
    const late = walk.done('save').done('lookAround', seenAs({ domain: saved, devices: [] }));
    expect(late.done('start').isIn('working.returning')).toBe(true);
  });

  test('says so when the guest ended before its memory was saved', () => {
    const walk = detached().fail('save', lost);
    walk.done('lookAtSave', seenAs({ domain: { ...off, reason: 'destroyed' }, devices: [] }));
    walk.done('lookAround', seenAs({ domain: { ...off, reason: 'destroyed' }, devices: [] }));
    expect(walk.snapshot.context.failure).toMatchObject({ code: 'guestEnded' });
  });

  test('looks twice for a save of which nothing is seen, since its daemon may read it late', () => {
    const walk = detached()
      .fail('save', lost)
      .done('lookAtSave', seenAs({ devices: [rng] }));
    expect(walk.isIn('working.saving.hearing')).toBe(true);
    walk.elapse('unheard').done('lookAtSave', seenAs({ domain: saved, devices: [] }));
    expect(walk.isIn('working.copying')).toBe(true);
  });

  test('gives up a guest that stays paused although each resume says that it is done', () => {
    const stands = { ...running, state: 'paused', reason: 'apiError' } as const;
    const walk = detached()
      .fail('save', broken)
      .done('lookAround', seenAs({ domain: stands }));
    for (let tries = 1; tries <= 3; tries += 1)
      walk.done('resume').done('lookAround', seenAs({ domain: stands }));
    expect(released(walk)).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'guestNotReturned', message: expect.stringContaining('virsh resume guest') },
    });
  });

  test('gives up a guest whose memory waits on although each start says that it is done', () => {
    const waits = seenAs({ domain: saved, devices: [] });
    const walk = detached().done('save');
    walk.fail('copyDisk', broken);
    walk.done('lookAround', waits);
    for (let tries = 1; tries <= 3; tries += 1) walk.done('start').done('lookAround', waits);
    walk.done('removeFile');
    expect(released(walk)).toMatchObject({
      outcome: 'needsOperator',
      failure: { message: expect.stringContaining('virsh start guest') },
    });
  });

  test('measures how long its host is silent, however long each look takes', () => {
    const silent = detached().fail('save', broken).fail('lookAround', lost);
    expect(silent.fork().elapse('askAgain').inFlight.has('lookAround')).toBe(true);
    expect(released(silent.elapse('silentWait'))).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'hostSilent' },
    });
    const save = detached().fail('save', lost).fail('lookAtSave', lost).elapse('silentWait');
    expect(save.inFlight.has('abortSave')).toBe(true);
  });

  test('waits for a silent host anew after a time in which nobody drove', () => {
    const walk = detached().fail('save', broken).fail('lookAround', lost);
    const timer = [...walk.timers.values()].find(({ id }) => id.includes('silentWait'));
    if (timer === undefined) throw new Error('nothing bounds the wait');
    walk.send({ ...timer.event, late: true } as { type: string });
    expect(walk.isIn('working.returning.looking.asking')).toBe(true);
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
