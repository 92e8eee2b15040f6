import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { labUp, lastTick, waitForTick } from '../../lab/index.ts';
import type { Lab, LabGuest, LabHost } from '../../lab/index.ts';
import { createLibvirtHypervisors } from '../../src/adapters/libvirt/index.ts';
import { systemClock } from '../../src/engine/system-clock.ts';
import type { CopyOptions } from '../../src/ports/block-jobs.ts';
import type { Hypervisor, Hypervisors } from '../../src/ports/hypervisor.ts';
import { Watched } from '../contract/watched.ts';
import { describeLab, labNameFor } from '../support/needs.ts';

const unending = new AbortController().signal;
const images = '/var/lib/libvirt/images';
const copying: CopyOptions = {
  shallow: false,
  reuseExternal: false,
  transientJob: true,
  synchronousWrites: false,
  bandwidthMibPerS: 0,
};

/** What befalls copies of one guest's disk on a libvirt 9.0; the guest ticks on where it can. */
describeLab('a copy of a disk', () => {
  let lab: Lab;
  let labHost: LabHost;
  let hypervisors: Hypervisors;
  let host: Hypervisor;
  let guest: LabGuest;
  let watched: Watched;

  beforeAll(async () => {
    lab = await labUp({ name: labNameFor('block-jobs') });
    labHost = lab.host('hostA');
    hypervisors = createLibvirtHypervisors({ clock: systemClock });
    host = await hypervisors.open(labHost.uri, unending);
    guest = await lab.guest('guest', { on: 'hostA', fill: '48M', control: 'present' });
  });
  afterEach(() => watched.stop());
  afterAll(async () => {
    await hypervisors.close();
    await lab.down();
  });

  const watch = async () => {
    watched = new Watched(host, guest.uuid, 'alone');
    await watched.sees('agent connected');
  };
  const copyTo = (path: string, bandwidthMibPerS: number) => {
    const destination = { source: { kind: 'file', path }, format: 'qcow2' } as const;
    const options = { ...copying, bandwidthMibPerS };
    return host.copyBlock(guest.uuid, 'vda', destination, options, unending);
  };
  const mirror = async () => {
    const chains = await host.findChains(guest.uuid, unending);
    return chains.find(({ targetDev }) => targetDev === 'vda')?.mirror;
  };
  const remove = (name: string) => rm(join(labHost.paths.imagesDir, name), { force: true });

  test('goes on while libvirtd is dead, and is told again when it is back', async () => {
    await watch();
    await copyTo(`${images}/copy.qcow2`, 4);
    await labHost.kill();
    await watched.sees('connectionLost');
    await labHost.start();
    await watched.sees('connectionRegained');
    await watched.sees('blockJob vda copy running');
    await host.setBlockJobSpeed(guest.uuid, 'vda', 0, unending);
    await watched.sees('blockJob vda copy ready');
    expect(await mirror()).toMatchObject({ path: `${images}/copy.qcow2`, ready: true });
    expect(await host.endBlockJob(guest.uuid, 'vda', 'cancel', unending)).toBe('ended');
    await watched.sees('blockJob vda copy canceled');
    await remove('copy.qcow2');
  });

  test('fails where the target is full, and the guest ticks on', async () => {
    await watch();
    await labHost.run('mkdir', [`${images}/small`]);
    await labHost.run('mount', ['-t', 'tmpfs', '-o', 'size=10m', 'none', `${images}/small`]);
    await copyTo(`${images}/small/copy.qcow2`, 0);
    await watched.sees('blockJob vda copy failed');
    expect(await host.findBlockJob(guest.uuid, 'vda', unending)).toBeNull();
    expect(await mirror()).toBeNull();
    expect(await host.endBlockJob(guest.uuid, 'vda', 'cancel', unending)).toBe('noJob');
    const tick = (await lastTick(guest.serial)) ?? 0;
    await waitForTick(guest.serial, tick, { timeoutMs: 20_000 });
    await labHost.run('umount', [`${images}/small`]);
  });

  test('ends untold with a guest that turns itself off', async () => {
    await watch();
    await copyTo(`${images}/copy.qcow2`, 4);
    await lab.tellGuest('guest', { kind: 'poweroff' });
    await watched.sees('stopped shutdown');
    expect(watched.events.filter((event) => event.startsWith('blockJob'))).toEqual([]);
    expect(await host.endBlockJob(guest.uuid, 'vda', 'cancel', unending)).toBe('noJob');
    expect(await host.findStatus(guest.uuid, unending)).toMatchObject({
      state: 'shutoff',
      persistent: true,
    });
    await remove('copy.qcow2');
  });
});
