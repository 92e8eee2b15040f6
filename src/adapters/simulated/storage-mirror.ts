import type { StreamProgress } from '../../ports/observation.ts';
import type { StreamEnd } from './memory-stream.ts';
import { gapsMs } from './migration-job.ts';
import { Transfer } from './transfer.ts';
import { CarrierDied } from './world.ts';

/** QEMU's mirror jobs into the destination's NBD exports; in sync from `ready` on. */
export class StorageMirror {
  state: 'copying' | 'ready' | 'ending' | 'ended' | 'failed' = 'copying';
  readonly #source: StreamEnd;
  readonly #destination: StreamEnd;
  readonly #disks: readonly { readonly targetDev: string; readonly transfer: Transfer }[];

  constructor(options: {
    readonly source: StreamEnd;
    readonly destination: StreamEnd;
    readonly limitBytesPerS: number;
    readonly copyDisks: readonly string[];
  }) {
    const { source, destination, limitBytesPerS, copyDisks } = options;
    const route = { from: source.host.name, to: destination.host.name, limitBytesPerS };
    this.#source = source;
    this.#destination = destination;
    this.#disks = source.domain.definition.disks
      .filter(({ targetDev }) => copyDisks.includes(targetDev))
      .map(({ targetDev, capacityBytes }) => {
        return { targetDev, transfer: new Transfer(source.world, route, capacityBytes) };
      });
  }

  get progress(): StreamProgress[] {
    return this.#disks.map(({ targetDev, transfer }) => ({
      stream: targetDev,
      processedBytes: transfer.doneBytes,
      totalBytes: transfer.totalBytes,
      remainingBytes: transfer.totalBytes - transfer.doneBytes,
      bytesPerS: transfer.bytesPerS,
    }));
  }

  /** Does a mirror job run on that disk now? */
  holds(targetDev: string): boolean {
    const isRunning = this.state !== 'ended' && this.state !== 'failed';
    return isRunning && this.#disks.some((disk) => disk.targetDev === targetDev);
  }

  /**
   * QMP `block-job-cancel`. It waits for the writes that are on their way, so a cut link holds it
   * until TCP gives up.
   */
  async end(): Promise<void> {
    if (this.state === 'failed' || this.state === 'ended') return;
    const { world, host, qemu } = this.#source;
    this.state = 'ending';
    world.changed();
    await world.wait({
      until: () => !qemu.alive || world.link.carries(host.name, this.#destination.host.name),
      atMostMs: gapsMs.tcpGivesUp,
      whileAlive: () => true,
    });
    this.state = 'ended';
    world.changed();
  }

  async run(): Promise<void> {
    const { world, host, domain } = this.#source;
    try {
      await world.pass(gapsMs.mirrorIsCreated, this.#isWhole);
      for (const _ of this.#disks) world.tell(host, domain.uuid, { kind: 'mirrorCreated' });
      for (const { targetDev, transfer } of this.#disks) {
        await transfer.run(this.#isWhole);
        world.tell(host, domain.uuid, { kind: 'mirrorReady', targetDev });
      }
      this.state = 'ready';
    } catch (error) {
      if (!(error instanceof CarrierDied)) throw error;
      if (this.state === 'copying') this.state = 'failed';
    }
    world.changed();
  }

  readonly #isWhole = (): boolean => {
    const { world, host, qemu } = this.#source;
    const other = this.#destination;
    if (this.state !== 'copying' || !qemu.alive) return false;
    return other.qemu.alive || !world.link.carries(host.name, other.host.name);
  };
}
