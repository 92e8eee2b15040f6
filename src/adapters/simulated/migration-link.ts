import type { FailureEffect } from '../../ports/failure.ts';
import type { MigrateCall, MigrationLink } from '../../ports/migration.ts';
import type { LiveOutgoing, Outgoing } from './begin.ts';
import { begin, invalidArgument, withGuest } from './begin.ts';
import { ClientConnection } from './client-connection.ts';
import type { FaultScript } from './fault-script.ts';
import type { LinkCall } from './faults.ts';
import type { Incoming } from './incoming.ts';
import { finish, liveEnd, prepare } from './incoming.ts';
import { noDomain } from './judge.ts';
import { libvirtError } from './libvirt-error.ts';
import { confirm, perform, performResume, restoreGuest } from './outgoing.ts';
import { definitionAfter } from './peer2peer.ts';
import { endJob, failSource, isPostcopy } from './postcopy.ts';
import type { Host, World } from './world.ts';
import { CarrierDied } from './world.ts';

type Loss = Awaited<MigrationLink['lost']>;

/** A migration that we drive between two simulated daemons. */
export class SimulatedMigrationLink implements MigrationLink {
  readonly lost: Promise<Loss>;
  readonly #world: World;
  readonly #faults: FaultScript;
  readonly #source: ClientConnection;
  readonly #destination: ClientConnection;
  #outgoing: Outgoing | null = null;
  #incoming: Incoming | null = null;

  constructor(
    world: World,
    faults: FaultScript,
    { source, destination }: { readonly source: Host; readonly destination: Host },
  ) {
    const { promise, resolve } = Promise.withResolvers<Loss>();
    const connect = (peer: Loss['peer'], host: Host): ClientConnection =>
      new ClientConnection(world, faults, {
        host,
        onLost: (message) => resolve({ peer, message }),
      });
    this.lost = promise;
    this.#world = world;
    this.#faults = faults;
    this.#source = connect('source', source);
    this.#destination = connect('destination', destination);
  }

  async begin(call: MigrateCall, signal: AbortSignal): Promise<void> {
    if (call.options.tunnelled && call.options.relayUri === null)
      throw invalidArgument('a tunnel that the client carries needs an address to listen on');
    const request = {
      world: this.#world,
      faults: this.#faults,
      source: this.#source.host,
      destination: this.#destination.host,
      call,
    };
    this.#outgoing = await this.#call('link.begin', signal, 'none', async () => {
      const outgoing = await begin(request);
      outgoing.job.attended = false;
      void this.#endWithClient(outgoing);
      return outgoing;
    });
  }

  async prepare(_: MigrateCall, signal: AbortSignal): Promise<void> {
    const { migration } = this.#requireBegun();
    this.#incoming = await this.#call('link.prepare', signal, 'none', () =>
      prepare(migration, this.#destination),
    );
  }

  async perform(call: MigrateCall, signal: AbortSignal): Promise<void> {
    const outgoing = this.#requireBegun();
    const { migration, job, isAlive } = outgoing;
    const place = { ...migration, host: migration.source, domain: migration.outgoing };
    await this.#call('link.perform', signal, 'unknown', async () => {
      requireJob(outgoing);
      job.attended = true;
      try {
        const live = withGuest(outgoing);
        await (call.purpose === 'resumePostcopy' ? performResume(live) : this.#perform(live));
        job.attended = false;
      } catch (error) {
        if (isAlive()) endJob(place, job);
        throw error;
      }
    });
  }

  async finish(
    call: MigrateCall,
    cancelled: boolean,
    signal: AbortSignal,
  ): Promise<'guest' | 'nothing'> {
    const { migration } = this.#requireBegun();
    return this.#call('link.finish', signal, 'unknown', async () => {
      const incoming = this.#incoming;
      const held = migration.destination.domains.get(call.domainUuid);
      const isHeld = incoming !== null && held?.job === incoming.job;
      if (isHeld) await finish(migration, incoming, cancelled ? 'cancelled' : 'succeeded');
      else if (!cancelled) throw noDomain(call.domainUuid);
      if (!cancelled) return 'guest';
      const left = migration.destination.domains.get(call.domainUuid);
      if (left !== undefined && (left.qemu !== null || left.job !== null))
        throw libvirtError('operationFailed', `domain '${left.name}' is still there`);
      return 'nothing';
    });
  }

  async confirm(_: MigrateCall, cancelled: boolean, signal: AbortSignal): Promise<void> {
    const outgoing = this.#requireBegun();
    const { migration, job, isAlive } = outgoing;
    const place = { ...migration, host: migration.source, domain: migration.outgoing };
    await this.#call('link.confirm', signal, 'unknown', async () => {
      requireJob(outgoing);
      job.attended = true;
      try {
        const definition = definitionAfter(migration);
        await confirm(outgoing, cancelled ? 'cancelled' : 'succeeded', { definition });
      } finally {
        if (isAlive()) endJob(place, job);
      }
    });
  }

  close(): Promise<void> {
    this.#source.close();
    this.#destination.close();
    return Promise.resolve();
  }

  /** Failed, the source has taken everything back by itself. */
  async #perform(outgoing: LiveOutgoing): Promise<void> {
    const { job, end } = outgoing;
    const incoming = this.#incoming;
    if (incoming === null)
      throw libvirtError('internalError', 'internal error: no URI to migrate to');
    const isRelayed = outgoing.migration.call.options.relayUri !== null;
    try {
      await perform(outgoing, {
        incoming: liveEnd(incoming),
        problem: () => null,
        isTunnelWhole: isRelayed ? () => this.#source.open && this.#destination.open : null,
      });
    } catch (error) {
      if (outgoing.isAlive()) restoreGuest({ job, end });
      throw error;
    }
  }

  /** What the source makes of the end of its client (qemuMigrationAnyConnectionClosed). */
  async #endWithClient({ migration, job, isAlive }: Outgoing): Promise<void> {
    const { world, source: host, outgoing: domain } = migration;
    const isOver = (): boolean => domain.job !== job;
    try {
      await world.wait({ until: () => isOver() || !this.#source.open, whileAlive: isAlive });
    } catch (error) {
      if (!(error instanceof CarrierDied)) throw error;
      return;
    }
    if (isOver()) return;
    const place = { world, host, domain };
    if (isPostcopy(domain)) failSource(place);
    endJob(place, job);
  }

  #requireBegun(): Outgoing {
    if (this.#outgoing !== null) return this.#outgoing;
    throw libvirtError('operationInvalid', 'the migration has not begun on this connection');
  }

  #call<T>(
    name: LinkCall,
    signal: AbortSignal,
    effectOfErrorReply: FailureEffect,
    work: () => Promise<T>,
  ): Promise<T> {
    const isOnSource = name !== 'link.prepare' && name !== 'link.finish';
    const connection = isOnSource ? this.#source : this.#destination;
    return connection.call({ name, signal, effectOfErrorReply }, work);
  }
}

/** @throws FailureError operationInvalid where the source does not migrate it any more */
function requireJob({ migration, job }: Outgoing): void {
  const { outgoing: domain } = migration;
  if (domain.job !== job)
    throw libvirtError('operationInvalid', `domain '${domain.name}' is not being migrated`);
}
