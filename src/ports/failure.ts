/**
 * What a failed call left behind. `none`: nothing happened. `done`: it took effect although it
 * failed afterwards. `unknown`: the reply is lost, and only a look at the peers can tell.
 */
export type FailureEffect = 'none' | 'done' | 'unknown';

/** A failure as data: it survives JSON, so it can stand in a machine's context and in the journal. */
export interface Failure {
  /** Stable, dotted or camelCase; never matched by message text. */
  readonly code: string;
  /** What failed, for a person. */
  readonly message: string;
  readonly effect: FailureEffect;
  /** virErrorNumber and virErrorDomain of libvirt, where it came from there. */
  readonly libvirt?: { readonly code: number; readonly domain: number };
}

/** The only error that adapters and bindings throw on purpose. */
export class FailureError extends Error {
  override readonly name = 'FailureError';
  readonly failure: Failure;

  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.message, options);
    this.failure = failure;
  }
}

/** Anything thrown, as data. What nobody foresaw counts as `effect: 'unknown'`. */
export function toFailure(error: unknown): Failure {
  if (error instanceof FailureError) return error.failure;
  if (error instanceof Error) {
    const code = error.name === 'AbortError' ? 'aborted' : 'internal';
    return { code, message: error.message, effect: 'unknown' };
  }
  return { code: 'internal', message: String(error), effect: 'unknown' };
}
