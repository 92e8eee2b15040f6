import type { TypedParams } from 'node-libvirt';
import type { StreamProgress } from '../../ports/observation.ts';

/** Bytes of one stream as the daemon counts them now. */
export interface StreamReading {
  readonly stream: string;
  readonly processedBytes: number;
  readonly totalBytes: number;
  readonly remainingBytes: number;
}

/** The memory stream of virDomainGetJobStats; `null` until QEMU counts. */
export function memoryReading(stats: TypedParams): StreamReading | null {
  const totalBytes = Number(stats['memory_total'] ?? 0);
  if (totalBytes === 0) return null;
  return {
    stream: 'memory',
    processedBytes: Number(stats['memory_processed'] ?? 0),
    totalBytes,
    remainingBytes: Number(stats['memory_remaining'] ?? 0),
  };
}

interface KnownStream {
  readonly progress: StreamProgress;
  /** When it was seen to move last, or first seen. */
  readonly movedAtEpochMs: number;
  /** How far it moved then, and since when: QEMU copies disks in large pieces with pauses between. */
  readonly movedBytes: number;
  readonly overMs: number;
}

/**
 * The streams of one watch. Readings come from different calls and may overtake each other, so
 * a stream keeps the highest count that it had, and its last one when its job has ended.
 */
export class ProgressMeter {
  readonly #known = new Map<string, KnownStream>();

  note(reading: StreamReading, atEpochMs: number): void {
    const known = this.#known.get(reading.stream);
    const processedBytes = Math.max(reading.processedBytes, known?.progress.processedBytes ?? 0);
    const progress = { ...reading, processedBytes, bytesPerS: null };
    if (known === undefined) {
      const still = { movedAtEpochMs: atEpochMs, movedBytes: 0, overMs: 0 };
      this.#known.set(reading.stream, { progress, ...still });
      return;
    }
    const elapsedMs = atEpochMs - known.movedAtEpochMs;
    if (elapsedMs <= 0) return;
    const newBytes = processedBytes - known.progress.processedBytes;
    const moved =
      newBytes > 0 ? { movedAtEpochMs: atEpochMs, movedBytes: newBytes, overMs: elapsedMs } : known;
    const { movedAtEpochMs, movedBytes, overMs } = moved;
    // A pause that is longer than the last one slows it down; one that is not is part of its pace.
    const spanMs = Math.max(overMs, atEpochMs - movedAtEpochMs);
    const bytesPerS = Math.round((movedBytes * 1000) / spanMs);
    this.#known.set(reading.stream, {
      progress: { ...progress, bytesPerS },
      movedAtEpochMs,
      movedBytes,
      overMs,
    });
  }

  /** A mirror that is ready has copied all there was; it may be gone before it is read again. */
  complete(stream: string): void {
    const known = this.#known.get(stream);
    if (known === undefined) return;
    const { totalBytes } = known.progress;
    const progress = { ...known.progress, processedBytes: totalBytes, remainingBytes: 0 };
    this.#known.set(stream, { ...known, progress });
  }

  /** Of a job that is over, where another one may come. */
  forget(stream: string): void {
    this.#known.delete(stream);
  }

  streams(): StreamProgress[] {
    return [...this.#known.values()].map(({ progress }) => progress);
  }
}
