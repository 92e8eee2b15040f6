import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  errorCodes,
  isLibvirtError,
  isNoNetwork,
  isNoStoragePool,
  isNoStorageVol,
  open,
  storageVolInfoFlags,
  storageVolResizeFlags,
  type Connection,
  type StoragePool,
} from '../src/index.ts';
import { describeDaemon, openTestDriver, uniqueName } from './daemon.ts';

const run = promisify(execFile);

function describeVolume(name: string): string {
  return `<volume><name>${name}</name><capacity unit='MiB'>2</capacity><target><format type='raw'/></target></volume>`;
}

describeDaemon('storage of a real daemon', (uri) => {
  let connection: Connection;
  let pool: StoragePool;
  let directory: string;
  const poolName = uniqueName();
  // Making pools is no call of this client yet: libvirt's own tool does it.
  const virsh = (...args: string[]): Promise<unknown> => run('virsh', ['-q', '-c', uri, ...args]);
  beforeAll(async () => {
    connection = await open(uri);
    directory = await mkdtemp(join(tmpdir(), 'nlv-pool-'));
    await virsh('pool-create-as', poolName, 'dir', '--target', directory);
    pool = await connection.storagePoolLookupByName(poolName);
  });
  afterAll(async () => {
    await virsh('pool-destroy', poolName);
    await rm(directory, { recursive: true });
    await connection.close();
  });

  it('finds a pool by its directory and in the listing', async () => {
    expect((await connection.storagePoolLookupByTargetPath(directory)).uuid).toBe(pool.uuid);
    const pools = await connection.listAllStoragePools();
    expect(pools.map(({ name }) => name)).toContain(poolName);
    expect(await pool.getXMLDesc()).toContain(`<path>${directory}</path>`);
    const absent = connection.storagePoolLookupByName(uniqueName());
    await expect(absent).rejects.toSatisfy(isNoStoragePool);
  });

  it('describes a pool', async () => {
    const info = await pool.getInfo();
    expect(info).toMatchObject({ state: 'running', stateNumber: 2 });
    expect(Number(info.availableBytes)).toBeGreaterThan(0);
    expect(Number(info.availableBytes)).toBeLessThanOrEqual(Number(info.capacityBytes));
    expect(await pool.isActive()).toBe(true);
    await pool.refresh();
  });

  it('makes a volume, finds it in every way, and deletes it', async () => {
    const name = uniqueName();
    const volume = await pool.storageVolCreateXML(
      `<volume><name>${name}</name><capacity unit='MiB'>8</capacity></volume>`,
    );
    expect([volume.name, volume.pool]).toEqual([name, poolName]);
    expect(await volume.getInfo()).toMatchObject({ type: 'file', capacityBytes: 8_388_608 });
    expect(await volume.getXMLDesc()).toContain(name);
    const path = await volume.getPath();
    expect(path).toBe(join(directory, name));
    expect((await pool.storageVolLookupByName(name)).key).toBe(volume.key);
    expect((await connection.storageVolLookupByPath(path)).name).toBe(name);
    expect((await connection.storageVolLookupByKey(volume.key)).name).toBe(name);
    expect((await pool.listAllVolumes()).map((other) => other.name)).toContain(name);
    await volume.delete();
    await expect(pool.storageVolLookupByName(name)).rejects.toSatisfy(isNoStorageVol);
  });

  it('makes a volume from another one, and changes its size', async () => {
    const [first, second] = [uniqueName(), uniqueName()];
    const source = await pool.storageVolCreateXML(describeVolume(first));
    await writeFile(join(directory, first), 'what the copy has, too', { flag: 'r+' });
    const copy = await pool.storageVolCreateXMLFrom(describeVolume(second), source);
    const data = await readFile(join(directory, second));
    expect([copy.name, data.toString('utf8', 0, 22)]).toEqual([second, 'what the copy has, too']);
    await copy.resize(4 * 1_048_576);
    expect(await copy.getInfo()).toMatchObject({ type: 'file', capacityBytes: 4 * 1_048_576 });
    const physical = await copy.getInfo({ flags: storageVolInfoFlags.GET_PHYSICAL });
    expect(physical.allocationBytes).toBe(4 * 1_048_576);
    await expect(copy.resize(3 * 1_048_576)).rejects.toSatisfy((error) =>
      isLibvirtError(error, errorCodes.INVALID_ARG),
    );
    await copy.resize(3 * 1_048_576, { flags: storageVolResizeFlags.SHRINK });
    await Promise.all([source.delete(), copy.delete()]);
  });
});

describeDaemon('networks of the test driver', (uri) => {
  it('finds a network', async () => {
    await using connection = await openTestDriver(uri);
    const network = await connection.networkLookupByName('default');
    expect(await network.isActive()).toBe(true);
    const networks = await connection.listAllNetworks();
    expect(networks.map(({ uuid }) => uuid)).toContain(network.uuid);
    await expect(connection.networkLookupByName('absent')).rejects.toSatisfy(isNoNetwork);
  });
});
