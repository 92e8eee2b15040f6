import { mkdir, readdir } from 'node:fs/promises';
import { certificateAuthority } from './certificates.ts';
import { createBareDomain, createGuest, recordedGuests, removeGuestFiles } from './guest.ts';
import { tellGuest } from './guest-control.ts';
import type { GuestRequest } from './guest-control.ts';
import { locateGuest } from './guest-place.ts';
import type { GuestOptions, LabGuest } from './guest.ts';
import { LabHost } from './host.ts';
import { removeHost } from './host-removal.ts';
import { LabError } from './lab-error.ts';
import { claimLabState, hostNames, readLabState, releaseLabState } from './lab-state.ts';
import type { HostCount, LabState } from './lab-state.ts';
import type { HostListing } from './listing.ts';
import { withLock } from './lock.ts';
import { createSwitch, deleteNetworkNamespace } from './network.ts';
import { prepareNewerSystem } from './newer-system.ts';
import { hostPaths, labPaths } from './paths.ts';
import type { LabPaths } from './paths.ts';
import { clientPkiPath } from './pki.ts';
import type { ClientIdentity } from './pki.ts';
import { labSasl } from './sasl.ts';
import type { LabSasl } from './sasl.ts';
import { knownHostsFile, prepareSsh, sshKeyFile } from './ssh.ts';
import type { KnownHosts } from './ssh.ts';

/** What `status` tells about a lab. */
export interface LabStatus {
  readonly hosts: readonly {
    readonly name: string;
    readonly uri: string;
    readonly tcp: string;
    readonly dir: string;
    /** Null while its libvirtd does not run. */
    readonly pid: number | null;
  }[];
  /** `host` is where the guest is now; null when it is on no host any more. */
  readonly guests: readonly {
    readonly name: string;
    readonly host: string | null;
    readonly serial: string;
    readonly disk: string;
  }[];
}

/**
 * What is on every host of a lab, as virsh tells it: compared before and after, it shows what was
 * left or lost.
 */
export interface WorldListing {
  readonly hosts: readonly HostListing[];
  /** Disks that all hosts see. */
  readonly sharedFiles: readonly string[];
}

/** A lab: libvirt hosts of one machine on a network of their own. */
export class Lab {
  readonly name: string;
  readonly hosts: readonly LabHost[];
  readonly paths: LabPaths;

  constructor(paths: LabPaths, state: LabState) {
    this.name = paths.name;
    this.paths = paths;
    this.hosts = state.hosts.map((own) => new LabHost(paths, state, own));
  }

  /** @throws {LabError} when the lab has no host of that name. */
  host(name: string): LabHost {
    const found = this.hosts.find((host) => host.name === name);
    if (found !== undefined) return found;
    const known = this.hosts.map((host) => host.name).join(', ');
    throw new LabError(`lab ${this.name} has no host '${name}', only ${known}`);
  }

  /**
   * Makes a ticking guest and waits for its first tick.
   * @throws {LabError} when the name is taken, or it does not tick in time.
   */
  async guest(name: string, options: GuestOptions): Promise<LabGuest> {
    return createGuest(this.paths, this.host(options.on), name, options);
  }

  /** Has a guest with a control port do something to itself, and waits until it has. */
  tellGuest(name: string, request: GuestRequest): Promise<void> {
    return tellGuest(this.paths, name, request);
  }

  /** Makes a running domain without disk or system, in 0.3 s. */
  async bareDomain(
    name: string,
    options: { readonly on: string; readonly memoryMiB?: number },
  ): Promise<{ readonly name: string; readonly uuid: string }> {
    const host = this.host(options.on);
    return createBareDomain(this.paths, host, name, options.memoryMiB ?? 64);
  }

  /** A directory for `?pkipath=` of a connection URI: who the client is, and whom it trusts. */
  pkiPath(identity: ClientIdentity): Promise<string> {
    return clientPkiPath(this.paths, identity);
  }

  /** The private key for `?keyfile=`: every host lets its owner in as root. */
  get sshKey(): string {
    return sshKeyFile(this.paths);
  }

  /** A file for `?known_hosts=`. */
  knownHosts(known: KnownHosts): string {
    return knownHostsFile(this.paths, known);
  }

  /** Credentials for daemons that were started with `sasl`. */
  sasl(): Promise<LabSasl> {
    return labSasl(this.paths);
  }

  /** The lab as new: no guests and images, no faults, every daemon freshly started. */
  async reset(): Promise<void> {
    await withLock(`lab-${this.name}`, async () => {
      await Promise.all(this.hosts.map((host) => host.reset()));
      await removeGuestFiles(this.paths);
    });
  }

  /** Takes the lab down; see {@link labDown}. */
  down(): Promise<void> {
    return labDown(this.name);
  }

  /** Who is where. */
  async status(): Promise<LabStatus> {
    const hosts = await Promise.all(
      this.hosts.map(async (host) => {
        const { name, uri, tcp, dir } = host;
        return { name, uri, tcp, dir, pid: await host.pid() };
      }),
    );
    const guests = await Promise.all(
      (await recordedGuests(this.paths)).map(async ({ name, serial, disk }) => {
        return { name, host: await locateGuest(this.hosts, name), serial, disk };
      }),
    );
    return { hosts, guests };
  }

  /** What is on every host. */
  async listing(): Promise<WorldListing> {
    const hosts = await Promise.all(this.hosts.map((host) => host.listing()));
    return { hosts, sharedFiles: (await readdir(this.paths.sharedDir)).toSorted() };
  }
}

/**
 * Brings a lab up; what is up already stays as it is, with its guests.
 * @throws {LabError} when the machine cannot carry it.
 */
export async function labUp(options: {
  readonly name: string;
  readonly hosts?: HostCount;
}): Promise<Lab> {
  const paths = labPaths(options.name);
  return withLock(`lab-${options.name}`, async () => {
    if ((options.hosts ?? 2) > 2) await prepareNewerSystem();
    const state = await claimLabState(paths, options.hosts ?? 2);
    for (const directory of [paths.guestsDir, paths.serialDir, paths.sharedDir]) {
      await mkdir(directory, { recursive: true });
    }
    await Promise.all([
      createSwitch(paths),
      certificateAuthority(paths, 'trusted'),
      prepareSsh(paths, state),
    ]);
    const lab = new Lab(paths, state);
    await Promise.all(lab.hosts.map((host) => host.create()));
    return lab;
  });
}

/**
 * Opens a lab that is up.
 * @throws {LabError} when there is none of that name.
 */
export async function labOpen(name: string): Promise<Lab> {
  const paths = labPaths(name);
  const state = await readLabState(paths);
  if (state !== null) return new Lab(paths, state);
  throw new LabError(`there is no lab '${name}': run 'npm run lab -- up --name ${name}'`);
}

/**
 * Takes a lab down and leaves nothing of it: processes, namespaces, mounts, files. Nothing happens
 * where it is down.
 */
export async function labDown(name: string): Promise<void> {
  const paths = labPaths(name);
  await withLock(`lab-${name}`, async () => {
    const hosts = hostNames.map((host) => hostPaths(paths, host));
    await Promise.all(hosts.map((host) => removeHost(host)));
    await deleteNetworkNamespace(paths.bridgeNamespace);
    await releaseLabState(paths);
  });
}
