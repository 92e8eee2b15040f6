import type { QemuMigrationStatus, StreamProgress } from '../../ports/observation.ts';
import type { Place } from './domain-life.ts';
import { pauseVcpus, runVcpus } from './domain-life.ts';
import { gapsMs } from './migration-job.ts';
import { hearStatus } from './postcopy.ts';
import type { Qemu } from './qemu.ts';
import type { Route } from './transfer.ts';
import { bytesPerS, Transfer } from './transfer.ts';
import { CarrierDied } from './world.ts';

/** One end of a stream: a QEMU and the daemon that listens to it. */
export type StreamEnd = Place & { readonly qemu: Qemu };

export interface StreamOptions {
  readonly source: StreamEnd;
  readonly destination: StreamEnd;
  /** How much of its time auto-converge takes from the guest: at first, then more each pass. */
  readonly throttle: { readonly initial: number; readonly increment: number } | null;
  readonly postcopyBytesPerS: number;
  /** `null`: the two QEMUs alone carry it, so that it goes on when a daemon dies. */
  readonly isTunnelWhole: (() => boolean) | null;
  readonly onPostcopy: () => void;
  /** The ends can prove to each other who they are. */
  readonly isTrusted: boolean;
}

/** More is never taken from the guest. */
const mostThrottle = 0.99;

/** QEMU's memory on its way, first pre-copy and then, where it is asked for, post-copy. */
export class MemoryStream {
  status: QemuMigrationStatus = 'setup';
  /** Well or badly; nothing more will come. */
  hasEnded = false;
  readonly #options: StreamOptions;
  readonly #source: StreamEnd;
  readonly #destination: StreamEnd;
  #route: Route;
  /** Those of the link when this stream was opened. */
  #resets: number;
  #sentBytes = 0;
  #transfer: Transfer | null = null;
  #iteration = 0;
  #stoppedVcpus = false;
  #mayContinue = false;
  #cancelled = false;
  #postcopyWanted = false;
  #isPostcopy = false;
  /** The destination has the devices' state and can run the guest. */
  #handedOver = false;

