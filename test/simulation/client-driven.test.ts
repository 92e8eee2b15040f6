import { describe, expect, test } from 'vitest';
import type {
  CallFault,
  Fault,
  Incident,
  MigrationPhase,
} from '../../src/adapters/simulated/index.ts';
import { inOneLine, Watched } from '../contract/watched.ts';
import type { Phase } from './driven.ts';
import { DrivenScene } from './driven.ts';
import { privateGuest, Scene } from './scene.ts';

const untouched = 'running booted persistent';
const canceled = 'running migrationCanceled persistent';
const leftPaused = 'paused migration persistent';
const arrived = 'running migrated persistent';
const phases: readonly Phase[] = ['begin', 'prepare', 'perform', 'finish', 'confirm'];

async function driveWith(...faults: readonly Fault[]) {
  const scene = new DrivenScene({ faults });
  const failure = await scene.drive(...phases);
  await scene.pass(60_000);
  return { scene, failure };
}

describe('a phase call whose connection ends', () => {
  test.each<[Phase, CallFault & string, string | null, string | null]>([
    ['begin', 'loseRequest', untouched, null],
    ['begin', 'loseReply', untouched, null],
    ['prepare', 'loseRequest', 'running booted persistent migrationOut', null],
    ['prepare', 'loseReply', 'running booted persistent migrationOut', null],
    ['perform', 'loseRequest', untouched, 'paused migration transient migrationIn'],
    ['perform', 'loseReply', leftPaused, 'paused migration transient migrationIn'],
    ['finish', 'loseRequest', 'paused migration persistent migrationOut', null],
    ['finish', 'loseReply', 'paused migration persistent migrationOut', arrived],
    ['confirm', 'loseRequest', leftPaused, arrived],
    ['confirm', 'loseReply', null, arrived],
  ])('%s, %s', async (phase, fault, source, destination) => {
    const { scene, failure } = await driveWith({ at: { call: `link.${phase}` }, do: fault });
    expect(failure).toMatchObject({ code: 'connectionLost', effect: 'unknown' });
    const isOnDestination = phase === 'prepare' || phase === 'finish';
    expect(scene.lost).toBe(isOnDestination ? 'destination' : 'source');
    expect(scene.where('hostA')).toBe(source);
    expect(scene.where('hostB')).toBe(destination);
    // Our end is the end of what the other daemon still held.
    await scene.leave();
    expect(scene.where('hostA')?.endsWith('migrationOut') ?? false).toBe(false);
    expect(scene.where('hostB')?.endsWith('migrationIn') ?? false).toBe(false);
  });

  test('is of no use for later phases', async () => {
    const { scene } = await driveWith({ at: { call: 'link.prepare' }, do: 'loseReply' });
    expect(await scene.phase('finish', true)).toMatchObject({
      code: 'connectionLost',
      effect: 'none',
    });
    expect(await scene.phase('confirm', true)).toBeNull();
    expect(scene.where('hostA')).toBe(untouched);
  });

  test('ends nothing before the call that runs has ended', async () => {
    const scene = new DrivenScene({
      faults: [{ at: { phase: 'perform3', afterMs: 1_000 }, do: 'resetClientToSource' }],
    });
    expect(await scene.drive('begin', 'prepare', 'perform')).toMatchObject({ effect: 'unknown' });
    expect(scene.where('hostA')).toBe('running booted persistent migrationOut');
    await scene.pass(60_000);
    expect(scene.where('hostA')).toBe(leftPaused);
  });
});

describe('our process that dies', () => {
  test.each<[MigrationPhase, string | null, string | null]>([
    ['begin3', untouched, null],
    ['prepare', untouched, null],
    ['perform3', untouched, null],
    ['perform3Done', leftPaused, null],
    ['finish3', leftPaused, arrived],
    ['confirm3', null, arrived],
  ])('in %s', async (phase, source, destination) => {
    const { scene, failure } = await driveWith({ at: { phase }, do: 'resetClient' });
    expect(failure).toMatchObject({ code: 'connectionLost' });
    expect(scene.where('hostA')).toBe(source);
    expect(scene.where('hostB')).toBe(destination);
  });
});

