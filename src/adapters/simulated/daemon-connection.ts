import { FailureError } from '../../ports/failure.ts';
import { libvirtError } from './libvirt-error.ts';
import type { Migration } from './migration-job.ts';
import { gapsMs } from './migration-job.ts';
import type { Host, World } from './world.ts';
import { CarrierDied, lifeOf } from './world.ts';

/** The source daemon's connection to the destination daemon is lost: no reply will come. */
export class PeerLost extends FailureError {
  constructor() {
    super(libvirtError('connectionClosed', 'internal error: client socket is closed').failure);
  }
}

interface End {
  readonly host: Host;
  readonly isAlive: () => boolean;
  open: boolean;
}

/**
 * The connection over which the source daemon drives the destination's. Each end learns of the
 * other's death at once where its packets still come through, else by keepalive.
 */
export class DaemonConnection {
  readonly #world: World;
  readonly source: End;
  readonly destination: End;

  constructor({ world, source, destination }: Migration) {
    this.#world = world;
    this.source = { host: source, isAlive: lifeOf(source), open: true };
    this.destination = { host: destination, isAlive: lifeOf(destination), open: true };
    void this.#listen(this.source, this.destination);
    void this.#listen(this.destination, this.source);
  }

  close(): void {
    this.source.open = false;
    this.#world.changed();
  }

  /** Calls the destination daemon. @throws PeerLost, and what `handle` throws */
  async call<T>(handle: () => Promise<T>): Promise<T> {
    await this.#arrival(this.source.host);
    const reply = handle();
    const settled = { value: false };
    const note = (): void => {
      settled.value = true;
      this.#world.changed();
    };
    reply.then(note, note);
    await this.#untilOrLost(() => settled.value && this.destination.isAlive());
    await this.#arrival(this.destination.host);
    return reply;
  }

  #arrival(from: Host): Promise<void> {
    return this.#untilOrLost(() => this.#world.link.delivers(from.name));
  }

  async #untilOrLost(until: () => boolean): Promise<void> {
    const { source } = this;
    await this.#world.wait({ until: () => until() || !source.open, whileAlive: source.isAlive });
    if (!source.open) throw new PeerLost();
  }

  async #listen(end: End, peer: End): Promise<void> {
    const { link } = this.#world;
    const hears = (): boolean => link.delivers(peer.host.name);
    const whileAlive = (): boolean => end.isAlive() && end.open;
    try {
      for (;;) {
        const gone = (): boolean => !peer.isAlive() || !peer.open;
        await this.#world.wait({ until: () => gone() || !hears(), whileAlive });
        const atMostMs = gapsMs.peerIsLost;
        if (
          hears() ||
          (await this.#world.wait({ until: hears, atMostMs, whileAlive })) === 'elapsed'
        )
          break;
      }
      end.open = false;
      this.#world.changed();
    } catch (error) {
      if (!(error instanceof CarrierDied)) throw error;
    }
  }
}
