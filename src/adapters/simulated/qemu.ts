import type { QemuMigrationStatus } from '../../ports/observation.ts';
import type { BlockJob } from './block-job.ts';
import { settleTick } from './disk-chain.ts';
import type { MemoryStream } from './memory-stream.ts';
import type { StorageMirror } from './storage-mirror.ts';
import type { VcpuSpan } from './ticks.ts';
import { clockAfterTick, lastTickOf, ranUntil } from './ticks.ts';
import type { Host, World } from './world.ts';

/** As much of a guest's memory as anybody asks for: what migrations, saves and snapshots carry. */
export interface GuestMemory {
  /** How long it has run, by its own clock. */
  readonly guestRanMs: number;
  /** Its file systems are frozen: its ticks wait, since each of them is written to disk. */
  readonly frozen: boolean;
  /** Devices of its definition that were taken out of it, by their place. */
  readonly unplugged: readonly string[];
}

export interface OpenOverlay {
  readonly path: string;
  /** The daemon that runs now has not given that name yet, and will give it next. */
  readonly isNext: boolean;
}

/** One QEMU process: it lives on when its daemon dies. */
export class Qemu {
  readonly host: Host;
  readonly domainUuid: string;
  alive = true;
  /** QEMU's lock on its images: an incoming QEMU takes it when its vCPUs start. */
  holdsImages: boolean;
  /** QEMU's `downtime-limit`; its own default. */
  maxDowntimeMs = 300;
  /** What virDomainMigrateSetMaxSpeed said last, for migrations that say nothing themselves. */
  maxSpeedBytesPerS = Infinity;
  /** QEMU's `max-bandwidth`, of a migration under way. */
  bandwidthBytesPerS = Infinity;
  /** Of the range for migrations: those on which it listens. */
  ports = 0;
  /** How the memory that comes in stands; `null`: none ever came. */
  incoming: QemuMigrationStatus | null = null;
  /** The outgoing memory stream; kept after its end. */
  stream: MemoryStream | null = null;
  /** The disks on their way to the destination. */
  mirror: StorageMirror | null = null;
  /** Copies, commits and pulls, by target device. */
  readonly blockJobs = new Map<string, BlockJob>();
  /** Overlays that it has open for a snapshot that was not taken, and no disk uses. */
  openOverlays: readonly OpenOverlay[] = [];
  /** The agent in the guest has something to do, and hears nothing else. */
  agentIsBusy = false;
  readonly #world: World;
  #guestRanMs = 0;
  #frozen = false;
  #unplugged: readonly string[] = [];
  #vcpus: 'running' | 'paused' = 'paused';
  #span: VcpuSpan | null = null;

  constructor(
    world: World,
    host: Host,
    domainUuid: string,
    options: { readonly images: 'held' | 'leftToMigrationSource' },
  ) {
    this.#world = world;
    this.host = host;
    this.domainUuid = domainUuid;
    this.holdsImages = options.images === 'held';
  }

  /** How long the guest has run, by its own clock. */
  get guestRanMs(): number {
    if (this.#span === null) return this.#guestRanMs;
    return ranUntil(this.#span, this.#world.clock.nowEpochMs());
  }

  /** The last tick that the guest has written to its disks; 0: none yet. */
  get lastTick(): number {
    return lastTickOf(this.guestRanMs);
  }

  get vcpus(): 'running' | 'paused' {
    return this.#vcpus;
  }

  get memory(): GuestMemory {
    return { guestRanMs: this.guestRanMs, frozen: this.#frozen, unplugged: this.#unplugged };
  }

  run(): void {
    if (this.#vcpus === 'running') return;
    this.#vcpus = 'running';
    this.holdsImages = true;
    this.#goOn();
    this.#world.changed();
  }

  pause(): void {
    if (this.#vcpus === 'paused') return;
    this.#stop();
    this.#vcpus = 'paused';
    this.#world.changed();
  }

  /** What the guest agent does: nothing is written to disk until {@link thaw}. */
  freeze(): void {
    if (this.#frozen) return;
    this.#stop();
    this.#frozen = true;
    this.#world.changed();
  }

  thaw(): void {
    if (!this.#frozen) return;
    this.#frozen = false;
    if (this.#vcpus === 'running') this.#goOn();
    this.#world.changed();
  }

  kill(): void {
    this.pause();
    this.alive = false;
    this.holdsImages = false;
    this.#world.changed();
  }

  /** Memory comes in, by a migration or from a file, before the vCPUs run. */
  load(memory: GuestMemory): void {
    this.#guestRanMs = memory.guestRanMs;
    this.#frozen = memory.frozen;
    this.#unplugged = memory.unplugged;
  }

  /** A guest that boots reads from its disk how far it had counted; `null`: it begins. */
  boot(lastTickOnDisk: number | null): void {
    this.load({ guestRanMs: clockAfterTick(lastTickOnDisk ?? 0), frozen: false, unplugged: [] });
  }

  unplug(place: string): void {
    this.#unplugged = [...this.#unplugged.filter((each) => each !== place), place];
    this.#world.changed();
  }

  plug(place: string): void {
    this.#unplugged = this.#unplugged.filter((each) => each !== place);
    this.#world.changed();
  }

  #goOn(): void {
    if (this.#frozen) return;
    this.#span = {
      host: this.host.name,
      guestRanMs: this.#guestRanMs,
      fromEpochMs: this.#world.clock.nowEpochMs(),
      toEpochMs: null,
    };
    const spans = this.#world.spans.get(this.domainUuid) ?? [];
    this.#world.spans.set(this.domainUuid, [...spans, this.#span]);
  }

  /** The last tick is on the disks by then. */
  #stop(): void {
    if (this.#span === null) return;
    this.#guestRanMs = this.guestRanMs;
    this.#span.toEpochMs = this.#world.clock.nowEpochMs();
    this.#span = null;
    settleTick(this.#world, this.host, this.domainUuid, this.lastTick);
  }
}
