import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchedImages } from '../../src/adapters/images/index.ts';
import { describeLab } from '../support/needs.ts';
import { unending } from './fixture.ts';
import type { ImageSite } from './image-site.ts';
import { fullBytes, mib } from './image-site.ts';
import { imagesContract } from './images.contract.ts';

/** A mount namespace with a narrow file system in it, which is gone with its process. */
async function narrowPlace(narrowDirectory: string): Promise<ChildProcess> {
  const mount = `mount -t tmpfs -o size=8m tmpfs "$1" && echo mounted && read -r _`;
  const place = spawn('unshare', ['--mount', 'sh', '-c', mount, 'sh', narrowDirectory]);
  await once(place.stdout, 'data');
  return place;
}

/** Holds an image as QEMU does while a guest runs. */
async function holdImage(path: string): Promise<ChildProcess> {
  const holder = spawn('qemu-io', ['-f', 'qcow2', path]);
  await once(holder.stdout, 'data');
  return holder;
}

async function endAll(children: readonly ChildProcess[]): Promise<void> {
  for (const child of children) {
    const ended = once(child, 'exit');
    child.stdin?.end();
    await ended;
  }
}

/** The tools of this machine, started as a caller of ours may start them: in namespaces of a host. */
async function localSite(): Promise<ImageSite> {
  const directory = await mkdtemp(join(tmpdir(), 'virtstate-images-'));
  const narrowDirectory = await mkdtemp(join(tmpdir(), 'virtstate-narrow-'));
  const place = await narrowPlace(narrowDirectory);
  const images = launchedImages('qemu:///system', (file, args) =>
    spawn('nsenter', [`--mount=/proc/${place.pid}/ns/mnt`, '--', file, ...args]),
  );
  const full = { path: join(directory, 'full.raw'), format: 'raw' };
  await writeFile(full.path, randomBytes(fullBytes));
  const inUse = { path: join(directory, 'guest.qcow2'), format: 'qcow2' };
  await images.createImage({ ...inUse, virtualSizeBytes: 4 * mib, backing: null }, unending);
  const holder = await holdImage(inUse.path);
  return {
    images,
    directory,
    narrowDirectory,
    full,
    inUse,
    run: (work) => work,
    close: async () => {
      await endAll([holder, place]);
      for (const path of [directory, narrowDirectory]) await rm(path, { recursive: true });
    },
  };
}

describeLab('the tools of this machine', () => imagesContract('qemu-img', localSite, 30_000));
