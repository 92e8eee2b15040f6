import type { QemuMigrationStatus, StreamProgress } from '../../ports/observation.ts';
import type { Place } from './domain-life.ts';
import { pauseVcpus, runVcpus } from './domain-life.ts';
import { gapsMs } from './migration-job.ts';
import type { Qemu } from './qemu.ts';
import type { Route } from './transfer.ts';
import { bytesPerS, Transfer } from './transfer.ts';
import { CarrierDied } from './world.ts';

/** One end of a stream: a QEMU and the daemon that listens to it. */
export type StreamEnd = Place & { readonly qemu: Qemu };

/** How much of its time auto-converge takes from the guest: at first, then more with each pass. */
const throttle = { initial: 0.2, increment: 0.1, most: 0.99 };

/** QEMU's pre-copy, carried by the two QEMUs alone: it goes on when a daemon dies. */
export class MemoryStream {
  status: QemuMigrationStatus = 'setup';
  /** Well or badly; nothing more will come. */
  hasEnded = false;
  readonly #source: StreamEnd;
  readonly #destination: StreamEnd;
  readonly #route: Route;
  readonly #autoConverge: boolean;
  #sentBytes = 0;
  #transfer: Transfer | null = null;
  #iteration = 0;
  #stoppedVcpus = false;
  #mayContinue = false;
  #cancelled = false;

  constructor(options: {
    readonly source: StreamEnd;
    readonly destination: StreamEnd;
    readonly limitBytesPerS: number;
    readonly autoConverge: boolean;
  }) {
    const { source, destination, limitBytesPerS } = options;
    this.#source = source;
    this.#destination = destination;
    this.#route = { from: source.host.name, to: destination.host.name, limitBytesPerS };
    this.#autoConverge = options.autoConverge;
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

  /** QMP `migrate_cancel`; nothing to do after the end. */
  cancel(): void {
    this.#cancelled = true;
    this.#source.world.changed();
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
    const { world } = this.#source;
    await this.#pass(gapsMs.streamConnects);
    this.#tellDestination('active');
    await this.#pass(gapsMs.streamIsSetUp);
    this.#enter('setup');
    await this.#pass(gapsMs.firstPass);
    const leftBytes = await this.#precopy();
    await this.#pass(gapsMs.vcpusStop);
    this.#stoppedVcpus = this.#source.qemu.vcpus === 'running';
    if (this.#stoppedVcpus) pauseVcpus(this.#source, 'migration', 'migrated');
    await this.#pass(gapsMs.preSwitchover);
    this.#enter('pre-switchover');
    await world.wait({ until: () => this.#mayContinue, whileAlive: this.#isWhole });
    await this.#pass(gapsMs.deviceState);
    this.#source.qemu.holdsImages = false;
    this.#enter('device');
    this.#beginIteration();
    await this.#transmit(leftBytes);
    await this.#pass(gapsMs.deviceStateArrives);
    this.#destination.qemu.receiveGuest(this.#source.qemu);
    this.#tellDestination('completed');
    this.#enter('completed');
  }

  /** @returns the bytes that are left for the time when the vCPUs stand still */
  async #precopy(): Promise<number> {
    const { qemu, domain, world } = this.#source;
    const { memoryBytes, dirtyBytesPerS } = domain.definition;
    let leftBytes: number = memoryBytes;
    let slowedBy = 0;
    for (;;) {
      this.#beginIteration();
      if (this.#iteration === 1) this.#enter('active');
      else if (leftBytes * 1_000 <= bytesPerS(world, this.#route) * qemu.maxDowntimeMs)
        return leftBytes;
      else if (this.#autoConverge && this.#iteration > 2) slowedBy = throttleAfter(slowedBy);
      const ranBeforeMs = qemu.guestRanMs;
      await this.#transmit(leftBytes);
      const dirtiedBytes =
        (dirtyBytesPerS * (1 - slowedBy) * (qemu.guestRanMs - ranBeforeMs)) / 1_000;
      leftBytes = Math.min(memoryBytes, Math.floor(dirtiedBytes));
    }
  }

  async #transmit(totalBytes: number): Promise<void> {
    this.#transfer = new Transfer(this.#source.world, this.#route, totalBytes);
    await this.#transfer.run(this.#isWhole);
    this.#sentBytes += totalBytes;
    this.#transfer = null;
  }

  async #giveUp(): Promise<void> {
    const { qemu, world } = this.#source;
    const isReachable = this.#reachesDestination();
    if (this.#cancelled && qemu.alive) {
      this.#enter('cancelling');
      if (isReachable) this.#failAtDestination();
      await world.pass(gapsMs.streamCancels, () => true);
      this.#enter('cancelled');
    } else {
      this.#enter('failed');
      if (isReachable) this.#failAtDestination();
    }
    if (this.#stoppedVcpus && qemu.alive) runVcpus(this.#source, 'unpaused', 'unpaused');
  }

  /** The incoming QEMU gives up; where no daemon keeps it, it ends by itself. */
  #failAtDestination(): void {
    const { host, qemu } = this.#destination;
    if (!qemu.alive) return;
    this.#tellDestination('failed');
    if (!host.daemon.up) qemu.kill();
  }

  readonly #isWhole = (): boolean =>
    !this.#cancelled &&
    this.#source.qemu.alive &&
    (this.#destination.qemu.alive || !this.#reachesDestination());

  #reachesDestination(): boolean {
    return this.#source.world.link.carries(this.#route.from, this.#route.to);
  }

  #pass(delayMs: number): Promise<void> {
    return this.#source.world.pass(delayMs, this.#isWhole);
  }

  #enter(status: QemuMigrationStatus): void {
    const { world, host, domain } = this.#source;
    this.status = status;
    world.tell(host, domain.uuid, { kind: 'migrationStatus', status });
    world.changed();
  }

  /** QEMU tells each time that it looks anew which pages were written. */
  #beginIteration(): void {
    const { world, host, domain } = this.#source;
    this.#iteration += 1;
    world.tell(host, domain.uuid, { kind: 'iteration', iteration: this.#iteration });
  }

  #tellDestination(status: QemuMigrationStatus): void {
    const { world, host, domain } = this.#destination;
    world.tell(host, domain.uuid, { kind: 'migrationStatus', status });
  }
}

function throttleAfter(slowedBy: number): number {
  if (slowedBy === 0) return throttle.initial;
  return Math.min(throttle.most, slowedBy + throttle.increment);
}
