import { describe, expect, test } from 'vitest';
import { failureOf } from '../contract/fixture.ts';
import { DrivenScene } from './driven.ts';
import type { Stage } from '../support/simulated-migration.ts';
import { migrateSimulated } from '../support/simulated-migration.ts';
import { mib, privateGuest, Scene, sharedGuest, unending } from './scene.ts';

const shutOff = { ...sharedGuest, state: 'shutoff' } as const;
const defined = 'shutoff unknown persistent';
const offline = { guest: shutOff, purpose: 'moveOffline' } as const;

describe('a definition that moves', () => {
  test('needs no Perform; the source keeps its own', async () => {
    const scene = new DrivenScene(offline);
    expect(await scene.drive('begin', 'prepare')).toBeNull();
    // libvirt shows the job on the destination only.
    expect(scene.where('hostA')).toBe(defined);
    expect(scene.where('hostB')).toBe('shutoff unknown transient migrationIn');
    expect(await scene.drive('finish', 'confirm')).toBeNull();
    expect(scene.where('hostA')).toBe(defined);
    expect(scene.where('hostB')).toBe(defined);
  });

  test('of a guest that runs leaves the guest alone', async () => {
    const scene = new DrivenScene({ purpose: 'moveOffline' });
    expect(await scene.drive('begin', 'prepare', 'finish', 'confirm')).toBeNull();
    expect(scene.where('hostA')).toBe('running booted persistent');
    expect(scene.where('hostB')).toBe(defined);
  });

  test('cancelled, leaves a shut-off shell that blocks the next try, as libvirt 9.0', async () => {
    const scene = new DrivenScene(offline);
    await scene.drive('begin', 'prepare');
    expect(await scene.phase('finish', true)).toBeNull();
    expect(await scene.phase('confirm', true)).toBeNull();
    expect(scene.where('hostB')).toBe('shutoff unknown transient');
    expect(await scene.drive('begin', 'prepare')).toMatchObject({
      code: 'operationInvalid',
      libvirt: { code: 55, domain: 20 },
    });
    await scene.leave();
    scene.world.killDaemon('hostB');
    scene.world.startDaemon('hostB');
    expect(scene.where('hostB')).toBeNull();
  });

  test.each(['before Finish', 'after a cancelled one'] as const)(
    'given up %s, is forgotten only where that is asked',
    async (when) => {
      const scene = new DrivenScene(offline);
      await scene.drive('begin', 'prepare');
      if (when === 'after a cancelled one') await scene.phase('finish', true);
      await scene.leave();
      const destination = await scene.host('hostB');
      await scene.run(() => destination.forgetHalfMoved(scene.uuid, unending));
      expect(scene.where('hostB')).toBeNull();
    },
  );

  test('and has arrived, is no half of anything', async () => {
    const scene = new DrivenScene(offline);
    await scene.drive('begin', 'prepare', 'finish', 'confirm');
    const destination = await scene.host('hostB');
    await scene.run(() => destination.forgetHalfMoved(scene.uuid, unending));
    expect(scene.where('hostB')).toBe(defined);
  });

  test('whose client goes away is dropped by the source alone', async () => {
    const scene = new DrivenScene(offline);
    await scene.drive('begin', 'prepare');
    await scene.leave();
    expect(scene.where('hostB')).toBe('shutoff unknown transient migrationIn');
    const source = await scene.host('hostA');
    expect(await scene.run(() => failureOf(source.undefine(scene.uuid, unending)))).toBeNull();
  });

  test('names its disks where they will lie', async () => {
    const scene = new Scene({ guest: shutOff });
    const source = await scene.host('hostA');
    const destinationXml = (await scene.run(() => source.domainXml(scene.uuid, unending))).replace(
      '/shared/guest.img',
      '/images/moved.img',
    );
    const call = scene.callFor({ destinationXml, destinationName: 'moved' }, 'moveOffline');
    await scene.run(() => source.migrate(call, unending));
    const there = await scene.run(async () =>
      (await scene.host('hostB')).findDomain('moved', unending),
    );
    expect(there?.disks[0]?.path).toBe('/images/moved.img');
  });
});

const path = '/images/guest.img';

async function withDisk() {
  const made = new Scene({ guest: privateGuest });
  return { made, a: await made.host('hostA'), b: await made.host('hostB') };
}

