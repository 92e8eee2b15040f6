import { join } from 'node:path';
import { LabError } from './lab-error.ts';

/** Where everything of one lab lives. */
export interface LabPaths {
  readonly name: string;
  /** Removed by `down`. */
  readonly dir: string;
  readonly stateFile: string;
  /** Seen at the same path by every host. */
  readonly sharedDir: string;
  readonly serialDir: string;
  readonly bootDir: string;
  readonly guestsDir: string;
  /** Authorities and every certificate that was issued. */
  readonly pkiDir: string;
  /** The client's key, the hosts' keys, and files of known hosts. */
  readonly sshDir: string;
  /** The password of the lab's SASL user, and libvirt authentication files with it. */
  readonly saslDir: string;
  /** The network namespace that holds the bridge. */
  readonly bridgeNamespace: string;
}

/** Where everything of one host lives; directories are as seen from outside the namespaces. */
export interface HostPaths {
  readonly name: string;
  readonly dir: string;
  readonly etcDir: string;
  readonly runDir: string;
  readonly libDir: string;
  readonly cacheDir: string;
  readonly logDir: string;
  readonly imagesDir: string;
  /** The host's own /etc/pki, /etc/ssh and /etc/sasl2. */
  readonly pkiDir: string;
  readonly sshDir: string;
  readonly saslDir: string;
  readonly hostsFile: string;
  readonly daemonFile: string;
  readonly debugLog: string;
  readonly daemonOutput: string;
  /** Credentials for the lab's own virsh; there while the daemon asks for some. */
  readonly witnessAuthFile: string;
  readonly sshdFile: string;
  readonly sshdPidFile: string;
  readonly sshdLog: string;
  readonly socket: string;
  /** Name as `ip netns` lists it, and the file that holds it. */
  readonly networkNamespace: string;
  readonly networkFile: string;
  readonly namespacesDir: string;
  readonly mountFile: string;
  readonly utsFile: string;
}

/** The directory in which labs are made. */
export function labsDirectory(): string {
  return process.env['VIRTSTATE_LAB_DIR'] ?? '/var/tmp/virtstate-lab';
}

/** What outlives a lab because it is slow to make: guest image, capabilities, hostC's system. */
export function cacheDirectory(): string {
  return process.env['VIRTSTATE_LAB_CACHE'] ?? '/var/cache/virtstate-lab';
}

/**
 * The paths of a lab.
 * @throws {LabError} when the name cannot be part of paths and namespace names.
 */
export function labPaths(name: string): LabPaths {
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(name)) {
    throw new LabError(
      `'${name}' cannot name a lab: use up to 32 small letters, digits and hyphens`,
    );
  }
  const dir = join(labsDirectory(), name);
  const sharedDir = join(dir, 'shared');
  return {
    name,
    dir,
    stateFile: join(dir, 'lab.json'),
    sharedDir,
    serialDir: join(dir, 'serial'),
    bootDir: join(dir, 'boot'),
    guestsDir: join(dir, 'guests'),
    pkiDir: join(dir, 'pki'),
    sshDir: join(dir, 'ssh'),
    saslDir: join(dir, 'sasl'),
    bridgeNamespace: `virtstate-${name}-bridge`,
  };
}

/**
 * The paths of a host of a lab.
 * @throws {LabError} when the lab's directory is too long for a unix socket address.
 */
export function hostPaths(lab: LabPaths, name: string): HostPaths {
  const dir = join(lab.dir, name);
  const runDir = join(dir, 'run');
  const libDir = join(dir, 'lib');
  const logDir = join(dir, 'log');
  const namespacesDir = join(dir, 'ns');
  const networkNamespace = `virtstate-${lab.name}-${name}`;
  const socket = join(runDir, 'libvirt-sock');
  if (Buffer.byteLength(socket) > 100) {
    throw new LabError(`${dir} is too long a path for a unix socket: set VIRTSTATE_LAB_DIR`);
  }
  return {
    name,
    dir,
    etcDir: join(dir, 'etc'),
    runDir,
    libDir,
    cacheDir: join(dir, 'cache'),
    logDir,
    imagesDir: join(libDir, 'images'),
    pkiDir: join(dir, 'pki'),
    sshDir: join(dir, 'ssh'),
    saslDir: join(dir, 'sasl2'),
    hostsFile: join(dir, 'hosts'),
    daemonFile: join(dir, 'daemon.json'),
    debugLog: join(logDir, 'libvirtd.log'),
    daemonOutput: join(logDir, 'libvirtd.out'),
    witnessAuthFile: join(dir, 'auth.conf'),
    sshdFile: join(dir, 'sshd.json'),
    sshdPidFile: join(dir, 'sshd.pid'),
    sshdLog: join(logDir, 'sshd.log'),
    socket,
    networkNamespace,
    networkFile: `/run/netns/${networkNamespace}`,
    namespacesDir,
    mountFile: join(namespacesDir, 'mnt'),
    utsFile: join(namespacesDir, 'uts'),
  };
}
