import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Lab, LabGuest } from '../../lab/index.ts';
import type { VolumeSwapInput } from '../../machines/index.ts';
import { volumeSwapInput } from '../../machines/index.ts';

const execute = promisify(execFile);

/** A guest whose only disk is swapped again and again, each time to a file of the same size. */
export interface SwapStage {
  readonly guest: LabGuest;
  /** What our engine is asked for. */
  readonly inputTo: (path: string, how?: Partial<VolumeSwapInput>) => VolumeSwapInput;
  /**
   * Measures a swap to an empty file that stands there, as both ours and the peer want it; what the
   * guest had before is removed behind it.
   */
  readonly toNext: <T>(swap: (path: string) => Promise<T>) => Promise<T>;
}

/** Hosts and whoever is outside see these files at the same paths. */
export async function swapStage(
  lab: Lab,
  name: string,
  { disk, fill }: { readonly disk: string; readonly fill: string },
): Promise<SwapStage> {
  const host = lab.host('hostA');
  const guest = await lab.guest(name, {
    on: 'hostA',
    storage: 'shared',
    agent: 'absent',
    disk,
    fill,
  });
  let current = guest.disk;
  let swaps = 0;
  return {
    guest,
    inputTo: (path, how = {}) => {
      const to = { source: { kind: 'file', path }, format: 'qcow2' } as const;
      const order = { targetDev: 'vda', to, create: false, resizeBytes: null };
      return volumeSwapInput({ domain: guest.name, host: host.uri, disks: [order], ...how });
    },
    toNext: async (swap) => {
      const next = join(lab.paths.sharedDir, `${name}-${(swaps += 1)}.qcow2`);
      await execute('qemu-img', ['create', '-q', '-f', 'qcow2', '--', next, disk]);
      const measured = await swap(next);
      await rm(current);
      current = next;
      return measured;
    },
  };
}
