/** How long the guest sleeps between two ticks. */
const tickMs = 200;

/** One stretch of time in which a guest's vCPUs ran on one host, and could write. */
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

/** The last tick of a guest that has run so long by its own clock; 0: none yet. */
export function lastTickOf(guestRanMs: number): number {
  return Math.floor(guestRanMs / tickMs);
}

/** The clock of a guest that counts on from there. */
export function clockAfterTick(tick: number): number {
  return tick * tickMs;
}

export function toTickSpan(span: VcpuSpan, nowEpochMs: number): TickSpan {
  const { host, fromEpochMs, toEpochMs } = span;
  return {
    host,
    firstTick: lastTickOf(span.guestRanMs) + 1,
    lastTick: lastTickOf(ranUntil(span, toEpochMs ?? nowEpochMs)),
    fromEpochMs,
    toEpochMs,
  };
}

/** The guest's own clock at that time of the span. */
export function ranUntil(span: VcpuSpan, atEpochMs: number): number {
  return span.guestRanMs + atEpochMs - span.fromEpochMs;
}
