import { access, constants } from 'node:fs/promises';
import { CommandError, plainEnvironment, run } from './command.ts';
import { cloudKernelRelease } from './guest-image.ts';
import { LabError } from './lab-error.ts';
import { pathKind } from './path-kind.ts';

/** Whether this machine can carry a lab, and if not why, in one line. */
export type LabAvailability =
  { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** A program that the lab calls, and the Debian package that has it. */
const needed: readonly (readonly [program: string, debianPackage: string])[] = [
  ['qemu-system-x86_64', 'qemu-system-x86'],
  ['qemu-img', 'qemu-utils'],
  ['libvirtd', 'libvirt-daemon-system'],
  ['virsh', 'libvirt-clients'],
  ['ip', 'iproute2'],
  ['tc', 'iproute2'],
  ['iptables', 'iptables'],
  ['busybox', 'busybox-static'],
  ['qemu-ga', 'qemu-guest-agent'],
  ['cpio', 'cpio'],
  ['mkfs.ext4', 'e2fsprogs'],
  ['modprobe', 'kmod'],
  ['nsenter', 'util-linux'],
  ['hostname', 'hostname'],
  ['openssl', 'openssl'],
  ['sshd', 'openssh-server'],
  ['ssh', 'openssh-client'],
  ['nc', 'netcat-openbsd'],
  ['saslpasswd2', 'sasl2-bin'],
];

type Programs = typeof needed;
/** What a host that starts a Ceph cluster needs besides. */
const neededForCeph: Programs = [
  ['ceph-mon', 'ceph-mon'],
  ['ceph-osd', 'ceph-osd'],
  ['rbd', 'ceph-common'],
];
/** QEMU's, beside its program. */
const rbdDriver = '/usr/lib/x86_64-linux-gnu/qemu/block-rbd.so';

async function isInstalled(program: string): Promise<boolean> {
  for (const directory of (plainEnvironment['PATH'] ?? '').split(':')) {
    const file = `${directory}/${program}`;
    if ((await pathKind(file)) !== 'file') continue;
    return access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
  }
  return false;
}

/** The Debian packages that are missing. */
async function missingOf(programs: Programs): Promise<string[]> {
  const missing = new Set<string>();
  for (const [program, debianPackage] of programs) {
    if (!(await isInstalled(program))) missing.add(debianPackage);
  }
  return [...missing];
}

async function missingPackages(): Promise<string[]> {
  const missing = await missingOf(needed);
  return (await cloudKernelRelease()) === null ? [...missing, 'linux-image-cloud-amd64'] : missing;
}

/** @throws {LabError} naming what a Ceph cluster needs and is not installed. */
export async function requireCeph(): Promise<void> {
  const missing = await missingOf(neededForCeph);
  if ((await pathKind(rbdDriver)) !== 'file') missing.push('qemu-block-extra');
  if (missing.length > 0) {
    const list = missing.join(', ');
    throw new LabError(`missing Debian packages: ${list}; .ci/packages --ceph installs them`);
  }
}

/** Finds out whether labs can be made here; changes nothing. */
export async function labAvailability(): Promise<LabAvailability> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return { ok: false, reason: 'the lab needs Linux on x86-64' };
  }
  if (process.geteuid?.() !== 0) {
    return { ok: false, reason: 'the lab needs root: it makes network and mount namespaces' };
  }
  const missing = await missingPackages();
  if (missing.length > 0) {
    const list = missing.join(', ');
    return { ok: false, reason: `missing Debian packages: ${list}; .ci/packages installs them` };
  }
  try {
    await run('unshare', ['--mount', '--net', '--uts', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { ok: false, reason: `namespaces cannot be made here: ${error.stderr.trim()}` };
  }
  return { ok: true };
}

/**
 * Asks {@link labAvailability} and goes on only where it says yes.
 * @throws {LabError} with the reason.
 */
export async function requireLab(): Promise<void> {
  const availability = await labAvailability();
  if (!availability.ok) throw new LabError(availability.reason);
}
