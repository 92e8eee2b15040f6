import { FailureError } from './failure.ts';

/**
 * What a run puts on the domain that it works on, so that engines with different stores keep off each
 * other's domains: as libvirt's own metadata it goes wherever the definition goes.
 */
export interface Claim {
  /** The run at the top; letters, digits, `.`, `_`, `:` and `-`, at most 128. */
  readonly run: string;
  /** Which engine, for a person. */
  readonly engine: string;
  readonly sinceEpochMs: number;
}

/** A claim as it stands on a domain. */
export interface StandingClaim {
  /** By its namespace, which is what it is taken away by. */
  readonly run: string;
  /** `null`: nobody can read what else it says, and it counts all the same. */
  readonly details: Pick<Claim, 'engine' | 'sinceEpochMs'> | null;
}

/**
 * The claims of others, out of all that were read after ours was written.
 *
 * @throws FailureError `claimLost`: ours is not among them, so the run before has just cleared the domain
 */
export function rivalsOf(run: string, claims: readonly StandingClaim[]): StandingClaim[] {
  const others = claims.filter((claim) => claim.run !== run);
  if (others.length < claims.length) return others;
  const message = 'the run that had it has just ended, and cleared it of all claims: try again';
  throw new FailureError({ code: 'claimLost', message, effect: 'none' });
}
