import type { Hypervisor } from '../../ports/hypervisor.ts';
import type { MigrationLink } from '../../ports/migration.ts';
import { killDaemon, startDaemon } from './daemon.ts';
import { libvirtError } from './libvirt-error.ts';
import type { Migration, MigrationPhase } from './migration-job.ts';
import type { World } from './world.ts';

/** A call of the port, by its name. */
export type HypervisorCall = Exclude<keyof Hypervisor, 'uri' | 'watchDomain'>;

/** A phase that we call ourselves, of a link between two hosts. */
export type LinkCall = `link.${Exclude<keyof MigrationLink, 'lost' | 'close'>}`;

type Peers = Pick<Migration, 'source' | 'destination'>;

/** What can happen to the world around a migration. */
const incidents = {
  cutLink: (world) => world.link.cut('all'),
  /** Takes every cut back, ours and the streams' too. */
  restoreLink: (world) => world.link.restore(),
  /** What the destination answers gets lost from now on. */
  cutReplies: (world, { destination }) => world.link.cut({ from: destination.name }),
  /** We and that host do not hear each other any more; both notice it by keepalive. */
  cutClientFromSource: (world, { source }) => world.link.cutFromClient(source.name),
  cutClientFromDestination: (world, { destination }) => world.link.cutFromClient(destination.name),
  /** The connection of a migration that we drive ends at once, at both its ends. */
  resetClientToSource: (world, { source }) => world.link.resetClient(source.name),
  resetClientToDestination: (world, { destination }) => world.link.resetClient(destination.name),
  /** As when our process dies. */
  resetClient: (world, peers) => {
    world.link.resetClient(peers.source.name);
    world.link.resetClient(peers.destination.name);
  },
  /** TCP resets on memory and copied disks; a new stream can be opened at once. */
  breakStream: (world) => world.link.breakStreams('once'),
  /** The same, and no new stream until the link is restored. */
  refuseStreams: (world) => world.link.breakStreams('untilRestored'),
  /** All TCP ports of the destination's range are taken. */
  exhaustPorts: (_, { destination }) => {
    destination.migrationPorts = 0;
  },
  killSourceDaemon: (world, { source }) => killDaemon(world, source),
  killDestinationDaemon: (world, { destination }) => killDaemon(world, destination),
  startDaemons: (world) => {
    for (const host of world.hosts.values()) startDaemon(world, host);
  },
} as const satisfies Record<string, (world: World, peers: Peers) => void>;

export type Incident = keyof typeof incidents;

/**
 * What can happen to one call of ours. `loseRequest`: it never arrives; `loseReply`: it takes effect
 * and we never hear so. Either ends the connection of a migration that we drive.
 */
export type CallFault =
  'refuse' | 'failAfterEffect' | 'loseRequest' | 'loseReply' | { readonly slowMs: number };

/** `begun`: the source's stream is post-copy; `destinationRuns`: the guest runs there. */
export type PostcopyMoment = 'begun' | 'destinationRuns';

interface Incidence {
  /** As soon as it is reached, or so much later. */
  readonly at: ({ readonly phase: MigrationPhase } | { readonly postcopy: PostcopyMoment }) & {
    readonly afterMs?: number;
  };
  readonly do: Incident;
}

interface PhaseRefusal {
  /** In these phases a daemon can still say no. */
  readonly at: { readonly phase: 'begin3' | 'prepare' | 'perform3' | 'finish3' };
  readonly do: 'refuse';
}

interface CallTrouble {
  readonly at: { readonly call: HypervisorCall | LinkCall; readonly host?: string };
  readonly do: CallFault;
}

/** Each fault strikes once: the first time that its place is reached. */
export type Fault = Incidence | PhaseRefusal | CallTrouble;

/** A world's faults, each waiting for its place. */
export class FaultScript {
  readonly #world: World;
  readonly #waiting: Set<Fault>;

  constructor(world: World, faults: readonly Fault[]) {
    this.#world = world;
    this.#waiting = new Set(faults);
  }

  /** @throws FailureError where a fault refuses the phase */
  enterPhase(phase: MigrationPhase, peers: Peers): void {
    for (const fault of this.#waiting) {
      if (!('phase' in fault.at) || fault.at.phase !== phase) continue;
      this.#waiting.delete(fault);
      if (fault.do === 'refuse') throw libvirtError('operationFailed', `${phase} was refused`);
      if (isIncidence(fault)) this.#strike(fault, peers);
    }
  }

  reachPostcopy(moment: PostcopyMoment, peers: Peers): void {
    for (const fault of this.#waiting) {
      if (!('postcopy' in fault.at) || fault.at.postcopy !== moment) continue;
      this.#waiting.delete(fault);
      if (isIncidence(fault)) this.#strike(fault, peers);
    }
  }

  /** The fault that waits for this call, if any. */
  takeCall(call: HypervisorCall | LinkCall, host: string): CallFault | null {
    for (const fault of this.#waiting) {
      if (!isAtCall(fault) || fault.at.call !== call) continue;
      if (fault.at.host !== undefined && fault.at.host !== host) continue;
      this.#waiting.delete(fault);
      return fault.do;
    }
    return null;
  }

  #strike(fault: Incidence, peers: Peers): void {
    const strike = (): void => incidents[fault.do](this.#world, peers);
    const { afterMs = 0 } = fault.at;
    if (afterMs === 0) strike();
    else this.#world.clock.schedule(this.#world.clock.nowEpochMs() + afterMs, strike);
  }
}

function isAtCall(fault: Fault): fault is CallTrouble {
  return 'call' in fault.at;
}

function isIncidence(fault: Fault): fault is Incidence {
  return !isAtCall(fault) && fault.do !== 'refuse';
}
