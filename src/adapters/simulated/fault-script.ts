import type {
  CallFault,
  ClientIncident,
  Fault,
  HypervisorCall,
  Incidence,
  LinkCall,
  PostcopyMoment,
  StatePlace,
} from './faults.ts';
import { isAtCall, isClientIncident, isIncidence } from './faults.ts';
import type { Peers } from './incidents.ts';
import { incidents } from './incidents.ts';
import { libvirtError } from './libvirt-error.ts';
import type { Migration, MigrationPhase } from './migration-job.ts';
import { requireFault } from './require-fault.ts';
import type { Host, World } from './world.ts';

type Moving = Pick<Migration, 'source' | 'destination' | 'outgoing'>;

/** A world's faults, each waiting for its place. */
export class FaultScript {
  readonly #world: World;
  readonly #onClient: ((incident: ClientIncident) => void) | null;
  #waiting = new Set<Fault>();
  #struck: Fault[] = [];
  /** Of each domain that there was when the script began or that has moved, by name. */
  readonly #peers = new Map<string, Peers>();
  readonly #callsMade = new Map<Fault, number>();

  /** @param onClient `null`: nobody can do that to our own process and clock */
  constructor(world: World, onClient: ((incident: ClientIncident) => void) | null) {
    this.#world = world;
    this.#onClient = onClient;
  }

  /** In the order in which they struck. */
  get struck(): readonly Fault[] {
    return this.#struck;
  }

  /** Nothing else waits any more. @throws FaultError that names what there is not */
  set(faults: readonly Fault[]): void {
    for (const fault of faults) requireFault(fault, this.#world, this.#onClient !== null);
    this.#waiting = new Set(faults);
    this.#struck = [];
    this.#callsMade.clear();
    this.#peers.clear();
    for (const host of this.#world.hosts.values())
      for (const { name, uuid } of host.domains.values())
        this.#peers.set(name, this.#peersAt(host, uuid));
    const { clock } = this.#world;
    const nowEpochMs = clock.nowEpochMs();
    for (const fault of faults) {
      if (!isIncidence(fault) || !('timeMs' in fault.at)) continue;
      const { domain, timeMs } = fault.at;
      this.#waiting.delete(fault);
      const strike = this.#striking(fault, () => this.#peersOf(domain));
      clock.schedule(nowEpochMs + timeMs, strike);
    }
  }

  /** @throws FailureError where a fault refuses the phase */
  enterPhase(phase: MigrationPhase, migration: Moving): void {
    const peers = this.#meet(migration);
    for (const fault of this.#waiting) {
      if (!('phase' in fault.at) || fault.at.phase !== phase) continue;
      if (!isAbout(fault.at.domain, migration)) continue;
      this.#waiting.delete(fault);
      if (fault.do === 'refuse') {
        this.#struck.push(fault);
        throw libvirtError('operationFailed', `${phase} was refused`);
      }
      if (isIncidence(fault)) this.#strikeAfter(fault, peers);
    }
  }

  reachPostcopy(moment: PostcopyMoment, migration: Moving): void {
    const peers = this.#meet(migration);
    for (const fault of this.#waiting) {
      if (!('postcopy' in fault.at) || fault.at.postcopy !== moment) continue;
      if (!isAbout(fault.at.domain, migration)) continue;
      this.#waiting.delete(fault);
      if (isIncidence(fault)) this.#strikeAfter(fault, peers);
    }
  }

  /** A chart that works on that domain has entered that state. */
  enterState({ machine, state }: StatePlace, domain: string): void {
    for (const fault of this.#waiting) {
      if (!isIncidence(fault) || !('state' in fault.at) || fault.at.state !== state) continue;
      if (fault.at.machine !== machine || (fault.at.domain ?? domain) !== domain) continue;
      this.#waiting.delete(fault);
      this.#strikeAfter(fault, this.#peersOf(domain));
    }
  }

  /** The fault that waits for this call, if any. */
  takeCall(call: HypervisorCall | LinkCall, host: string): CallFault | null {
    for (const fault of this.#waiting) {
      if (!isAtCall(fault) || fault.at.call !== call) continue;
      if (fault.at.host !== undefined && fault.at.host !== host) continue;
      const made = (this.#callsMade.get(fault) ?? 0) + 1;
      this.#callsMade.set(fault, made);
      if (made < (fault.at.nth ?? 1)) continue;
      this.#waiting.delete(fault);
      this.#struck.push(fault);
      return fault.do;
    }
    return null;
  }

  #strikeAfter(fault: Incidence, peers: Peers): void {
    const afterMs = 'afterMs' in fault.at ? (fault.at.afterMs ?? 0) : 0;
    const strike = this.#striking(fault, () => peers);
    const { clock } = this.#world;
    if (afterMs === 0) strike();
    else clock.schedule(clock.nowEpochMs() + afterMs, strike);
  }

  /** Nothing of a script that another one has replaced. */
  #striking(fault: Incidence, peersNow: () => Peers): () => void {
    const struck = this.#struck;
    return () => {
      if (struck !== this.#struck) return;
      struck.push(fault);
      if (isClientIncident(fault.do)) this.#onClient?.(fault.do);
      else incidents[fault.do](this.#world, peersNow());
    };
  }

  #meet({ source, destination, outgoing }: Moving): Peers {
    const peers = { source, destination, domainUuid: outgoing.uuid };
    this.#peers.set(outgoing.name, peers);
    return peers;
  }

  #peersOf(domain: string): Peers {
    const met = this.#peers.get(domain);
    if (met === undefined) throw new Error(`the simulated world has no domain ${domain}`);
    return met;
  }

  /** Where nothing has moved yet: the host that has it, and any other one. */
  #peersAt(source: Host, domainUuid: string): Peers {
    const others = [...this.#world.hosts.values()].filter((host) => host !== source);
    return { source, destination: others[0] ?? source, domainUuid };
  }
}

function isAbout(domain: string | undefined, { outgoing }: Moving): boolean {
  return domain === undefined || domain === outgoing.name;
}