describe('a volume', () => {
  test('goes from host to host byte for byte', async () => {
    const { made, a, b } = await withDisk();
    await made.run(() => b.createVolume(path, 64 * mib, unending));
    const empty = made.world.fingerprint('hostB', path);
    await made.run(() => b.writeVolume(path, a.readVolume(path, unending), 64 * mib, unending));
    expect(made.world.fingerprint('hostB', path)).toBe(made.world.fingerprint('hostA', path));
    expect(made.world.fingerprint('hostB', path)).not.toBe(empty);
    expect(await made.run(() => b.findVolume(path, unending))).toEqual({
      path,
      format: 'raw',
      capacityBytes: 64 * mib,
      fileBytes: 64 * mib,
      backingPath: null,
      changedAt: expect.any(String),
    });
    // Two ways over a link of 64 MiB/s.
    expect(made.clock.nowEpochMs()).toBeGreaterThan(2_000);
  });

  test('that is not raw shows what is in it as soon as it has arrived', async () => {
    const disks = privateGuest.disks?.map((disk) => ({ ...disk, format: 'qcow2' })) ?? [];
    const made = new Scene({ guest: { ...privateGuest, disks } });
    const [a, b] = [await made.host('hostA'), await made.host('hostB')];
    const here = await made.run(() => a.findVolume(path, unending));
    expect(here).toMatchObject({ format: 'qcow2', capacityBytes: 64 * mib, fileBytes: mib });
    await made.run(() => b.createVolume(path, mib, unending));
    await made.run(() => b.writeVolume(path, a.readVolume(path, unending), mib, unending));
    const there = await made.run(() => b.findVolume(path, unending));
    expect({ ...there, changedAt: null }).toEqual({ ...here, changedAt: null });
  });

  test('that is half there is not the same one', async () => {
    const { made, a, b } = await withDisk();
    await made.run(() => b.createVolume(path, 64 * mib, unending));
    const written = made.run(() =>
      failureOf(b.writeVolume(path, a.readVolume(path, unending), 64 * mib, unending)),
    );
    await made.pass(500);
    made.world.killDaemon('hostB');
    expect(await written).toMatchObject({ code: 'connectionLost', effect: 'unknown' });
    expect(made.world.fingerprint('hostB', path)).not.toBe(made.world.fingerprint('hostA', path));
  });

  test('is not made twice, nor without a pool, nor without room', async () => {
    const { made, b } = await withDisk();
    const create = (where: string, fileBytes: number) =>
      made.run(() => failureOf(b.createVolume(where, fileBytes, unending)));
    expect(await create(path, mib)).toBeNull();
    expect(await create(path, mib)).toMatchObject({ code: 'volumeExists', effect: 'none' });
    expect(await create('/nowhere/guest.img', mib)).toMatchObject({ code: 'noPool' });
    expect(await create('/images/large.img', 2 ** 40)).toMatchObject({ libvirt: { code: 9 } });
  });

  test('that is not there is neither read nor written', async () => {
    const { made, a, b } = await withDisk();
    const read = async (): Promise<void> => {
      for await (const piece of b.readVolume(path, unending)) expect(piece).toBeNull();
    };
    expect(await made.run(() => failureOf(read()))).toMatchObject({ libvirt: { code: 50 } });
    const write = b.writeVolume(path, a.readVolume(path, unending), 64 * mib, unending);
    expect(await made.run(() => failureOf(write))).toMatchObject({ libvirt: { code: 50 } });
  });

  test('copied by a migration has the same bytes there', async () => {
    const { made } = await withDisk();
    expect(await made.run(() => made.migrate({ copyStorage: 'all' }))).toBeNull();
    expect(made.world.fingerprint('hostB', path)).toBe(made.world.fingerprint('hostA', path));
  });
});

async function* oneBlock() {
  yield await Promise.resolve(new Uint8Array(512));
}

async function writeOnSource({ world }: Stage): Promise<void> {
  const source = await world.hypervisors.open('simulated:///hostA', unending);
  await source.writeVolume(path, oneBlock(), 512, unending);
}

describe('a whole move of a domain that is shut off', () => {
  const domain = { ...privateGuest, state: 'shutoff' } as const;
  const input = { offline: true };
  const options = { destinationConnectUri: null };
  const whole = { copyStorage: 'all', sourceDisk: 'delete', ...options } as const;

  test('undefines the source and deletes its disk', async () => {
    const { output, world } = await migrateSimulated({ domain, input, options: whole });
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect(world.fingerprint('hostA', path)).toBeNull();
    expect(world.listing()[0]?.domains).toEqual([]);
  });

  test('does neither when somebody wrote to that disk since it was copied', async () => {
    const { output, world } = await migrateSimulated({
      domain,
      input,
      options: whole,
      onState: ({ state }, stage) => {
        if (state.endsWith('begin3')) void writeOnSource(stage);
      },
    });
    expect(output).toMatchObject({ outcome: 'needsOperator', failure: { code: 'diskChanged' } });
    expect(world.fingerprint('hostA', path)).not.toBeNull();
    expect(world.listing()[0]?.domains).toHaveLength(1);
  });

  test('without its disk looks whether that stands there', async () => {
    const refused = await migrateSimulated({ domain, input, options });
    expect(refused.output).toMatchObject({
      outcome: 'refused',
      failure: { code: 'offlineDisksThere' },
    });
    const untold = { ...sharedGuest, state: 'shutoff' } as const;
    for (const unsafe of [false, true]) {
      const request = { domain: untold, input, options: { ...options, unsafe } };
      const { output } = await migrateSimulated(request);
      expect(output.outcome).toBe(unsafe ? 'completed' : 'refused');
    }
  });
});
