import type { Hypervisor } from '../../ports/hypervisor.ts';
import type { MigrationLink } from '../../ports/migration.ts';
import type { Incident } from './incidents.ts';
import type { MigrationPhase } from './migration-job.ts';

/** A call of the port, by its name. */
export type HypervisorCall = Exclude<keyof Hypervisor, 'uri' | 'watchDomain'>;

/** A phase that we call ourselves, of a link between two hosts. */
export type LinkCall = `link.${Exclude<keyof MigrationLink, 'lost' | 'close'>}`;

/**
 * What can happen to one call of ours. `refuse`: the daemon says no; `failBeforeEffect`: something in it
 * breaks before it has acted; `loseRequest`: it never arrives; `loseReply`: it takes effect and we never
 * hear so. Either of these two ends the connection of a migration that we drive. `hang`: it is taken and
 * never done; whoever waits gives up after as long as the real client does, which some calls are waited
 * for without end. `hangsForMs`: then somebody restarts the daemon, or kills the tool.
 */
export type CallFault =
  | 'refuse'
  | 'failBeforeEffect'
  | 'failAfterEffect'
  | 'loseRequest'
  | 'loseReply'
  | 'hang'
  | { readonly hangsForMs: number }
  | { readonly slowMs: number };

/** `begun`: the source's stream is post-copy; `destinationRuns`: the guest runs there. */
export type PostcopyMoment = 'begun' | 'destinationRuns';

/** What befalls those who live outside the world: our process, and our host's clock. */
export type ClientIncident = 'killProcess' | { readonly jumpClockMs: number };

/** A state of a chart, by its machine's id and its dotted path; whoever runs it tells the world. */
export interface StatePlace {
  readonly machine: string;
  readonly state: string;
}

interface When {
  /** As soon as it is reached, or so much later. */
  readonly afterMs?: number;
  /** Only where it is about the domain of that name. */
  readonly domain?: string;
}

export interface Incidence {
  readonly at:
    | (({ readonly phase: MigrationPhase } | { readonly postcopy: PostcopyMoment } | StatePlace) &
        When)
    /** So long after the script began. */
    | { readonly timeMs: number; readonly domain: string };
  readonly do: Incident | ClientIncident;
}

export interface PhaseRefusal {
  /** In these phases a daemon can still say no. */
  readonly at: {
    readonly phase: 'begin3' | 'prepare' | 'perform3' | 'finish3';
    readonly domain?: string;
  };
  readonly do: 'refuse';
}

export interface CallTrouble {
  readonly at: {
    readonly call: HypervisorCall | LinkCall;
    readonly host?: string;
    /** The first one without a word. */
    readonly nth?: number;
  };
  readonly do: CallFault;
}

/** Each fault strikes once: the first time that its place is reached. */
export type Fault = Incidence | PhaseRefusal | CallTrouble;

export function isAtCall(fault: Fault): fault is CallTrouble {
  return 'call' in fault.at;
}

export function isIncidence(fault: Fault): fault is Incidence {
  return !isAtCall(fault) && fault.do !== 'refuse';
}

export function isClientIncident(what: Incidence['do']): what is ClientIncident {
  return typeof what === 'object' || what === 'killProcess';
}

/** Its place, for a person. */
export function placeOf({ at }: Fault): string {
  return Object.entries(at)
    .map(([what, value]) => `${what} ${value}`)
    .join(', ');
}
