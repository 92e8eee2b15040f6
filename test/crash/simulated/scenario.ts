import type {
  LiveMigrationInput,
  LiveMigrationOutput,
  MigrationCommand,
} from '../../../machines/index.ts';
import type { DomainSpec, Fault, HostSpec } from '../../../src/adapters/simulated/index.ts';
import type { DomainState } from '../../../src/ports/domain.ts';
import type { Hypervisor } from '../../../src/ports/hypervisor.ts';

export const mib = 2 ** 20;

/** One way through one machine, whose every point is struck. */
export type Scenario = MigrationScenario | OneHostScenario;

interface Way {
  readonly name: string;
  /** The chart that does the work, as the table names it. */
  readonly machine: string;
  readonly hosts: readonly HostSpec[];
  readonly domain: DomainSpec;
  readonly faults: readonly Fault[];
  /** Sent once, when a state whose path ends so is entered. */
  readonly command: { readonly at: string; readonly send: MigrationCommand } | null;
  /** What an undisturbed run comes to. */
  readonly outcome: Outcome;
  /**
   * Once this call has reached its daemon, an interrupted run comes to the same; until then it is
   * rolled back. `null`: it is rolled back whatever happens; `any`: it goes on from wherever it is.
   */
  readonly decisive: Decisive;
  /** What else an interrupted run may come to, and the code of its failure, as `needsOperator split`. */
  readonly also: readonly string[];
}

type Decisive = { readonly call: string } | 'any' | null;

export interface MigrationScenario extends Way {
  readonly kind: 'migration';
  readonly input: LiveMigrationInput;
}

/** A workflow on hostA. */
export interface OneHostScenario extends Way {
  readonly kind: 'oneHost';
  /** As the engine knows the machine. */
  readonly run: { readonly machine: string; readonly input: unknown };
  /** What is done with the guest before the run; it has run for a while by then. */
  readonly prepare: (host: Hypervisor, uuid: string) => Promise<void>;
  /** What a completed run leaves that was not so before. */
  readonly wanted: Partial<Wanted>;
  /** The same of one that was rolled back, where that is no more than another way back; `null`: nothing. */
  readonly wentBack: Partial<Wanted> | null;
}

export interface Wanted {
  /** It goes on from where it stood when its vCPUs first stopped. */
  readonly past: boolean;
  readonly guest: Partial<WantedGuest>;
  readonly made: readonly string[];
  readonly gone: readonly string[];
  /** Of those that are there then: files from which a guest boots that was so far when it was taken. */
  readonly images: readonly string[];
}

interface WantedGuest {
  readonly state: DomainState;
  readonly managedSave: boolean;
  readonly snapshotCount: number;
  /** Files that the guest writes to, in the order of its disks; libvirt's names by time end in `.now`. */
  readonly tops: readonly string[];
}

export type Outcome = 'completed' | 'refused' | 'rolledBack' | 'needsOperator';

export type Artefacts = LiveMigrationOutput['artefacts'];
