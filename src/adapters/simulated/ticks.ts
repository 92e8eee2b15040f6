/** How long the guest sleeps between two ticks. */
const tickMs = 200;

/** One stretch of time in which a guest's vCPUs ran on one host. */
export interface VcpuSpan {
  readonly host: string;
  /** How long the guest had run by its own clock, which lies in its memory. */
  readonly guestRanMs: number;
  readonly fromEpochMs: number;
  /** `null`: it runs still. */
  toEpochMs: number | null;
}

/**
 * The ticks `firstTick`..`lastTick` of a guest, made on one host without a pause (none when
 * `lastTick < firstTick`). A tick that is missing or made twice is a guest torn in two.
 */
export interface TickSpan {
  readonly host: string;
  readonly firstTick: number;
  readonly lastTick: number;
  readonly fromEpochMs: number;
  readonly toEpochMs: number | null;
}

export function toTickSpan(span: VcpuSpan, nowEpochMs: number): TickSpan {
  const { host, fromEpochMs, toEpochMs } = span;
  return {
    host,
    firstTick: Math.floor(span.guestRanMs / tickMs) + 1,
    lastTick: Math.floor(ranUntil(span, toEpochMs ?? nowEpochMs) / tickMs),
    fromEpochMs,
    toEpochMs,
  };
}

/** The guest's own clock at that time of the span. */
export function ranUntil(span: VcpuSpan, atEpochMs: number): number {
  return span.guestRanMs + atEpochMs - span.fromEpochMs;
}
