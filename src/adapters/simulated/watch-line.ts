import { gapsMs } from './migration-job.ts';
import type { Host, Observation, Observer, World } from './world.ts';
import { CarrierDied } from './world.ts';

/** What a daemon tells us, over a connection that may be cut: late, or lost by keepalive. */
export class WatchLine {
  isLost = false;
  readonly #world: World;
  readonly #host: Host;
  readonly #deliver: Observer;
  #late: Observation[] = [];

  constructor(world: World, host: Host, deliver: Observer) {
    this.#world = world;
    this.#host = host;
    this.#deliver = deliver;
  }

  get isHeard(): boolean {
    return this.#world.link.reachesClient(this.#host.name);
  }

  readonly tell = (observation: Observation): void => {
    if (this.isHeard) this.#deliver(observation);
    else this.#late.push(observation);
  };

  /** Until it is lost or nobody listens any more. */
  async run(whileAlive: () => boolean): Promise<void> {
    const world = this.#world;
    const atMostMs = gapsMs.peerIsLost;
    try {
      for (;;) {
        await world.wait({ until: () => !this.isHeard, whileAlive });
        const met = await world.wait({ until: () => this.isHeard, atMostMs, whileAlive });
        if (met === 'elapsed') break;
        for (const observation of this.#late.splice(0)) this.#deliver(observation);
      }
      this.isLost = true;
      world.changed();
    } catch (error) {
      if (!(error instanceof CarrierDied)) throw error;
    }
  }
}
