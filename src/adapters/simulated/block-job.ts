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
  #settledAtEpochMs: number;

  constructor(place: Place, qemu: Qemu, work: BlockWork) {
    this.work = work;
    this.#place = place;
    this.#qemu = qemu;
    this.#limitBytesPerS = work.limitBytesPerS;
    this.#settledAtEpochMs = place.world.clock.nowEpochMs();
  }

  get isReady(): boolean {
    return this.#status === 'ready';
  }

  get isOver(): boolean {
    return this.#status === 'over';
  }

  get processedBytes(): number {
    const elapsedMs = this.#place.world.clock.nowEpochMs() - this.#settledAtEpochMs;
    const flowedBytes = Math.floor((elapsedMs * this.bytesPerS) / 1_000);
    return Math.min(this.#endBytes, this.#settledBytes + flowedBytes);
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

  get #endBytes(): number {
    return Math.min(this.work.totalBytes, this.work.roomBytes);
  }

  async #flow(): Promise<void> {
    const { world } = this.#place;
    while (this.#status === 'running' && this.processedBytes < this.#endBytes) {
      const rate = this.bytesPerS;
      await world.wait({
        until: () => this.#status !== 'running' || this.bytesPerS !== rate,
        atMostMs: Math.ceil(((this.#endBytes - this.processedBytes) * 1_000) / rate),
        whileAlive: () => this.#qemu.alive,
      });
    }
  }

  #settle(): void {
    this.#settledBytes = this.processedBytes;
    this.#settledAtEpochMs = this.#place.world.clock.nowEpochMs();
  }

  #tell(status: 'ready' | BlockJobEnd): void {
    const { world, host, domain } = this.#place;
    const { targetDev, type: job } = this.work;
    world.tell(host, domain.uuid, { kind: 'blockJob', targetDev, job, status });
  }
}
