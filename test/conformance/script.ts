import type {
  coldSnapshotInput,
  domainSnapshotInput,
  liveMigrationInput,
  liveSnapshotInput,
  managedSaveInput,
  snapshotDeleteInput,
  snapshotRevertInput,
  volumeSwapInput,
} from '../../machines/index.ts';

/** What is told of a machine's input; which guest and which hosts, the world of the play says. */
type Asked<Build extends (given: never) => unknown> = Partial<
  Omit<Parameters<Build>[0], 'domain' | 'host' | 'source' | 'destination' | 'options'>
>;

interface Inputs {
  readonly coldSnapshot: Asked<typeof coldSnapshotInput>;
  readonly domainSnapshot: Asked<typeof domainSnapshotInput>;
  readonly liveSnapshot: Asked<typeof liveSnapshotInput>;
  readonly managedSave: Asked<typeof managedSaveInput> &
    Pick<Parameters<typeof managedSaveInput>[0], 'action' | 'options'>;
  readonly snapshotDelete: Pick<Parameters<typeof snapshotDeleteInput>[0], 'what'> &
    Asked<typeof snapshotDeleteInput>;
  readonly snapshotRevert: Asked<typeof snapshotRevertInput>;
  readonly volumeSwap: Asked<typeof volumeSwapInput>;
  readonly liveMigration: Asked<typeof liveMigrationInput> & {
    readonly options?: Partial<Parameters<typeof liveMigrationInput>[0]['options']>;
  };
}

export type MachineName = keyof Inputs;

/** One run: a machine and what is asked of it. */
export type Order = {
  [Name in MachineName]: { readonly machine: Name; readonly input: Inputs[Name] };
}[MachineName];

export type HostName = 'hostA' | 'hostB';

/** What a person, a machine room or the guest itself does. Of a guest: where it runs. */
export type Deed =
  | { readonly do: 'send'; readonly event: string }
  | { readonly do: 'killDaemon' | 'startDaemon'; readonly host: HostName }
  | { readonly do: 'cutLink' | 'restoreLink' | 'breakStreams' }
  | { readonly do: 'killQemu' }
  /** Of a guest with an agent. */
  | { readonly do: 'powerOff' }
  /** By libvirt's own calls, past the run. */
  | { readonly do: 'suspend' | 'resume' | 'destroy' | 'undefine'; readonly host: HostName }
  /** Waits until the daemon holds such a job for the guest. */
  | { readonly do: 'untilJob'; readonly job: 'save' | 'snapshot'; readonly host: HostName }
  | { readonly do: 'removeFile'; readonly host: HostName; readonly path: string }
  | { readonly do: 'pass'; readonly ms: number };

/** The guest that a script is about; on hostA. */
export interface ScriptGuest {
  readonly storage?: 'shared';
  readonly state?: 'paused' | 'shutOff';
  /** A second disk, `vdb`, of 16 MiB. */
  readonly twoDisks?: boolean;
  readonly agent?: boolean;
  /** It can be taken out of the running guest: `rng0`. */
  readonly device?: boolean;
  /** How much of the root disk of 64 MiB is filled. */
  readonly fillMiB?: number;
  readonly dirtyMiBPerS?: number;
}

/** A story that is played on real hosts and in the simulated world: all of it is data. */
export interface Script {
  /** Of its record's file, too. */
  readonly name: string;
  readonly order: Order;
  readonly guest: ScriptGuest;
  /** Before the run: other runs, which are completed, and deeds. */
  readonly first?: readonly (Order | Deed)[];
  /** Each once, when a state whose path ends so is entered for the first time. */
  readonly scenes?: readonly { readonly in: string; readonly deeds: readonly Deed[] }[];
  /** Our process dies as it has entered that state; another one goes on. */
  readonly dies?: {
    readonly in: string;
    /** Only then. */
    readonly once?: readonly Deed[];
    /** The other one comes so much later. */
    readonly awayMs?: number;
  };
  /** A directory of hostA with no more room than that; the run believes that there is enough. */
  readonly small?: { readonly path: string; readonly mib: number };
  /** MiB/s between the hosts; plenty without. */
  readonly linkMibPerS?: number;
  /** hostA saves memory so slowly that deeds find it at it. */
  readonly slowSave?: boolean;
  /** Something befalls it. */
  readonly isFault?: boolean;
  /** Every run of the suite plays it on real hosts, too. */
  readonly isDaily?: boolean;
}
