import { describe, expect, test } from 'vitest';
import { failureOf } from '../contract/fixture.ts';
import { mib, privateGuest, Scene, sharedGuest, unending } from './scene.ts';

const dirty = (mibPerS: number) => ({ ...sharedGuest, dirtyBytesPerS: mibPerS * mib });
const passes = (scene: Scene): number =>
  scene.record.filter((line) => line.includes(' iteration ')).length;

/** Everything that can be seen of one migration. */
async function allOf(): Promise<unknown> {
  const scene = new Scene({ guest: { ...privateGuest, dirtyBytesPerS: 32 * mib } });
  const failure = await scene.run(() => scene.migrateWatched({ copyStorage: 'all' }));
  const { record, world, uuid } = scene;
  return { failure, record, listing: world.listing(), ticks: world.ticks(uuid) };
}

async function durationMs(bandwidthMibPerS: number): Promise<number> {
  const scene = new Scene();
  await scene.run(() => scene.migrate({ bandwidthMibPerS }));
  return scene.clock.nowEpochMs();
}

describe('a simulated migration', () => {
  test('happens twice in exactly the same way', async () => {
    const first = await allOf();
    expect(first).toMatchObject({ failure: null });
    expect(JSON.stringify(await allOf())).toBe(JSON.stringify(first));
  });

  test('of another seed is of another domain', () => {
    expect(new Scene({ seed: 2 }).uuid).not.toBe(new Scene({ seed: 1 }).uuid);
    expect(new Scene({ seed: 2 }).uuid).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  test('loses no tick and makes none twice', async () => {
    const scene = new Scene();
    expect(await scene.run(() => scene.migrate())).toBeNull();
    await scene.pass(10_000);
    const spans = scene.world.ticks(scene.uuid);
    expect(spans.map(({ host }) => host)).toEqual(['hostA', 'hostB']);
    const [before, after] = spans;
    expect(before?.firstTick).toBe(1);
    expect(after?.firstTick).toBe((before?.lastTick ?? 0) + 1);
    expect(after?.lastTick).toBeGreaterThan(after?.firstTick ?? 0);
    expect(after?.fromEpochMs).toBeGreaterThan(before?.toEpochMs ?? Infinity);
  });

  test('takes more passes the faster the guest writes', async () => {
    const slow = new Scene({ guest: dirty(1) });
    const fast = new Scene({ guest: dirty(48) });
    await slow.run(() => slow.migrateWatched());
    await fast.run(() => fast.migrateWatched());
    expect(passes(slow)).toBe(3);
    expect(passes(fast)).toBeGreaterThan(5);
    expect(fast.running).toEqual(['hostB']);
  });

  const tooFast = { guest: dirty(128) };

  test('never ends when the guest writes faster than the link carries', async () => {
    const scene = new Scene(tooFast);
    const ended = scene.run(() => scene.migrateWatched());
    await scene.pass(600_000);
    expect(scene.where('hostA')).toBe('running booted persistent migrationOut');
    expect(passes(scene)).toBeGreaterThan(100);
    const source = await scene.host('hostA');
    await scene.run(() => source.abortJob(scene.uuid, unending));
    expect(await ended).toMatchObject({ code: 'operationAborted' });
    expect(scene.where('hostA')).toBe('running booted persistent');
    expect(scene.where('hostB')).toBeNull();
  });

  test('ends soon after such a guest is suspended, and the guest runs on', async () => {
    const scene = new Scene(tooFast);
    const ended = scene.run(() => scene.migrate());
    await scene.pass(60_000);
    const source = await scene.host('hostA');
    await scene.run(() => source.suspend(scene.uuid, unending));
    expect(await ended).toBeNull();
    expect(scene.clock.nowEpochMs()).toBeLessThan(80_000);
    expect(scene.where('hostB')).toBe('running migrated persistent');
  });

  test('ends when more downtime is allowed', async () => {
    const scene = new Scene(tooFast);
    const ended = scene.run(() => scene.migrate());
    await scene.pass(60_000);
    const source = await scene.host('hostA');
    await scene.run(() => source.setMigrationMaxDowntime(scene.uuid, 5_000, unending));
    expect(await ended).toBeNull();
    expect(scene.running).toEqual(['hostB']);
  });

  test('ends when auto-converge slows the guest down', async () => {
    const scene = new Scene(tooFast);
    expect(await scene.run(() => scene.migrateWatched({ autoConverge: true }))).toBeNull();
    expect(passes(scene)).toBeGreaterThan(5);
  });

  test('is not carried faster than it may be', async () => {
    expect((await durationMs(16)) - (await durationMs(0))).toBeGreaterThan(11_000);
  });

  test('follows the link when it gets faster meanwhile', async () => {
    const scene = new Scene({ link: { bandwidthBytesPerS: mib } });
    const ended = scene.run(() => scene.migrate());
    await scene.pass(16_000);
    scene.world.setBandwidth(60 * mib);
    expect(await ended).toBeNull();
    expect(scene.clock.nowEpochMs()).toBeGreaterThan(20_000);
    expect(scene.clock.nowEpochMs()).toBeLessThan(23_000);
  });

  test('of a disk needs a pool on the destination that owns the path', async () => {
    const scene = new Scene({ guest: privateGuest, destination: { pools: [] } });
    const failure = await scene.run(() => scene.migrate({ copyStorage: 'all' }));
    expect(failure).toMatchObject({ libvirt: { code: 49 } });
    expect(scene.where('hostA')).toBe('running booted persistent');
    expect(scene.where('hostB')).toBeNull();
  });

  test('of a disk that is not copied needs the file on the destination', async () => {
    const scene = new Scene({ guest: privateGuest });
    expect(await scene.run(() => scene.migrate())).toMatchObject({ libvirt: { code: 38 } });
    const volumes = [{ path: '/images/guest.img', capacityBytes: 64 * mib }];
    const pools = [{ name: 'images', targetPath: '/images', capacityBytes: 2 ** 33, volumes }];
    const ready = new Scene({ guest: privateGuest, destination: { pools } });
    expect(await ready.run(() => ready.migrate({ copyStorage: 'inc' }))).toBeNull();
  });

  test('that fails leaves the disk that libvirt made for it', async () => {
    const faults = [
      { at: { phase: 'perform3', afterMs: 1_000 }, do: 'killDestinationDaemon' },
    ] as const;
    const scene = new Scene({ guest: privateGuest, faults });
    await scene.run(() => scene.migrate({ copyStorage: 'all' }));
    const volumes = [{ path: '/images/guest.img', capacityBytes: 64 * mib }];
    expect(scene.world.listing()[1]?.volumes).toEqual(volumes);
  });

  test.each([
    ['shared disk', sharedGuest, 'none', 'migrationStatus active'],
    ['copied disk', privateGuest, 'all', 'mirrorCreated'],
  ] as const)('of a %s may be tried again after it failed', async (_, guest, copyStorage, seen) => {
    const scene = new Scene({ guest });
    const ended = scene.run(() => scene.migrateWatched({ copyStorage }));
    while (!scene.record.some((line) => line.includes(seen))) await scene.pass(10);
    const destination = await scene.host('hostB');
    await scene.run(() => destination.destroy(scene.uuid, unending));
    expect(await ended).toMatchObject({ libvirt: { code: 9 } });
    expect(scene.running).toEqual(['hostA']);
    expect(await scene.run(() => scene.migrate({ copyStorage }))).toBeNull();
    expect(scene.running).toEqual(['hostB']);
  });

  test('of a paused guest that fails leaves it paused', async () => {
    const scene = new Scene({
      guest: { ...sharedGuest, state: 'paused' },
      faults: [{ at: { phase: 'finish3' }, do: 'refuse' }],
    });
    expect(await scene.run(() => scene.migrate())).toMatchObject({ libvirt: { code: 9 } });
    expect(scene.where('hostA')).toBe('paused user persistent');
    expect(scene.running).toEqual([]);
  });

  test('needs a destination whose advertised name resolves, or a migration URI', async () => {
    const scene = new Scene({ destination: { hostname: 'nowhere.example' } });
    expect(await scene.run(() => scene.migrate())).toMatchObject({ libvirt: { code: 38 } });
    expect(scene.running).toEqual(['hostA']);
    const migrationUri = 'tcp://10.0.0.2:49152';
    expect(await scene.run(() => scene.migrate({ migrationUri }))).toBeNull();
  });

  test('keeps the change lock of the domain: who waits for it gives up after 30 s', async () => {
    const scene = new Scene(tooFast);
    const ended = scene.run(() => scene.migrate());
    await scene.pass(10_000);
    const source = await scene.host('hostA');
    const undefine = await scene.run(() => failureOf(source.undefine(scene.uuid, unending)));
    expect(undefine).toMatchObject({ code: 'jobActive', effect: 'none', libvirt: { code: 68 } });
    expect(scene.clock.nowEpochMs()).toBeGreaterThanOrEqual(40_000);
    await scene.run(() => source.abortJob(scene.uuid, unending));
    await ended;
  });

  test('of a guest that was migrated before, back to where its definition is', async () => {
    const scene = new Scene();
    await scene.run(() => scene.migrate({ keepSource: true }));
    const back = await scene.host('hostB');
    const options = { destinationConnectUri: 'simulated:///hostA' };
    await scene.run(() => back.migrate(scene.callFor(options), unending));
    expect(scene.where('hostA')).toBe('running migrated persistent');
    expect(scene.where('hostB')).toBeNull();
  });
});
