import { describe, expect, test } from 'vitest';

import { coldSnapshot } from '../../machines/index.ts';
import {
  claimed,
  coldFacts,
  coldInput,
  copied,
  copiedWalk,
  gpu,
  image,
  off,
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
import { Walk } from './walk.ts';

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

  test('that goes well never says that it rolls back', () => {
    const walk = copiedWalk();
    const expectForward = (): void => expect(walk.snapshot.hasTag('rollingBack')).toBe(false);
    expectForward();
    walk.done('lookAround', seenAs({ domain: saved, devices: [] }));
    expect(walk.isIn('working.returning.starting')).toBe(true);
    expectForward();
    walk.done('start');
    expectForward();
    walk.done('lookAround', seenAs({ devices: [rng] }));
    expect(walk.isIn('working.returning.attaching')).toBe(true);
    expectForward();
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
    expect(released(walk)).toMatchObject({
      outcome: 'completed',
      outageMs: null,
      consistency: 'application',
    });
    expect(walk.started()).not.toContain('saveMemory');
    expect(walk.started()).not.toContain('startSaved');
  });

  test('of a domain that did not shut itself down is as after a power cut', () => {
    const walk = claimed({}, { domain: { ...off, reason: 'destroyed' }, devices: [] });
    walk.done('copyDisk', copied).done('nameImage');
    expect(released(walk)).toMatchObject({ outcome: 'completed', consistency: 'crash' });
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
    ['stateFit', {}, { mustBeOff: true }],
    ['stateFit', { domain: paused }, { mustBeOff: true }],
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
