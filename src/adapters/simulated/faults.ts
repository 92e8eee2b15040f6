import type { Hypervisor } from '../../ports/hypervisor.ts';
import { killDaemon, startDaemon } from './daemon.ts';
import { libvirtError } from './libvirt-error.ts';
import type { Migration, MigrationPhase } from './migration-job.ts';
import type { World } from './world.ts';

/** A call of the port, by its name. */
export type HypervisorCall = Exclude<keyof Hypervisor, 'uri' | 'watchDomain'>;

type Peers = Pick<Migration, 'source' | 'destination'>;

/** What can happen to the world around a migration. */
const incidents = {
  cutLink: (world) => world.link.cut('all'),
  restoreLink: (world) => world.link.restore(),
  /** What the destination answers gets lost from now on. */
  cutReplies: (world, { destination }) => world.link.cut({ from: destination.name }),
  killSourceDaemon: (world, { source }) => killDaemon(world, source),
  killDestinationDaemon: (world, { destination }) => killDaemon(world, destination),
  startDaemons: (world) => {
    for (const host of world.hosts.values()) startDaemon(world, host);
  },
} as const satisfies Record<string, (world: World, peers: Peers) => void>;

export type Incident = keyof typeof incidents;

/** What can happen to one call of ours. */
export type CallFault = 'refuse' | 'failAfterEffect' | 'loseReply' | { readonly slowMs: number };

interface Incidence {
  /** As soon as the phase is entered, or so much later. */
  readonly at: { readonly phase: MigrationPhase; readonly afterMs?: number };
  readonly do: Incident;
}

interface PhaseRefusal {
  /** In these phases a daemon can still say no. */
  readonly at: { readonly phase: 'begin3' | 'prepare' | 'perform3' | 'finish3' };
  readonly do: 'refuse';
}

interface CallTrouble {
  readonly at: { readonly call: HypervisorCall; readonly host?: string };
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
      if (isAtCall(fault) || fault.at.phase !== phase) continue;
      this.#waiting.delete(fault);
      if (fault.do === 'refuse') throw libvirtError('operationFailed', `${phase} was refused`);
      this.#strike(fault, peers);
    }
  }

  /** The fault that waits for this call, if any. */
  takeCall(call: HypervisorCall, host: string): CallFault | null {
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
