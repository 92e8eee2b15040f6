import type { DomainSpec, Fault, HostSpec, LinkSpec } from '../../adapters/simulated/index.ts';
import type { StoredEvent } from '../../ports/run-store.ts';
import type { SaveFileOptions } from '../../ports/saving.ts';
import type { SnapshotRequest } from '../../ports/snapshots.ts';

/** What is done with a domain before its workflow, by somebody whom no fault befalls. */
export type Preparation =
  | { readonly do: 'snapshot'; readonly request: SnapshotRequest }
  | { readonly do: 'managedSave' }
  | { readonly do: 'saveTo'; readonly path: string; readonly options: SaveFileOptions };

/** Said to a run so long after it has come to that state. */
export interface Answer {
  readonly in: string;
  readonly afterMs: number;
  readonly event: StoredEvent;
}

/** One run that is asked of the engine. */
export interface Workflow {
  /** By name. */
  readonly domain: string;
  /** The machine's id. */
  readonly machine: string;
  readonly input: unknown;
  /** So long after the first workflow may begin. */
  readonly startMs: number;
  readonly before: readonly Preparation[];
  /** Codes of failures to which it may come although nothing befalls it. */
  readonly mayFailWith: readonly string[];
  /** What a person sends to the run, so long after its start; a machine may not take it then. */
  readonly sent: readonly { readonly afterMs: number; readonly event: StoredEvent }[];
  /** What a person says each time that the run waits for a word; the last of it again and again. */
  readonly answers?: readonly Answer[];
}

/** A simulation as data: everything that it depends on. */
export interface SimulationPlan {
  readonly seed: number;
  readonly hosts: readonly HostSpec[];
  readonly domains: readonly DomainSpec[];
  readonly link: LinkSpec;
  readonly workflows: readonly Workflow[];
  /** How long nobody drives the runs after our process was killed. */
  readonly awayMs: number;
  readonly faults: readonly Fault[];
}
