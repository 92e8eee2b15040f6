import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startCeph } from './ceph.ts';
import type { LabCeph } from './ceph.ts';
import { recallCapabilities, rememberCapabilities } from './capabilities-cache.ts';
import { run } from './command.ts';
import type { CommandOptions } from './command.ts';
import {
  daemonState,
  endDaemon,
  freezeDaemon,
  hostUri,
  startDaemon,
  thawDaemon,
} from './daemon.ts';
import { witnessUri } from './daemon.ts';
import type { DaemonOverrides } from './daemon-config.ts';
import { writeHostsFile } from './host-names.ts';
import { createHostNamespaces, onHost } from './host-namespace.ts';
import { spawnOnHost } from './host-process.ts';
import type { HostSpawnOptions } from './host-process.ts';
import { endHostProcesses, isHostWhole, removeHost } from './host-removal.ts';
import { configureDaemon, emptyHost, layOutHost, systemRoot } from './host-setup.ts';
import type { HostPlace } from './host-setup.ts';
import { readJobLog } from './job-truth.ts';
import type { JobLogEntry } from './job-truth.ts';
import { LabError } from './lab-error.ts';
import { hostAddresses } from './lab-state.ts';
import type { HostState, LabState } from './lab-state.ts';
import { clearLink, daemonPorts, dropPorts, healPorts, setCable, setRate } from './link-faults.ts';
import { breakStreams } from './link-faults.ts';
import type { PortFault } from './link-faults.ts';
import { listHost, listQemuProcesses } from './listing.ts';
import type { HostListing } from './listing.ts';
import { readMigrationLog, readMigrationTruth } from './migration-truth.ts';
import type { MigrationLogEntry, MigrationTruth } from './migration-truth.ts';
import { createHostNetwork } from './network.ts';
import type { HostNetwork } from './network.ts';
import { occupyPorts } from './occupied-ports.ts';
import type { OccupiedPorts } from './occupied-ports.ts';
import { hostPaths } from './paths.ts';
import type { HostPaths, LabPaths } from './paths.ts';
import { witnessQemu } from './qemu-witness.ts';
import type { QemuWitness } from './qemu-witness.ts';
import { knownHostsFile, setKnownHosts, sshKeyFile, startSshd } from './ssh.ts';
import type { KnownHosts } from './ssh.ts';
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
  /** The same over TLS, by name. */
  readonly tls: string;
  /** The same over SSH as root, with the lab's key and the hosts' keys. */
  readonly ssh: string;
  readonly address: string;
  /** On the network beside; its name is that of the host with `-migration`. */
  readonly migrationAddress: string;
  readonly dir: string;
  readonly paths: HostPaths;
  readonly #place: HostPlace;

  constructor(lab: LabPaths, state: LabState, own: HostState) {
    this.paths = hostPaths(lab, own.name);
    this.name = own.name;
    this.uri = hostUri(this.paths);
    const addresses = hostAddresses(state, own.name);
    this.address = addresses.main;
    this.migrationAddress = addresses.migration;
    this.tcp = `qemu+tcp://${this.address}/system`;
    this.tls = `qemu+tls://${this.name}/system`;
    const files = `keyfile=${sshKeyFile(lab)}&known_hosts=${knownHostsFile(lab, 'all')}`;
    this.ssh = `qemu+ssh://root@${this.name}/system?${files}`;
    this.dir = this.paths.dir;
    this.#place = { lab, state, own, paths: this.paths };
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

  /** Freezes libvirtd: connections stay open, nothing is answered from here on. */
  sigstop(): Promise<void> {
    return freezeDaemon(this.paths);
  }

  sigcont(): Promise<void> {
    return thawDaemon(this.paths);
  }

  /** Crashes, freezes or thaws the QEMU of a domain. */
  async signalQemu(domain: string, signal: NodeJS.Signals): Promise<void> {
    const pid = await readFile(join(this.paths.runDir, 'qemu', `${domain}.pid`), 'utf8');
    process.kill(Number(pid), signal);
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
    await configureDaemon(this.#place, overrides ?? {});
    await startDaemon(this.paths, systemRoot(this.#place.own));
  }

  /** Asks this host's daemon through virsh, with credentials where it wants some. */
  virsh(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    return virsh(witnessUri(this.paths), args, options);
  }

  /**
   * Runs a program with this host's network and names, for instance a client that must reach
   * another host's `tcp`.
   * @throws {CommandError} when it fails.
   */
  run(file: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
    return run('nsenter', [...onHost(this.paths), file, ...args], options);
  }

  /**
   * Starts a program with this host's network, mounts and names, and gives it to the caller: to
   * read what it prints while it runs, and to send it signals.
   */
  spawn(file: string, args: readonly string[], options: HostSpawnOptions = {}): ChildProcess {
    return spawnOnHost(this.paths, file, args, options);
  }

  /** Limits what this host may send, for example to `100mbit`. */
  setRate(rate: string, network: HostNetwork = 'main'): Promise<void> {
    return setRate(this.paths, rate, network);
  }

  /** Pulls or plugs this host's cable. */
  setLink(to: 'up' | 'down', network: HostNetwork = 'main'): Promise<void> {
    return setCable(this.#place.lab, this.paths, to, network);
  }

  /** Loses or resets TCP packets of a port range. */
  dropPort(fault: PortFault): Promise<void> {
    return dropPorts(this.paths, fault);
  }

  /**
   * Resets the memory and disk streams of this host, both ways: QEMU hears at once that its
   * connection is lost. {@link healPorts} ends it.
   */
  breakStreams(): Promise<void> {
    return breakStreams(this.paths);
  }

  /**
   * Loses or resets what daemons and clients say to each other over TCP, TLS and SSH; the streams
   * go on. {@link healPorts} ends it.
   */
  async breakDaemonConnections(effect: PortFault['effect']): Promise<void> {
    for (const ports of daemonPorts) await this.dropPort({ ports, direction: 'both', effect });
  }

  /**
   * Takes TCP ports from this host's QEMU, for example `49152-49153` with a daemon that was started
   * with `migration_port_min` and `migration_port_max` so. A reset frees them.
   */
  occupyPorts(ports: string): Promise<OccupiedPorts> {
    return occupyPorts(this.paths, ports);
  }

  /** Takes the port faults off; rates and cables stay as they are. */
  healPorts(): Promise<void> {
    return healPorts(this.paths);
  }

  /** Takes rate, cable and port faults off this host's link. */
  clearLink(): Promise<void> {
    return clearLink(this.#place.lab, this.paths);
  }

  /**
   * Lets this host know the names of all hosts of the lab, or only its own: then a destination's
   * advertised name does not resolve here, the most usual fault of real clusters.
   */
  setNameResolution(to: 'all' | 'own'): Promise<void> {
    return writeHostsFile(this.paths, this.#place.state, to);
  }

  /** Which host keys ssh knows on this host, for virsh and for the daemon itself. */
  setKnownHosts(known: KnownHosts): Promise<void> {
    return setKnownHosts(this.#place.lab, this.paths, known);
  }

  /** Starts a Ceph cluster here, which this host's QEMU and tools know of. */
  startCeph(): Promise<LabCeph> {
    return startCeph(this.paths, this.address);
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

  /**
   * Jobs of domains, and what their agents were asked for, as a daemon has logged them that was
   * started with {@link jobLogFilters}; oldest first.
   */
  jobLog(): Promise<JobLogEntry[]> {
    return readJobLog(this.paths);
  }

  /** Hears from the host's QEMUs themselves, on a monitor beside the daemon's, until it is closed. */
  witnessQemu(): Promise<QemuWitness> {
    return witnessQemu(this.paths);
  }

  /** Names of the domains whose QEMU really runs here, whatever the daemon knows. */
  qemuProcesses(): Promise<string[]> {
    return listQemuProcesses(this.paths);
  }

  /** What is on this host, asked through virsh. */
  listing(): Promise<HostListing> {
    return listHost(this.paths);
  }

  /** Makes the host and starts its daemons; what is there already stays. */
  async create(): Promise<void> {
    const { lab, state, own, paths } = this.#place;
    if (!(await isHostWhole(paths))) {
      await removeHost(paths);
      await layOutHost(this.#place);
      await recallCapabilities(paths, own.generation);
      await createHostNetwork(lab, paths, hostAddresses(state, own.name));
      await createHostNamespaces(lab, paths, systemRoot(own));
    }
    await startSshd(paths);
    if ((await this.daemonState()) !== 'gone') return;
    await this.start();
    // Asked for by nearly every client: let the lab's start pay for finding them out, not the first
    // who asks.
    await this.virsh(['capabilities'], { timeoutMs: 120_000 });
    await rememberCapabilities(paths, own.generation);
  }

  /**
   * Brings the host back to what it was when new: no guests, no images, default settings, no
   * faults.
   */
  async reset(): Promise<void> {
    const { paths } = this.#place;
    if (!(await isHostWhole(paths))) {
      throw new LabError(
        `${this.name} is not whole any more: run 'npm run lab -- down', then 'up'`,
      );
    }
    await endHostProcesses(paths);
    await this.clearLink();
    await emptyHost(paths);
    await layOutHost(this.#place);
    await Promise.all([startSshd(paths), this.start()]);
  }
}