describe('a daemon that dies while we drive', () => {
  test.each<[MigrationPhase, Incident, string | null, string | null]>([
    ['begin3', 'killSourceDaemon', untouched, null],
    ['prepare', 'killDestinationDaemon', untouched, null],
    ['perform3', 'killSourceDaemon', untouched, null],
    // The two QEMUs need no daemon; what it held it kills when it comes back.
    ['perform3', 'killDestinationDaemon', leftPaused, null],
    ['perform3Done', 'killSourceDaemon', leftPaused, null],
    ['finish3', 'killDestinationDaemon', leftPaused, null],
    ['confirm3', 'killSourceDaemon', 'shutoff unknown persistent', arrived],
  ])('%s, %s', async (phase, incident, source, destination) => {
    const { scene, failure } = await driveWith(
      { at: { phase }, do: incident },
      { at: { phase, afterMs: 20_000 }, do: 'startDaemons' },
    );
    expect(failure).not.toBeNull();
    await scene.leave();
    expect(scene.where('hostA')).toBe(source);
    expect(scene.where('hostB')).toBe(destination);
  });
});

describe('a cut between us and one daemon', () => {
  test('is noticed on both sides after 30 s', async () => {
    const scene = new DrivenScene({
      faults: [{ at: { phase: 'prepare' }, do: 'cutClientFromDestination' }],
    });
    const failure = await scene.drive('begin', 'prepare');
    expect(failure).toMatchObject({ code: 'connectionLost', effect: 'unknown' });
    expect(scene.clock.nowEpochMs()).toBeGreaterThan(30_000);
    await scene.pass(5_000);
    expect(scene.where('hostB')).toBeNull();
    expect(scene.where('hostA')).toBe('running booted persistent migrationOut');
    expect(await scene.phase('confirm', true)).toBeNull();
    expect(scene.where('hostA')).toBe(untouched);
  });

  test('from the destination after Finish leaves the guest there', async () => {
    const { scene, failure } = await driveWith({
      at: { phase: 'finish3' },
      do: 'cutClientFromDestination',
    });
    expect(failure).toMatchObject({ effect: 'unknown' });
    expect(scene.running).toEqual(['hostB']);
  });

  test('that is mended in time is no loss', async () => {
    const { scene, failure } = await driveWith(
      { at: { phase: 'perform3', afterMs: 500 }, do: 'cutClientFromSource' },
      { at: { phase: 'perform3', afterMs: 20_500 }, do: 'restoreLink' },
    );
    expect(failure).toBeNull();
    expect(scene.lost).toBeNull();
    expect(scene.where('hostB')).toBe(arrived);
  });

  test('silences that host for all other calls too', async () => {
    const scene = new DrivenScene();
    const source = await scene.host('hostA');
    scene.world.cutFromClient('hostA');
    const { findStatus } = { findStatus: source.findStatus.bind(source) };
    const signal = new AbortController().signal;
    await expect(scene.run(() => findStatus(scene.uuid, signal))).rejects.toMatchObject({
      failure: { code: 'connectionLost', effect: 'unknown' },
    });
    await expect(scene.run(() => scene.host('hostA'))).rejects.toMatchObject({
      failure: { code: 'hostUnreachable', effect: 'none' },
    });
  });
});

async function watchOver(cutMs: number): Promise<string[]> {
  const scene = new Scene();
  const watched = new Watched(await scene.host('hostA'), scene.uuid, 'source');
  const ended = scene.run(() => scene.migrate());
  await scene.pass(2_000);
  scene.world.cutFromClient('hostA');
  await scene.pass(cutMs);
  scene.world.restoreLink();
  await ended;
  await scene.pass(1_000);
  await watched.stop();
  return watched.observations.map(inOneLine);
}

