import type { RunSummary } from '../ports/run-store.ts';

/** Stable: noMachine, badInput, runExists, busy, closed, notAnswered. */
export type EngineErrorCode =
  'noMachine' | 'badInput' | 'runExists' | 'busy' | 'closed' | 'notAnswered';

/** The only error that the engine throws on purpose; its message says what to do. */
export class EngineError extends Error {
  override readonly name: string = 'EngineError';
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Another run holds what this one needs for itself: nothing was started. */
export class BusyError extends EngineError {
  override readonly name = 'BusyError';
  /** The lock that could not be had. */
  readonly lock: string;
  /** Who holds it; empty where others only came earlier. */
  readonly holders: readonly RunSummary[];

  /** How many came earlier and still wait for the same. */
  readonly ahead: number;

  constructor(
    message: string,
    place: Pick<BusyError, 'lock' | 'holders' | 'ahead'>,
    options?: ErrorOptions,
  ) {
    super('busy', message, options);
    ({ lock: this.lock, holders: this.holders, ahead: this.ahead } = place);
  }
}
