import { createSimulatedWorld, VirtualClock } from '../../src/adapters/simulated/index.ts';
import { unending } from './fixture.ts';
import type { ImageSite } from './image-site.ts';
import { fullBytes, mib } from './image-site.ts';
import { imagesContract } from './images.contract.ts';

async function simulatedSite(): Promise<ImageSite> {
  const clock = new VirtualClock({ startEpochMs: 0, pace: 'asFastAsPossible' });
  const full = { path: '/images/full.raw', format: 'raw' };
  const inUse = { path: '/guests/guest.qcow2', format: 'qcow2' };
  const volumes = [{ path: full.path, capacityBytes: fullBytes }];
  const disk = { ...inUse, targetDev: 'vda', capacityBytes: 4 * mib, storage: 'private' } as const;
  const world = createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [
      {
        name: 'hostA',
        pools: [{ name: 'images', targetPath: '/images', capacityBytes: 2 ** 33, volumes }],
        directories: [{ path: '/narrow', capacityBytes: 8 * mib }],
      },
    ],
    domains: [{ name: 'guest', host: 'hostA', disks: [disk] }],
    link: { bandwidthBytesPerS: 2 ** 27 },
    faults: [],
  });
  return {
    images: await world.hypervisors.open('simulated:///hostA', unending),
    directory: '/images',
    narrowDirectory: '/narrow',
    full,
    inUse,
    run: (work) => clock.run(work),
    close: () => world.hypervisors.close(),
  };
}

imagesContract('simulated world', simulatedSite, 5_000);
