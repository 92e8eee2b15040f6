import { describe, expect, test } from 'vitest';
import type { Fault, Incident, MigrationPhase } from '../../src/adapters/simulated/index.ts';
import { failureOf } from '../contract/fixture.ts';
import { inOneLine, Watched } from '../contract/watched.ts';
import { privateGuest, Scene, unending } from './scene.ts';

const storageCopy = { copyStorage: 'all' } as const;

function strike(phase: MigrationPhase, incident: Incident, afterMs = 0): Fault {
  return { at: { phase, afterMs }, do: incident };
}

/** A migration with a fault; then the daemons are started again and find what there is. */
async function afterRestart(...faults: readonly Fault[]): Promise<Scene> {
  const scene = new Scene({ faults });
  await scene.run(() => scene.migrate());
  await scene.pass(60_000);
  scene.world.startDaemon('hostA');
  scene.world.startDaemon('hostB');
  await scene.pass(60_000);
  return scene;
}

const untouched = 'running booted persistent';
const arrived = 'running migrated persistent';

describe('a daemon that is killed and started again decides by the phase that it finds', () => {
  test.each<[MigrationPhase, Incident, number, string | null, string | null]>([
    ['begin3', 'killSourceDaemon', 0, untouched, null],
    ['prepare', 'killSourceDaemon', 0, untouched, null],
    ['perform3', 'killSourceDaemon', 0, untouched, null],
    ['perform3', 'killSourceDaemon', 1_000, untouched, null],
    ['perform3Done', 'killSourceDaemon', 0, 'paused migration persistent', null],
    ['finish3', 'killSourceDaemon', 0, 'paused migration persistent', arrived],
    ['confirm3', 'killSourceDaemon', 0, 'shutoff unknown persistent', arrived],
    ['prepare', 'killDestinationDaemon', 0, untouched, null],
    ['prepare', 'killDestinationDaemon', 100, untouched, null],
    ['perform3', 'killDestinationDaemon', 1_000, untouched, null],
    ['confirm3', 'killDestinationDaemon', 0, null, arrived],
  ])('%s, %s after %d ms', async (phase, incident, afterMs, source, destination) => {
    const scene = await afterRestart(strike(phase, incident, afterMs));
    expect(scene.where('hostA')).toBe(source);
    expect(scene.where('hostB')).toBe(destination);
  });

  test('finish3 of a guest that does not run there yet: the source has it back', async () => {
    const scene = await afterRestart(strike('finish3', 'killDestinationDaemon'));
    expect(scene.where('hostA')).toBe('running migrationCanceled persistent');
    expect(scene.running).toEqual(['hostA']);
  });

  test('confirm3Cancelled: the guest is resumed', async () => {
    const scene = await afterRestart(
      { at: { phase: 'finish3' }, do: 'refuse' },
      strike('confirm3Cancelled', 'killSourceDaemon'),
    );
    expect(scene.where('hostA')).toBe('running migrationCanceled persistent');
    expect(scene.where('hostB')).toBeNull();
  });

  test('meanwhile the guest ticks on', async () => {
    const scene = await afterRestart(strike('perform3', 'killSourceDaemon', 1_000));
    expect(scene.world.ticks(scene.uuid)).toMatchObject([{ host: 'hostA', toEpochMs: null }]);
  });
});

