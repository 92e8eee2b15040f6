import type { DomainObservation, StreamProgress } from '../ports/observation.ts';
import type { WorldPicture } from './picture.ts';

/** How a migration was asked to end: what differs from "all as before, on the destination". */
export interface Asked {
  readonly source: string;
  readonly destination: string;
  readonly offline: boolean;
  readonly keepSource: boolean;
  readonly persistence: 'asBefore' | 'transient';
  /** The destination may have another definition or name. */
  readonly redefines: boolean;
}

/** What a workflow on one host may change; everything else is as before when it has completed. */
export interface AskedChange {
  /** Whether it runs, and whether its vCPUs stand. */
  readonly powerState: boolean;
  /** Its memory is saved for the next start, or what was saved is used up. */
  readonly savedMemory: boolean;
  /** Its disks are other files: layers over those that they were, or below them. */
  readonly disks: boolean;
  /** Snapshots go, and layers with them. */
  readonly fewerSnapshots: boolean;
  /** The guest is at an earlier moment, with the configuration of then. */
  readonly past: boolean;
}

/** What a run says of itself in the end. */
export interface RunEnd {
  /** `completed`, `refused`, `rolledBack`, `needsOperator`. */
  readonly outcome: string;
  /** Why; `null`: nothing failed. */
  readonly reason: string | null;
  readonly artefacts: readonly {
    /** As `claim`, `volume`, `image`, `device`, `freeze`. */
    readonly kind: string;
    readonly host: string;
    /** Of a claim or a freeze: the uuid of the domain; of a device: its alias. */
    readonly path: string;
    readonly status: string;
  }[];
}

/** Ticks that a guest made one after the other; none where `lastTick` is `firstTick - 1`. */
export interface TickRun {
  readonly firstTick: number;
  readonly lastTick: number;
}

/** What a monitor heard or saw, in the order of its coming. `runId` is that of the run at the top. */
export type Entry = { readonly atEpochMs: number } & (
  | {
      readonly kind: 'observed';
      readonly host: string;
      readonly observation: DomainObservation;
    }
  | { readonly kind: 'looked'; readonly picture: WorldPicture }
  | {
      readonly kind: 'stateEntered';
      readonly runId: string;
      readonly machine: string;
      readonly state: string;
      readonly tags: readonly string[];
    }
  /** Another process has taken it up, in those states; the one before may have told nobody of them. */
  | { readonly kind: 'resumed'; readonly runId: string; readonly states: readonly string[] }
  | {
      readonly kind: 'progressed';
      readonly runId: string;
      readonly streams: readonly StreamProgress[];
    }
  | { readonly kind: 'asked'; readonly runId: string; readonly asked: Asked }
  | { readonly kind: 'askedChange'; readonly runId: string; readonly change: AskedChange }
  | { readonly kind: 'runFinished'; readonly runId: string; readonly end: RunEnd }
  /** Its record says where it stands: somebody has to take it up. */
  | { readonly kind: 'runBroken'; readonly runId: string; readonly message: string }
);

/** The last look, when nothing is under way any more. */
export interface Settlement {
  readonly after: WorldPicture;
  /** All ticks of the guest, in the order in which they were made; `null`: nobody reads them. */
  readonly ticks: readonly TickRun[] | null;
}

/** Before, after, and what the last run said: all that is judged of an end. */
export interface End extends Settlement {
  readonly before: WorldPicture;
  /** `null`: no run has ended, so that nothing need be in its place yet. */
  readonly run:
    | (RunEnd & {
        readonly runId: string;
        /** Of a migration. */
        readonly asked: Asked | null;
        /** Of a workflow on one host. */
        readonly change: AskedChange | null;
      })
    | null;
}