describe('a watch on a host that we are cut from', () => {
  test('hears late what happened, if it is not for long', async () => {
    const told = await watchOver(10_000);
    expect(told).toContain('migrationStatus completed');
    expect(told).toContain('stopped migrated');
    expect(told).not.toContain('connectionLost');
  });

  test('is lost by keepalive, and reads anew what is there', async () => {
    const told = await watchOver(40_000);
    expect(told).not.toContain('migrationStatus completed');
    expect(told.slice(told.indexOf('connectionLost'))).toEqual([
      'connectionLost',
      'connectionRegained',
      'state shutoff unknown',
    ]);
  });
});

describe('phases in the wrong order', () => {
  test('Perform before Prepare has nowhere to go, and ends the job', async () => {
    const scene = new DrivenScene();
    expect(await scene.drive('begin', 'perform')).toMatchObject({ libvirt: { code: 1 } });
    expect(scene.where('hostA')).toBe(untouched);
  });

  test('a second Perform goes backwards: refused, and the guest is taken back', async () => {
    const scene = new DrivenScene();
    expect(await scene.drive('begin', 'prepare', 'perform')).toBeNull();
    expect(await scene.phase('perform')).toMatchObject({
      message: expect.stringContaining('going backwards'),
    });
    expect(scene.where('hostA')).toBe(canceled);
  });

  test('Confirm after a failed Perform is refused: there is no job any more', async () => {
    const scene = new DrivenScene({ faults: [{ at: { phase: 'perform3' }, do: 'refuse' }] });
    expect(await scene.drive('begin', 'prepare', 'perform')).toMatchObject({ effect: 'unknown' });
    expect(scene.where('hostA')).toBe(untouched);
    expect(await scene.phase('confirm', true)).toMatchObject({ code: 'operationInvalid' });
    expect(await scene.phase('finish', true)).toBeNull();
    expect(scene.where('hostB')).toBeNull();
  });

  test('Finish without a QEMU that waits', async () => {
    const scene = new DrivenScene();
    expect(await scene.drive('begin', 'finish')).toMatchObject({ code: 'noDomain' });
    expect(await scene.phase('finish', true)).toBeNull();
  });
});

describe('a tunnel that we carry', () => {
  const relay = { tunnelled: true, relayUri: 'tcp://10.0.0.9:49200' } as const;

  test('moves the guest', async () => {
    const scene = new DrivenScene({ options: relay });
    expect(await scene.drive(...phases)).toBeNull();
    expect(scene.where('hostB')).toBe(arrived);
  });

  test('breaks with either of our connections', async () => {
    const scene = new DrivenScene({
      options: relay,
      faults: [{ at: { phase: 'perform3', afterMs: 1_000 }, do: 'resetClientToDestination' }],
    });
    expect(await scene.drive('begin', 'prepare', 'perform')).toMatchObject({
      libvirt: { code: 9 },
    });
    expect(scene.where('hostA')).toBe(untouched);
    await scene.pass(5_000);
    expect(scene.where('hostB')).toBeNull();
  });

  test.each([
    [{ postcopy: true }, { code: 'unsupported', libvirt: { code: 74 } }],
    [{ copyStorage: 'all' }, { code: 'unsupported', libvirt: { code: 84 } }],
  ] as const)('does not go with %j', async (options, failure) => {
    const scene = new DrivenScene({ guest: privateGuest, options: { ...relay, ...options } });
    expect(await scene.drive('begin')).toMatchObject(failure);
    expect(scene.where('hostA')).toBe(untouched);
  });

  test('needs an address', async () => {
    const scene = new DrivenScene({ options: { tunnelled: true } });
    expect(await scene.drive('begin')).toMatchObject({ code: 'invalidArgument', effect: 'none' });
  });
});
