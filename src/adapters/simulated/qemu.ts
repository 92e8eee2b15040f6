import type { QemuMigrationStatus } from '../../ports/observation.ts';
import type { MemoryStream } from './memory-stream.ts';
import type { StorageMirror } from './storage-mirror.ts';
import type { VcpuSpan } from './ticks.ts';
import { ranUntil } from './ticks.ts';
import type { Host, World } from './world.ts';

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
  readonly #world: World;
  #guestRanMs = 0;
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

  get vcpus(): 'running' | 'paused' {
    return this.#span === null ? 'paused' : 'running';
  }

  run(): void {
    if (this.#span !== null) return;
    this.holdsImages = true;
    this.#span = {
      host: this.host.name,
      guestRanMs: this.#guestRanMs,
      fromEpochMs: this.#world.clock.nowEpochMs(),
      toEpochMs: null,
    };
    const spans = this.#world.spans.get(this.domainUuid) ?? [];
    this.#world.spans.set(this.domainUuid, [...spans, this.#span]);
    this.#world.changed();
  }

  pause(): void {
    if (this.#span === null) return;
    this.#guestRanMs = this.guestRanMs;
    this.#span.toEpochMs = this.#world.clock.nowEpochMs();
    this.#span = null;
    this.#world.changed();
  }

  kill(): void {
    this.pause();
    this.alive = false;
    this.holdsImages = false;
    this.#world.changed();
  }

  /** The guest's memory has arrived, and its own clock in it. */
  receiveGuest(from: Qemu): void {
    this.#guestRanMs = from.guestRanMs;
  }
}