describe('the Finish reply that is lost', () => {
  const faults = [strike('finish3', 'cutReplies')];

  test('makes two running copies where the storage was copied', async () => {
    const breaks = ['oneRunningCopy', 'guestContinuous'];
    const scene = new Scene({ guest: privateGuest, faults, breaks });
    const failure = await scene.run(() => scene.migrate(storageCopy));
    expect(failure).toMatchObject({ effect: 'unknown' });
    expect(scene.where('hostA')).toBe('running migrationCanceled persistent');
    expect(scene.where('hostB')).toBe(arrived);
    await scene.pass(5_000);
    const spans = scene.world.ticks(scene.uuid);
    expect(spans.map(({ host }) => host)).toEqual(['hostA', 'hostB', 'hostA']);
    expect(spans[2]?.firstTick).toBe(spans[1]?.firstTick);
  });

  test("leaves the source paused on a shared disk: QEMU's image lock holds", async () => {
    const scene = new Scene({ faults });
    expect(await scene.run(() => scene.migrateWatched())).toMatchObject({ effect: 'unknown' });
    expect(scene.where('hostA')).toBe('paused apiError persistent');
    expect(scene.running).toEqual(['hostB']);
    const source = await scene.host('hostA');
    const resumed = await scene.run(() => failureOf(source.resume(scene.uuid, unending)));
    expect(resumed).toMatchObject({ effect: 'none' });
    expect(scene.running).toEqual(['hostB']);
  });
});

describe('a link that is cut', () => {
  test('for less than the keepalive only delays the migration', async () => {
    const faults = [
      strike('perform3', 'cutLink', 1_000),
      strike('perform3', 'restoreLink', 21_000),
    ];
    const scene = new Scene({ faults });
    expect(await scene.run(() => scene.migrate())).toBeNull();
    expect(scene.running).toEqual(['hostB']);
    expect(scene.clock.nowEpochMs()).toBeGreaterThan(21_000);
  });

  test('for longer is noticed after 30 s; the guest stays, the copy there ends', async () => {
    const scene = new Scene({ faults: [strike('perform3', 'cutLink', 1_000)] });
    const failure = await scene.run(() => scene.migrateWatched());
    expect(failure).toMatchObject({ effect: 'unknown', libvirt: { code: 1 } });
    expect(scene.clock.nowEpochMs()).toBeGreaterThan(31_000);
    expect(scene.clock.nowEpochMs()).toBeLessThan(33_000);
    await scene.pass(5_000);
    expect(scene.where('hostA')).toBe(untouched);
    expect(scene.where('hostB')).toBeNull();
    expect(scene.world.ticks(scene.uuid)).toMatchObject([{ host: 'hostA', toEpochMs: null }]);
  });

  test('while disks are copied keeps the source busy until it is whole again', async () => {
    const faults = [strike('perform3', 'cutLink', 500), strike('perform3', 'restoreLink', 90_000)];
    const scene = new Scene({ guest: privateGuest, faults });
    expect(await scene.run(() => scene.migrate(storageCopy))).toMatchObject({ effect: 'unknown' });
    expect(scene.clock.nowEpochMs()).toBeGreaterThan(90_000);
    expect(scene.where('hostA')).toBe(untouched);
  });

  test('before Finish gives the guest back to the source', async () => {
    const scene = new Scene({ faults: [strike('perform3Done', 'cutLink')] });
    expect(await scene.run(() => scene.migrate())).toMatchObject({ effect: 'unknown' });
    await scene.pass(5_000);
    expect(scene.where('hostA')).toBe('running migrationCanceled persistent');
    expect(scene.where('hostB')).toBeNull();
  });

  test('is seen by a probe', async () => {
    const scene = new Scene();
    const source = await scene.host('hostA');
    scene.world.cutLink();
    const probe = await scene.run(() => source.probeFrom('simulated:///hostB', unending));
    expect(probe).toMatchObject({ reachable: false });
  });
});

