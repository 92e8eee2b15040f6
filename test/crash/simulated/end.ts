import type { HostListing, TickSpan } from '../../../src/adapters/simulated/index.ts';
import type { Failure } from '../../../src/ports/failure.ts';
import type { Entry, WorldPicture } from '../../../src/testing/index.ts';
import type { Artefacts, Outcome } from './scenario.ts';

/** A world at one moment. */
export interface Sight {
  readonly listing: readonly HostListing[];
  readonly picture: WorldPicture;
  readonly ticks: readonly TickSpan[];
  /** Of all hosts; `lastTick`: a guest that boots from it counts on from there. */
  readonly files: readonly {
    readonly path: string;
    readonly backingPath: string | null;
    readonly lastTick: number | null;
  }[];
  /** Of the first disk on each host, where it has one; the same for the same bytes. */
  readonly disks: readonly (string | null)[];
}

/** A world and a run as they are when everything is over. */
export interface End {
  /** `notBegun`: nothing of it was ever on record. */
  readonly outcome: Outcome | 'notBegun';
  readonly failure: Pick<Failure, 'code' | 'message'> | null;
  readonly artefacts: Artefacts;
  /** What the run told of itself in all its lives. */
  readonly told: readonly Entry[];
  /** Names of the calls that have reached their daemon. */
  readonly arrived: ReadonlySet<string>;
  readonly before: Sight;
  readonly after: Sight;
  /** What the store holds of the run. */
  readonly remains: readonly string[];
}
