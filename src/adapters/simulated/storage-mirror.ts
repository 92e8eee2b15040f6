import type { StreamProgress } from '../../ports/observation.ts';
import type { StreamEnd } from './memory-stream.ts';
import { gapsMs } from './migration-job.ts';
import { Transfer } from './transfer.ts';
import { rewritten } from './volume-file.ts';
import { CarrierDied } from './world.ts';

/** QEMU's mirror jobs into the destination's NBD exports; in sync from `ready` on. */
export class StorageMirror {
  state: 'copying' | 'ready' | 'ending' | 'ended' | 'failed' = 'copying';
  readonly #source: StreamEnd;
  readonly #destination: StreamEnd;
  readonly #resets: number;
  readonly #disks: readonly { readonly targetDev: string; readonly transfer: Transfer }[];

  constructor(options: {
    readonly source: StreamEnd;
    readonly destination: StreamEnd;
    readonly limitBytesPerS: number;
    readonly copyDisks: readonly string[];
  }) {
    const { source, destination, limitBytesPerS, copyDisks } = options;
    const { link } = source.world;
    this.#resets = link.streamResets;
    const ends = { from: source.host.name, to: destination.host.name };
    const route = { ...ends, limitBytesPerS: () => limitBytesPerS };
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
        const flow = { whileAlive: this.#isWhole, silenceMs: gapsMs.tcpGivesUp };
        if ((await transfer.run(flow)) === 'silent') throw new CarrierDied();
        this.#copy(targetDev);
        world.tell(host, domain.uuid, { kind: 'mirrorReady', targetDev });
      }
      this.state = 'ready';
    } catch (error) {
      if (!(error instanceof CarrierDied)) throw error;
      if (this.state === 'copying') this.state = 'failed';
    }
    world.changed();
  }

  /** The destination's file has the source's bytes. */
  #copy(targetDev: string): void {
    const pathAt = ({ host, domain }: StreamEnd): string | undefined => {
      const disk = domain.definition.disks.find((each) => each.targetDev === targetDev);
      return disk && host.files.has(disk.path) ? disk.path : undefined;
    };
    const [from, to] = [pathAt(this.#source), pathAt(this.#destination)];
    if (from === undefined || to === undefined) return;
    const content = this.#source.host.files.get(from)?.content;
    const file = this.#destination.host.files.get(to);
    if (content !== undefined && file !== undefined)
      this.#destination.host.files.set(to, rewritten(file, content));
  }

  readonly #isWhole = (): boolean => {
    const { world, host, qemu } = this.#source;
    const other = this.#destination;
    if (this.state !== 'copying' || !qemu.alive || world.link.streamResets !== this.#resets)
      return false;
    return other.qemu.alive || !world.link.carries(host.name, other.host.name);
  };
}
