import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { recallCapabilities, rememberCapabilities } from './capabilities-cache.ts';
import { run } from './command.ts';
import type { CommandOptions } from './command.ts';
import { daemonState, endDaemon, hostUri, signalDaemon, startDaemon } from './daemon.ts';
import { writeDaemonConfig, writeHostsFile, writeImagesPool } from './daemon-config.ts';
import type { DaemonOverrides } from './daemon-config.ts';
import { createHostDirectories, createHostNamespaces, onHost } from './host-namespace.ts';
import { endHostProcesses, isHostWhole, removeHost } from './host-removal.ts';
import { LabError } from './lab-error.ts';
import { hostAddress } from './lab-state.ts';
import type { HostState, LabState } from './lab-state.ts';
import { clearLink, dropPorts, setCable, setRate } from './link-faults.ts';
import type { PortFault } from './link-faults.ts';
import { listHost, listQemuProcesses } from './listing.ts';
import type { HostListing } from './listing.ts';
import { readMigrationLog, readMigrationTruth } from './migration-truth.ts';
import type { MigrationLogEntry, MigrationTruth } from './migration-truth.ts';
import { createHostNetwork } from './network.ts';
import { newerSystemRoot } from './newer-system.ts';
import { hostPaths } from './paths.ts';
import type { HostPaths, LabPaths } from './paths.ts';
import { virsh } from './virsh.ts';

/**
 * One libvirt host of a lab: a libvirtd in namespaces of its own, and the faults that can be put on
 * it.
 */
export class LabHost {
  readonly name: string;
  /** Connection URI from outside the namespaces. */
  readonly uri: string;
  /** Connection URI from the other hosts of the lab. */
  readonly tcp: string;
  readonly address: string;
  readonly dir: string;
  readonly paths: HostPaths;
  readonly #lab: LabPaths;
  readonly #state: LabState;
  readonly #own: HostState;
  readonly #root: string;

  constructor(lab: LabPaths, state: LabState, own: HostState) {
    this.paths = hostPaths(lab, own.name);
    this.name = own.name;
    this.uri = hostUri(this.paths);
    this.address = hostAddress(state, own.name);
    this.tcp = `qemu+tcp://${this.address}/system`;
    this.dir = this.paths.dir;
    this.#lab = lab;
    this.#state = state;
    this.#own = own;
    this.#root = own.generation === 'newer' ? newerSystemRoot() : '';
  }

  /** Number of the daemon's process; null when it does not run. */
  async pid(): Promise<number | null> {
    const daemon = await daemonState(this.paths);
    return daemon.state === 'gone' ? null : daemon.process.pid;
  }

  /** What the daemon is doing: `stopped` is frozen by SIGSTOP. */
  async daemonState(): Promise<'running' | 'stopped' | 'gone'> {
    return (await daemonState(this.paths)).state;
  }

  /** SIGKILL to libvirtd; returns when it is gone. The guests run on. */
  kill(): Promise<void> {
    return endDaemon(this.paths, 'SIGKILL');
  }

  /** Freezes libvirtd: connections stay open, nothing is answered. */
  sigstop(): Promise<void> {
    return signalDaemon(this.paths, 'SIGSTOP');
  }

  sigcont(): Promise<void> {
    return signalDaemon(this.paths, 'SIGCONT');
  }

