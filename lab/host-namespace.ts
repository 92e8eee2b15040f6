import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.ts';
import { mountPointsBelow } from './mounts.ts';
import type { HostPaths, LabPaths } from './paths.ts';

/**
 * A host whose programs come from here: '' is this machine's own system, else a directory with
 * another one.
 */
export type SystemRoot = string;

/** The words before a command that make it run on the host. */
export function onHost(host: HostPaths): string[] {
  return [`--net=${host.networkFile}`, `--mount=${host.mountFile}`, `--uts=${host.utsFile}`, '--'];
}

/** The directories that libvirt owns, each replaced by one of the host's own. */
function ownDirectories(host: HostPaths): [from: string, to: string][] {
  return [
    [host.etcDir, '/etc/libvirt'],
    [host.runDir, '/run/libvirt'],
    [host.libDir, '/var/lib/libvirt'],
    [host.cacheDir, '/var/cache/libvirt'],
    [host.logDir, '/var/log/libvirt'],
  ];
}

/**
 * Mounts that turn a directory with a Debian system into one that libvirtd can run in, changing
 * nothing in it.
 */
function foreignSystemMounts(lab: LabPaths, root: SystemRoot): string[][] {
  return [
    ['mount', '--bind', root, root],
    ['mount', '-t', 'proc', 'proc', `${root}/proc`],
    ['mount', '--rbind', '/dev', `${root}/dev`],
    ['mount', '-t', 'tmpfs', 'tmpfs', `${root}/tmp`],
    ['mount', '-t', 'tmpfs', 'tmpfs', `${root}/var/tmp`],
    ['mkdir', '--parents', `${root}${lab.dir}`],
    ['mount', '--bind', lab.dir, `${root}${lab.dir}`],
  ];
}

/**
 * Makes the host's mount and UTS namespaces and binds them to files, so that they live on without a
 * process and a killed daemon can be started in them again.
 */
export async function createHostNamespaces(
  lab: LabPaths,
  host: HostPaths,
  root: SystemRoot,
): Promise<void> {
  await mkdir(host.namespacesDir, { recursive: true });
  await writeFile(host.mountFile, '');
  await writeFile(host.utsFile, '');
  // The kernel binds a mount namespace to a file only where mounts do not propagate.
  await run('mount', ['--bind', host.namespacesDir, host.namespacesDir]);
  await run('mount', ['--make-private', host.namespacesDir]);
  const network = `--net=${host.networkFile}`;
  const create = ['unshare', `--mount=${host.mountFile}`, `--uts=${host.utsFile}`];
  await run('nsenter', [network, ...create, '--propagation', 'private', 'true']);

  const setup: string[][] = [
    ['hostname', host.name],
    ...(root === '' ? [] : foreignSystemMounts(lab, root)),
    // sysfs shows the network namespace of its mounter.
    ['mount', '-t', 'sysfs', 'sysfs', `${root}/sys`],
    // An empty /run hides this machine's D-Bus, firewalld and systemd: a host looks the same
    // everywhere.
    ['mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', `${root}/run`],
    ['mkdir', '--parents', `${root}/run/libvirt`],
    ...ownDirectories(host).map(([from, to]) => ['mount', '--bind', from, `${root}${to}`]),
    ['mount', '--bind', host.hostsFile, `${root}/etc/hosts`],
  ];
  for (const command of setup) await run('nsenter', [...onHost(host), ...command]);
}

/**
 * Lets go of the namespaces; the kernel removes them, and all that is mounted inside, with their
 * last process.
 */
export async function deleteHostNamespaces(host: HostPaths): Promise<void> {
  for (const point of await mountPointsBelow(host.dir)) await run('umount', ['--lazy', point]);
}

/** Whether both namespaces are still held, which a restart of the machine ends. */
export async function hasHostNamespaces(host: HostPaths): Promise<boolean> {
  const points = new Set(await mountPointsBelow(host.dir));
  return points.has(host.mountFile) && points.has(host.utsFile);
}

/** Directories of a host, empty. */
export async function createHostDirectories(host: HostPaths): Promise<void> {
  const directories = [host.etcDir, host.runDir, host.cacheDir, host.logDir, host.imagesDir];
  for (const directory of directories) await mkdir(directory, { recursive: true });
  await mkdir(join(host.etcDir, 'storage', 'autostart'), { recursive: true });
}
