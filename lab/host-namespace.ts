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

/** What libvirt, TLS, SSH and SASL read and write, each replaced by one of the host's own. */
function ownPlaces(host: HostPaths): [from: string, to: string][] {
  return [
    [host.etcDir, '/etc/libvirt'],
    [host.runDir, '/run/libvirt'],
    [host.libDir, '/var/lib/libvirt'],
    [host.cacheDir, '/var/cache/libvirt'],
    [host.logDir, '/var/log/libvirt'],
    [host.pkiDir, '/etc/pki'],
    [host.sshDir, '/etc/ssh'],
    [host.saslDir, '/etc/sasl2'],
    [host.hostsFile, '/etc/hosts'],
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

/** Where a host's own system is reached by a path that only root can change, which sshd wants. */
export const safeSystemRoot = '/run/system';

function safeRootMounts(root: SystemRoot): string[][] {
  return [
    ['mkdir', safeSystemRoot],
    ['mount', '--rbind', root, safeSystemRoot],
  ];
}

/** Mounts that put the host's own directories into a system. */
function ownMounts(host: HostPaths, root: SystemRoot): string[][] {
  const [upper, work] = [`${root}/run/etc/upper`, `${root}/run/etc/work`];
  const overlay = `lowerdir=${root}/etc,upperdir=${upper},workdir=${work}`;
  return [
    // An empty /run hides this machine's D-Bus, firewalld and systemd: a host looks the same
    // everywhere.
    ['mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', `${root}/run`],
    ['mkdir', '--parents', `${root}/run/libvirt`, `${root}/run/sshd`, upper, work],
    // A layer over /etc, which goes with the namespace: no /etc/pki has to be made beneath it.
    ['mount', '-t', 'overlay', '-o', overlay, 'overlay', `${root}/etc`],
    ['mkdir', '--parents', `${root}/etc/pki`],
    ...ownPlaces(host).map(([from, to]) => ['mount', '--bind', from, `${root}${to}`]),
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
    ...ownMounts(host, ''),
    // Programs of this machine's own system run on such a host too, and see it as its own do.
    ...(root === '' ? [] : [...ownMounts(host, root), ...safeRootMounts(root)]),
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
  const { etcDir, runDir, cacheDir, logDir, imagesDir, pkiDir, sshDir, saslDir } = host;
  const libvirt = [etcDir, runDir, cacheDir, logDir, imagesDir];
  const directories = [...libvirt, pkiDir, sshDir, saslDir];
  for (const directory of directories) await mkdir(directory, { recursive: true });
  await mkdir(join(host.etcDir, 'storage', 'autostart'), { recursive: true });
}
