import { cp, mkdir } from 'node:fs/promises';
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
  await mkdir(hostFiles(host), { recursive: true });
  if ((await pathKind(cachedFiles(generation))) === null) return;
  await cp(cachedFiles(generation), hostFiles(host), { recursive: true });
}

/** Keeps what the host's libvirtd has found out for the labs to come. */
export async function rememberCapabilities(host: HostPaths, generation: string): Promise<void> {
  await cp(hostFiles(host), cachedFiles(generation), { recursive: true });
}
