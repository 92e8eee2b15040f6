import type { BlockJobType } from '../../ports/block-jobs.ts';
import type { LayerFile } from './disk-chain.ts';
import type { Place } from './domain-life.ts';
import type { Qemu } from './qemu.ts';
import { CarrierDied } from './world.ts';

/** About what the lab's disks did. */
const diskBytesPerS = 2 ** 30;

/** What a block job has to do. */
export interface BlockWork {
  readonly type: Extract<BlockJobType, 'pull' | 'copy' | 'commit' | 'activeCommit'>;
  readonly targetDev: string;
  readonly totalBytes: number;
  /** What the target has room for. */
  readonly roomBytes: number;
  /** 0: unlimited. */
  readonly limitBytesPerS: number;
  /** How fast the guest writes what has been copied already, so that it has to be copied once more. */
  readonly dirtyBytesPerS: number;
  /** Where a job that gets ready, and waits to be ended, goes to; `null`: it ends by itself. */
  readonly mirror: LayerFile | null;
  /** What the disks have of it then; not called for one that came to nothing. */
  readonly conclude: (how: 'completed' | 'canceled') => void;
}

type BlockJobEnd = 'completed' | 'failed' | 'canceled';

/** One block job of a QEMU: it goes on without its daemon and ends with its QEMU, of which nobody is told then. */
export class BlockJob {
  readonly work: BlockWork;
  #status: 'running' | 'ready' | 'over' = 'running';
  /** Nobody has been told yet. */
  #ended: BlockJobEnd | null = null;
  readonly #place: Place;
  readonly #qemu: Qemu;
  #limitBytesPerS: number;
  #settledBytes = 0;
  #leftBytes: number;
  #settledAtEpochMs: number;

  constructor(place: Place, qemu: Qemu, work: BlockWork) {
    this.work = work;
    this.#place = place;
    this.#qemu = qemu;
    this.#limitBytesPerS = work.limitBytesPerS;
    this.#leftBytes = Math.min(work.totalBytes, work.roomBytes);
    this.#settledAtEpochMs = place.world.clock.nowEpochMs();
  }

  get isReady(): boolean {
    return this.#status === 'ready';
  }

  get isOver(): boolean {
    return this.#status === 'over' || !this.#qemu.alive;
  }

  get processedBytes(): number {
    return this.#settledBytes + this.#flowed.copiedBytes;
  }

  /** It grows with what the guest writes meanwhile. */
  get totalBytes(): number {
    const { roomBytes, totalBytes } = this.work;
    const beyondBytes = totalBytes - Math.min(totalBytes, roomBytes);
    return this.processedBytes + this.#leftBytes - this.#flowed.gainedBytes + beyondBytes;
  }

  get bytesPerS(): number {
    if (this.#status !== 'running') return 0;
    return this.#limitBytesPerS === 0
      ? diskBytesPerS
      : Math.min(diskBytesPerS, this.#limitBytesPerS);
  }

  set limitBytesPerS(limit: number) {
    this.#settle();
    this.#limitBytesPerS = limit;
    this.#place.world.changed();
  }

  /** Until it is ready, or over. */
  async run(): Promise<void> {
    const { roomBytes, totalBytes, mirror } = this.work;
    try {
      await this.#flow();
    } catch (error) {
      if (!(error instanceof CarrierDied)) throw error;
      this.#status = 'over';
    }
    if (this.#status !== 'running') return;
    if (roomBytes < totalBytes) this.fail();
    else if (mirror === null) {
      this.#end('completed');
      this.dismiss();
    } else {
      this.#settle();
      this.#status = 'ready';
      this.#tell('ready');
      this.#place.world.changed();
    }
  }

  /** What QEMU does; then its daemon has to {@link dismiss} it. */
  cancel(): void {
    const wasReady = this.isReady;
    this.#end('canceled', wasReady);
  }

  pivot(): void {
    this.#end('completed');
  }

  /** QEMU could not write, or read. */
  fail(): void {
    this.#end('failed', false);
    this.dismiss();
  }

  /** Its daemon is done with it. Whoever is told of its end may ask once more how far it came. */
  dismiss(): void {
    if (this.#ended === null) return;
    this.#tell(this.#ended);
    this.#ended = null;
    this.#qemu.blockJobs.delete(this.work.targetDev);
    this.#place.world.changed();
  }

  #end(how: BlockJobEnd, concludes = true): void {
    if (this.#status === 'over') return;
    if (concludes && how !== 'failed') this.work.conclude(how);
    this.#settle();
    this.#status = 'over';
    this.#ended = how;
    this.#place.world.changed();
  }

  /** So much faster it copies than the guest writes; 0: it comes no nearer to its end. */
  get #gainBytesPerS(): number {
    return Math.max(0, this.bytesPerS - this.work.dirtyBytesPerS);
  }

  /** Since it was settled last. */
  get #flowed(): { readonly copiedBytes: number; readonly gainedBytes: number } {
    const elapsedMs = this.#place.world.clock.nowEpochMs() - this.#settledAtEpochMs;
    const gain = this.#gainBytesPerS;
    const tookMs = gain === 0 ? elapsedMs : Math.min(elapsedMs, (this.#leftBytes * 1_000) / gain);
    return {
      copiedBytes: Math.floor((tookMs * this.bytesPerS) / 1_000),
      gainedBytes: Math.floor((tookMs * gain) / 1_000),
    };
  }

  async #flow(): Promise<void> {
    const { world } = this.#place;
    while (this.#status === 'running' && this.#flowed.gainedBytes < this.#leftBytes) {
      const rate = this.bytesPerS;
      const gain = this.#gainBytesPerS;
      const leftBytes = this.#leftBytes - this.#flowed.gainedBytes;
      await world.wait({
        until: () => this.#status !== 'running' || this.bytesPerS !== rate,
        ...(gain === 0 ? {} : { atMostMs: Math.ceil((leftBytes * 1_000) / gain) }),
        whileAlive: () => this.#qemu.alive,
      });
    }
  }

  #settle(): void {
    const { copiedBytes, gainedBytes } = this.#flowed;
    this.#settledBytes += copiedBytes;
    this.#leftBytes -= gainedBytes;
    this.#settledAtEpochMs = this.#place.world.clock.nowEpochMs();
  }

  #tell(status: 'ready' | BlockJobEnd): void {
    const { world, host, domain } = this.#place;
    const { targetDev, type: job } = this.work;
    world.tell(host, domain.uuid, { kind: 'blockJob', targetDev, job, status });
  }
}
