import type { Hypervisors } from '../../ports/hypervisor.ts';
import type { HostHolding } from '../display/holdings.ts';
import type { RunResult } from '../display/run-result.ts';

/**
 * A host of a run: by which input it was named, what words call it, and how it is reached.
 * `source`/`destination` of a migration, `host` of what stays where it is.
 */
export interface Place {
  readonly input: 'source' | 'destination' | 'host';
  /** As in "on the source". */
  readonly words: string;
  /** Connection URI, or what stands for it where it is sealed. */
  readonly uri: string;
}

/** A host, looked at after the run. */
export interface Holding {
  readonly place: Place;
  readonly holds: HostHolding;
}

/** Names that a person gave for what has to be there already. */
export interface Named {
  readonly domain: string;
  /** Of libvirt. */
  readonly snapshot: string | null;
  /** As the guest has them, as vda. */
  readonly disks: readonly string[];
}

/** A kind of run as a person is told of it, whoever began it. */
export interface ShownWorkflow {
  /** The machine's id. */
  readonly machine: string;
  /** As the run is called while it goes on: `migration`, `snapshot`. */
  readonly noun: string;
  readonly title: string;
  /** What the first JSON line, and `show`, say of it beside its id. */
  readonly header: Readonly<Record<string, unknown>>;
  /** Phases that it will go through, so that the picture keeps its height meanwhile. */
  readonly expectedPhases: readonly string[];
  readonly places: readonly Place[];
  /** What has to be on the first of its places. */
  readonly named: Named;
  /** Why an abort is not heeded any more, though its chart may yet have to go back; `null`: it is. */
  readonly onlyForward?: (states: readonly string[]) => string | null;
  /** What goes on when we leave, until somebody recovers the run; `tags`: of the state it is left in. */
  whileLeft(tags: ReadonlySet<string>): string;
  /**
   * What its hosts hold after the run.
   *
   * @param reach how they are reached, in the order of `places`
   */
  look(
    hypervisors: Hypervisors,
    known: { readonly uuid: string | null; readonly reach: readonly string[] },
  ): Promise<readonly Holding[]>;
  /** The end in words: what happened, then what is true now. `null`: nobody looked. */
  summarise(result: RunResult, holdings: readonly Holding[] | null): string[];
}