  constructor(options: StreamOptions) {
    const { source, destination } = options;
    this.#options = options;
    this.#source = source;
    this.#destination = destination;
    this.#resets = source.world.link.streamResets;
    this.#route = {
      from: source.host.name,
      to: destination.host.name,
      limitBytesPerS: () => source.qemu.bandwidthBytesPerS,
    };
  }

  /** Progress of all passes together. */
  get progress(): StreamProgress {
    const doneBytes = this.#transfer?.doneBytes ?? 0;
    return {
      stream: 'memory',
      processedBytes: this.#sentBytes + doneBytes,
      totalBytes: this.#source.domain.definition.memoryBytes,
      remainingBytes: (this.#transfer?.totalBytes ?? 0) - doneBytes,
      bytesPerS: this.#transfer?.bytesPerS ?? null,
    };
  }

  /** QMP `migrate-continue`: leave pre-switchover. */
  continue(): void {
    this.#mayContinue = true;
    this.#source.world.changed();
  }

  /** QMP `migrate_cancel`; nothing to do after the end, nor once the guest runs elsewhere. */
  cancel(): void {
    if (this.#destination.qemu.vcpus === 'running') return;
    this.#cancelled = true;
    this.#source.world.changed();
  }

  /** QMP `migrate-start-postcopy`, of a stream that is active. */
  startPostcopy(): void {
    this.#postcopyWanted = true;
    this.#source.world.changed();
  }

  /** QMP `migrate` with `resume`, of a stream that is paused in post-copy. */
  resume(): void {
    this.#resets = this.#source.world.link.streamResets;
    this.#enter('postcopy-recover');
    this.#enterThere('postcopy-recover');
  }

  async run(): Promise<void> {
    try {
      await this.#send();
    } catch (error) {
      if (!(error instanceof CarrierDied)) throw error;
      await this.#giveUp();
    }
    this.hasEnded = true;
    this.#source.world.changed();
  }

  async #send(): Promise<void> {
    await this.#pass(gapsMs.streamConnects);
    if (!this.#options.isTrusted) throw new CarrierDied();
    this.#enterThere('active');
    await this.#pass(gapsMs.streamIsSetUp);
    this.#enter('setup');
    await this.#pass(gapsMs.firstPass);
    const leftBytes = await this.#precopy();
    const becomesPostcopy = this.#postcopyWanted;
    await this.#pass(gapsMs.vcpusStop);
    this.#stoppedVcpus = this.#source.qemu.vcpus === 'running';
    if (this.#stoppedVcpus) pauseVcpus(this.#source, 'migration', 'migrated');
    await this.#pass(gapsMs.preSwitchover);
    this.#enter('pre-switchover');
    await this.#source.world.wait({ until: () => this.#mayContinue, whileAlive: this.#isWhole });
    await this.#pass(gapsMs.deviceState);
    this.#source.qemu.holdsImages = false;
    await (becomesPostcopy ? this.#postcopy(leftBytes) : this.#sendRest(leftBytes));
    this.#enterThere('completed');
    this.#enter('completed');
  }

  /** @returns the bytes that are left for the time when the vCPUs stand still */
  async #precopy(): Promise<number> {
    const { qemu, domain, world } = this.#source;
    const { memoryBytes, dirtyBytesPerS } = domain.definition;
    let leftBytes: number = memoryBytes;
    let slowedBy = 0;
    for (;;) {
      this.#beginIteration(leftBytes);
      if (this.#iteration === 1) this.#enter('active');
      else if (leftBytes * 1_000 <= bytesPerS(world, this.#route) * qemu.maxDowntimeMs)
        return leftBytes;
      else if (this.#iteration > 2) slowedBy = this.#throttleAfter(slowedBy);
      const ranBeforeMs = qemu.guestRanMs;
      const unsentBytes = await this.#transmit(leftBytes, () => this.#postcopyWanted);
      const dirtiedBytes =
        (dirtyBytesPerS * (1 - slowedBy) * (qemu.guestRanMs - ranBeforeMs)) / 1_000;
      leftBytes = Math.min(memoryBytes, Math.floor(unsentBytes + dirtiedBytes));
      if (this.#postcopyWanted) return leftBytes;
    }
  }

  async #sendRest(leftBytes: number): Promise<void> {
    this.#enter('device');
    this.#beginIteration(leftBytes);
    await this.#transmit(leftBytes);
    await this.#pass(gapsMs.deviceStateArrives);
    this.#destination.qemu.load(this.#source.qemu.memory);
  }

  /** From here on the guest belongs to the destination: a broken stream waits for another one. */
  async #postcopy(leftBytes: number): Promise<void> {
    const { world, qemu } = this.#source;
    const { postcopyBytesPerS } = this.#options;
    this.#route = { ...this.#route, limitBytesPerS: () => postcopyBytesPerS };
    this.#transfer = new Transfer(world, this.#route, leftBytes);
    this.#isPostcopy = true;
    this.#enter('postcopy-active');
    this.#beginIteration(leftBytes);
    this.#options.onPostcopy();
    while (!(await this.#carryOn(this.#transfer))) {
      if (this.#cancelled) {
        this.#source.domain.reason = 'migration';
        throw new CarrierDied();
      }
      if (qemu.alive) this.#enter('postcopy-paused');
      if (this.#destination.qemu.alive) this.#enterThere('postcopy-paused');
      const isRecovering = (): boolean => this.status === 'postcopy-recover';
      await world.wait({ until: isRecovering, whileAlive: this.#isWorthWhile });
    }
  }

  /** @returns whether all of the guest has arrived; else the stream is broken */
  async #carryOn(transfer: Transfer): Promise<boolean> {
    try {
      if (this.status === 'postcopy-recover') {
        await this.#pass(gapsMs.streamRecovers);
        this.#enter('postcopy-active');
        this.#enterThere('postcopy-active');
      } else if (!this.#handedOver) {
        await this.#pass(gapsMs.postcopyBegins);
        this.#destination.qemu.load(this.#source.qemu.memory);
        this.#handedOver = true;
        this.#enterThere('postcopy-active');
      }
      const silenceMs = gapsMs.tcpGivesUp;
      return (await transfer.run({ whileAlive: this.#isWhole, silenceMs })) === 'over';
    } catch (error) {
      if (!(error instanceof CarrierDied)) throw error;
      return false;
    }
  }

  /** @returns the bytes that were not sent because something else came between */
  async #transmit(totalBytes: number, until = (): boolean => false): Promise<number> {
    const transfer = new Transfer(this.#source.world, this.#route, totalBytes);
    this.#transfer = transfer;
    const silenceMs = gapsMs.tcpGivesUp;
    const how = await transfer.run({ whileAlive: this.#isWhole, until, silenceMs });
    if (how === 'silent') throw new CarrierDied();
    this.#sentBytes += transfer.doneBytes;
    this.#transfer = null;
    return totalBytes - transfer.doneBytes;
  }

  async #giveUp(): Promise<void> {
    const { qemu, world } = this.#source;
    if (this.#isPostcopy && !this.#cancelled) return;
    const isReachable = this.#reachesDestination();
    if (this.#cancelled && qemu.alive) {
      this.#enter('cancelling');
      if (isReachable) this.#failAtDestination('unheard');
      await world.pass(gapsMs.streamCancels, () => true);
      this.#enter('cancelled');
    } else {
      this.#enter('failed');
      if (isReachable) this.#failAtDestination('heard');
    }
    if (this.#stoppedVcpus && qemu.alive) runVcpus(this.#source, 'unpaused', 'unpaused');
  }

  /**
   * The incoming QEMU gives up; where no daemon keeps it, it ends by itself. Of a stream that the source
   * has cancelled it tells nothing.
   */
  #failAtDestination(how: 'heard' | 'unheard'): void {
    const { host, qemu, world } = this.#destination;
    if (!qemu.alive) return;
    if (how === 'heard') this.#enterThere('failed');
    else qemu.incoming = 'failed';
    world.changed();
    if (!host.daemon.up) qemu.kill();
  }

  readonly #isWorthWhile = (): boolean =>
    !this.#cancelled && this.#source.qemu.alive && this.#destination.qemu.alive;

  readonly #isWhole = (): boolean =>
    !this.#cancelled &&
    this.#source.qemu.alive &&
    (this.#destination.qemu.alive || !this.#reachesDestination()) &&
    (this.#options.isTunnelWhole?.() ?? this.#source.world.link.streamResets === this.#resets);

  #reachesDestination(): boolean {
    return this.#source.world.link.carries(this.#route.from, this.#route.to);
  }

  #pass(delayMs: number): Promise<void> {
    return this.#source.world.pass(delayMs, this.#isWhole);
  }

  #enter(status: QemuMigrationStatus): void {
    this.status = status;
    hearStatus(this.#source, status);
    this.#source.world.changed();
  }

  #enterThere(status: QemuMigrationStatus): void {
    this.#destination.qemu.incoming = status;
    hearStatus(this.#destination, status);
    this.#destination.world.changed();
  }

  /** QEMU tells each time that it looks anew which pages were written. */
  #beginIteration(remainingBytes: number): void {
    const { world, host, domain } = this.#source;
    this.#iteration += 1;
    const { uuid } = domain;
    world.tell(host, uuid, { kind: 'iteration', iteration: this.#iteration, remainingBytes });
  }

  #throttleAfter(slowedBy: number): number {
    const { throttle } = this.#options;
    if (throttle === null) return 0;
    if (slowedBy === 0) return throttle.initial;
    return Math.min(mostThrottle, slowedBy + throttle.increment);
  }
}
