import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Lab, LabHost } from '../../lab/index.ts';
import { run } from '../../lab/command.ts';

/** Where the hosts' own pool `images` lies, as the hosts see it. */
export const imagesPath = '/var/lib/libvirt/images';

/** What asks for a move of a domain that is shut off, with its disks. */
export const withDisks = {
  input: { offline: true, peerWaitMs: 60_000 },
  options: { copyStorage: 'all', destinationConnectUri: null },
} as const;

/** What asks for its definition alone. */
export const definitionOnly = {
  input: { offline: true },
  options: { destinationConnectUri: null },
} as const;

export interface DiskDesign {
  readonly targetDev: 'vda' | 'vdb' | 'vdc';
  readonly format: 'raw' | 'qcow2';
  /** File name of the image below it. */
  readonly base?: string;
}

const diskBytes = 8 * 2 ** 20;

/** An image of the host's own pool, full of random bytes or a layer over one. */
export async function addImage(
  lab: Lab,
  hostName: string,
  file: string,
  { base, format }: Pick<DiskDesign, 'base' | 'format'>,
): Promise<void> {
  const host = lab.host(hostName);
  const path = join(host.paths.imagesDir, file);
  if (base === undefined) {
    const random = join(lab.paths.dir, 'random');
    await writeFile(random, randomBytes(diskBytes));
    await run('qemu-img', ['convert', '-f', 'raw', '-O', format, random, path]);
  } else {
    const backing = ['-F', 'raw', '-b', `${imagesPath}/${base}`, '-u'];
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', ...backing, path, String(diskBytes)]);
  }
  await host.virsh(['pool-refresh', 'images']);
}

/** The same as a disk of a domain that is shut off. Gives the name of its file. */
export async function addDisk(
  lab: Lab,
  hostName: string,
  domain: string,
  disk: DiskDesign,
): Promise<string> {
  const { format, targetDev } = disk;
  const file = `${domain}-${targetDev}.${format}`;
  await addImage(lab, hostName, file, disk);
  const driver = ['--driver', 'qemu', '--subdriver', format, '--config'];
  await lab
    .host(hostName)
    .virsh(['attach-disk', domain, `${imagesPath}/${file}`, targetDev, ...driver]);
  return file;
}

/** Checksum of a file in a host's pool. */
export async function checksum(lab: Lab, hostName: string, file: string): Promise<string> {
  const path = join(lab.host(hostName).paths.imagesDir, file);
  return (await run('sha256sum', [path])).split(' ')[0] ?? '';
}

/** The phases that a host's daemon has gone through since the last reset, by its own log. */
export async function phasesOn(host: LabHost): Promise<string[]> {
  const log = await host.migrationLog();
  return log.flatMap((entry) => (entry.kind === 'phase' ? [entry.phase] : []));
}