describe('calls to a daemon', () => {
  test('that dies under the call have an unknown outcome; later ones have none', async () => {
    const scene = new Scene({ faults: [strike('perform3', 'killSourceDaemon')] });
    const source = await scene.host('hostA');
    const failure = await scene.run(() => scene.migrate());
    expect(failure).toMatchObject({ code: 'connectionLost', effect: 'unknown' });
    const later = await scene.run(() => failureOf(source.findStatus(scene.uuid, unending)));
    expect(later).toMatchObject({ code: 'hostUnreachable', effect: 'none' });
    expect(await failureOf(scene.host('hostA'))).toMatchObject({ code: 'hostUnreachable' });
  });

  test.each([
    ['hostA', 'source', 'killSourceDaemon', 'state running booted'],
    ['hostB', 'destination', 'killDestinationDaemon', 'state shutoff unknown'],
  ] as const)(
    'that dies are told by a watch on %s, its return, and what is there then',
    async (host, role, incident, present) => {
      const faults = [
        strike('perform3', incident, 1_000),
        strike('perform3', 'startDaemons', 3_000),
      ];
      const scene = new Scene({ faults });
      const watched = new Watched(await scene.host(host), scene.uuid, role);
      await scene.run(() => scene.migrate());
      await scene.pass(5_000);
      await watched.stop();
      const told = watched.observations.map(inOneLine);
      expect(told.slice(told.indexOf('connectionLost'))).toEqual([
        'connectionLost',
        'connectionRegained',
        present,
      ]);
    },
  );

  test('of a wrong or unknown URI are refused', async () => {
    const { world } = new Scene();
    const open = (uri: string) => failureOf(world.hypervisors.open(uri, unending));
    expect(await open('qemu:///system')).toMatchObject({ code: 'invalidUri', effect: 'none' });
    expect(await open('no uri')).toMatchObject({ code: 'invalidUri' });
    expect(await open('simulated:///hostZ')).toMatchObject({ code: 'hostUnreachable' });
  });
});

async function suspendWith(fault: 'refuse' | 'failAfterEffect' | 'loseReply') {
  const scene = new Scene({ faults: [{ at: { call: 'suspend', host: 'hostA' }, do: fault }] });
  const source = await scene.host('hostA');
  const failure = await scene.run(() => failureOf(source.suspend(scene.uuid, unending)));
  const again = await scene.run(() => failureOf(source.suspend(scene.uuid, unending)));
  return { failure, again, running: scene.running };
}

describe('a fault aimed at a call', () => {
  test('refuses it before anything happened, once', async () => {
    const { failure, again } = await suspendWith('refuse');
    expect(failure).toMatchObject({ effect: 'none', libvirt: { code: 9 } });
    expect(again).toBeNull();
  });

  test('lets it fail after it took effect', async () => {
    const { failure, again, running } = await suspendWith('failAfterEffect');
    expect(failure).toMatchObject({ effect: 'done', libvirt: { code: 9 } });
    expect(again).toBeNull();
    expect(running).toEqual([]);
  });

  test('loses its reply', async () => {
    const { failure, running } = await suspendWith('loseReply');
    expect(failure).toMatchObject({ code: 'connectionLost', effect: 'unknown' });
    expect(running).toEqual([]);
  });

  test('slows it down', async () => {
    const faults = [{ at: { call: 'suspend' }, do: { slowMs: 5_000 } }] as const;
    const scene = new Scene({ faults });
    const source = await scene.host('hostA');
    await scene.run(() => source.suspend(scene.uuid, unending));
    expect(scene.clock.nowEpochMs()).toBeGreaterThanOrEqual(5_000);
  });

  test('spares the same call to another host', async () => {
    const faults = [{ at: { call: 'findStatus', host: 'hostB' }, do: 'refuse' }] as const;
    const scene = new Scene({ faults });
    const source = await scene.host('hostA');
    expect(await scene.run(() => source.findStatus(scene.uuid, unending))).not.toBeNull();
  });
});

test.each<MigrationPhase & ('begin3' | 'prepare' | 'perform3' | 'finish3')>([
  'begin3',
  'prepare',
  'perform3',
  'finish3',
])('a daemon that refuses %s leaves the guest running on the source', async (phase) => {
  const scene = new Scene({ faults: [{ at: { phase }, do: 'refuse' }] });
  expect(await scene.run(() => scene.migrate())).toMatchObject({ libvirt: { code: 9 } });
  expect(scene.running).toEqual(['hostA']);
  expect(scene.where('hostB')).toBeNull();
});
