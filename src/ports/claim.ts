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
