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
  readonly atEpochMs: number;
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
      this.#known.set(reading.stream, { progress, atEpochMs });
      return;
    }
    const elapsedMs = atEpochMs - known.atEpochMs;
    if (elapsedMs <= 0) return;
    const movedBytes = processedBytes - known.progress.processedBytes;
    const bytesPerS = Math.round((movedBytes * 1000) / elapsedMs);
    this.#known.set(reading.stream, { progress: { ...progress, bytesPerS }, atEpochMs });
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