  /**
   * Starts libvirtd where it does not run and waits until it answers. With `overrides` a running
   * one is ended first; they hold until the next start.
   * @throws {LabError} when it does not come up.
   */
  async start(overrides?: DaemonOverrides): Promise<void> {
    if (overrides !== undefined) await endDaemon(this.paths, 'SIGTERM');
    const state = await this.daemonState();
    if (state === 'stopped') await this.sigcont();
    if (state !== 'gone') return;
    await writeDaemonConfig(this.paths, this.#own.uuid, overrides ?? {});
    await startDaemon(this.paths, this.#root);
  }

  /**
   * Runs a program with this host's network and names, for instance a client that must reach
   * another host's `tcp`.
   * @throws {CommandError} when it fails.
   */
  run(file: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
    return run('nsenter', [...onHost(this.paths), file, ...args], options);
  }

  /** Limits what this host may send, for example to `100mbit`. */
  setRate(rate: string): Promise<void> {
    return setRate(this.paths, rate);
  }

  /** Pulls or plugs this host's cable. */
  setLink(to: 'up' | 'down'): Promise<void> {
    return setCable(this.#lab, this.paths, to);
  }

  /** Loses or resets TCP packets of a port range. */
  dropPort(fault: PortFault): Promise<void> {
    return dropPorts(this.paths, fault);
  }

  /** Takes rate, cable and port faults off this host's link. */
  clearLink(): Promise<void> {
    return clearLink(this.#lab, this.paths);
  }

  /**
   * Lets this host know the names of all hosts of the lab, or only its own: then a destination's
   * advertised name does not resolve here, the most usual fault of real clusters.
   */
  setNameResolution(to: 'all' | 'own'): Promise<void> {
    const known = this.#state.hosts.filter((host) => to === 'all' || host.name === this.name);
    const entries = known.map(({ name }) => [name, hostAddress(this.#state, name)] as const);
    return writeHostsFile(this.paths, new Map(entries));
  }

  /** The migration job that this host's daemon holds for a domain, from its own status file. */
  migrationTruth(domain: string): Promise<MigrationTruth | null> {
    return readMigrationTruth(this.paths, domain);
  }

  /**
   * Phase changes and QEMU's migration states that this host's daemon has logged since the last
   * reset, oldest first.
   */
  migrationLog(): Promise<MigrationLogEntry[]> {
    return readMigrationLog(this.paths);
  }

  /** Names of the domains whose QEMU really runs here, whatever the daemon knows. */
  qemuProcesses(): Promise<string[]> {
    return listQemuProcesses(this.paths);
  }

  /** What is on this host, asked through virsh. */
  listing(): Promise<HostListing> {
    return listHost(this.paths);
  }

  /** Makes the host and starts its daemon; what is there already stays. */
  async create(): Promise<void> {
    if (!(await isHostWhole(this.paths))) {
      await removeHost(this.paths);
      await createHostDirectories(this.paths);
      await this.setNameResolution('all');
      await recallCapabilities(this.paths, this.#own.generation);
      await writeImagesPool(this.paths, this.#own.uuid);
      await createHostNetwork(this.#lab, this.paths, this.address);
      await createHostNamespaces(this.#lab, this.paths, this.#root);
    }
    if ((await this.daemonState()) !== 'gone') return;
    await this.start();
    // Asked for by nearly every client: let the lab's start pay for finding them out, not the first
    // who asks.
    await virsh(this.uri, ['capabilities'], { timeoutMs: 120_000 });
    await rememberCapabilities(this.paths, this.#own.generation);
  }

  /**
   * Brings the host back to what it was when new: no guests, no images, default settings, no
   * faults.
   */
  async reset(): Promise<void> {
    if (!(await isHostWhole(this.paths))) {
      throw new LabError(
        `${this.name} is not whole any more: run 'npm run lab -- down', then 'up'`,
      );
    }
    await endHostProcesses(this.paths);
    await this.clearLink();
    const { etcDir, runDir, libDir, logDir } = this.paths;
    for (const directory of [etcDir, runDir, libDir, logDir]) await emptyDirectory(directory);
    await createHostDirectories(this.paths);
    await this.setNameResolution('all');
    await writeImagesPool(this.paths, this.#own.uuid);
    await this.start();
  }
}

/** The directory itself stays, because it is bound into the host's namespace. */
async function emptyDirectory(directory: string): Promise<void> {
  for (const entry of await readdir(directory)) {
    await rm(join(directory, entry), { recursive: true, force: true });
  }
}
