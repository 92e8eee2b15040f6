import type { Tools } from '../engine/slots.ts';
import type { ReportFraction } from '../ports/images.ts';

/** How often a conversion is told about at most. */
const reportMs = 250;

/** The fraction that qemu-img tells, as progress of a stream of so many bytes. */
export function reportsCopy(
  stream: string,
  totalBytes: number,
  { clock, report }: Pick<Tools, 'clock' | 'report'>,
): ReportFraction {
  const sinceEpochMs = clock.nowEpochMs();
  let toldAtEpochMs = 0;
  return (fraction) => {
    const nowEpochMs = clock.nowEpochMs();
    if (fraction < 1 && nowEpochMs - toldAtEpochMs < reportMs) return;
    toldAtEpochMs = nowEpochMs;
    const processedBytes = Math.round(fraction * totalBytes);
    const elapsedMs = nowEpochMs - sinceEpochMs;
    report([
      {
        stream,
        processedBytes,
        totalBytes,
        remainingBytes: totalBytes - processedBytes,
        bytesPerS: elapsedMs > 0 ? Math.round((processedBytes * 1_000) / elapsedMs) : null,
      },
    ]);
  };
}
