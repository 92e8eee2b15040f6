import { copyFile, mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pathKind } from './path-kind.ts';
import { cacheDirectory } from './paths.ts';
import type { HostPaths } from './paths.ts';

function hostFiles(host: HostPaths): string {
  return join(host.cacheDir, 'qemu', 'capabilities');
}

function cachedFiles(generation: string): string {
  return join(cacheDirectory(), 'capabilities', generation);
}

/**
 * Gives a new host what libvirtd once found out about this QEMU: asking the binary takes 4 s under
 * emulation. libvirtd checks versions and times itself and asks again where they differ.
 */
export async function recallCapabilities(host: HostPaths, generation: string): Promise<void> {
  const [from, to] = [cachedFiles(generation), hostFiles(host)];
  await mkdir(to, { recursive: true });
  if ((await pathKind(from)) === null) return;
  const files = (await readdir(from)).filter((file) => file.endsWith('.xml'));
  await Promise.all(files.map((file) => copyFile(join(from, file), join(to, file))));
}

/**
 * Keeps what the host's libvirtd has found out for the labs to come. Labs come up side by side: each
 * file is put in place whole.
 */
export async function rememberCapabilities(host: HostPaths, generation: string): Promise<void> {
  const [from, to] = [hostFiles(host), cachedFiles(generation)];
  await mkdir(to, { recursive: true });
  for (const file of await readdir(from)) {
    const draft = join(to, `${file}.${process.pid}-${host.networkNamespace}`);
    await copyFile(join(from, file), draft);
    await rename(draft, join(to, file));
  }
}
