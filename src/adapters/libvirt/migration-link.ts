import {
  errorCodes,
  migrateFlags,
  type Connection,
  type Domain,
  type MigrateParams,
  type MigratePhaseRequest,
  type QemuMonitorEvent,
} from 'node-libvirt';
import { FailureError, type FailureEffect } from '../../ports/failure.ts';
import type { MigrateCall, MigrationLink } from '../../ports/migration.ts';
import { boundedCall, callTimeoutMs } from './bounded-call.ts';
import { isActiveState } from './domain-names.ts';
import { lookUpByUuid, nullWithoutDomain, readStatus } from './domain-reads.ts';
import { openLinkConnections, type LinkConnections, type Peer } from './link-connections.ts';
import { toDestinationFlags, toDrivenArguments, withPaused } from './migration-flags.ts';
import { MigrationRelay } from './migration-relay.ts';
import { seenInQemuEvent } from './observations.ts';
import { orAborted } from './or-aborted.ts';

/**
 * How long Prepare may take: it runs the migration hook, may fill a raw disk with zeros, and waits
 * for QEMU's monitor (30 s, and a second more for each GiB of huge pages). libvirt's own client has
 * no bound here at all.
 */
const prepareTimeoutMs = 300_000;

/** From QEMU 8.1 on a source waits for a word of the destination before it switches over. */
const switchoverAckVersion = 8_001_000;

const preparation = {
  peer: 'destination',
  effectOfErrorReply: 'none',
  timeoutMs: prepareTimeoutMs,
} as const;

/** What the source told when it began; with secrets in it, so it never leaves this module. */
interface Begun {
  readonly domain: Domain;
  readonly definition: string;
  /** A guest that is paused at this moment arrives paused. */
  readonly isPaused: boolean;
}

/** How one phase is called. */
interface PhaseCall {
  readonly peer: Peer;
  readonly effectOfErrorReply: FailureEffect;
  /** `null`: as long as it takes. */
  readonly timeoutMs: number | null;
}

/**
 * The client's half of libvirt's migration protocol 3, by the rules of libvirt's own client
 * (virDomainMigrateVersion3Full in libvirt-domain.c). Which phase comes when is for the chart.
 */
export class LibvirtMigrationLink implements MigrationLink {
  readonly lost: MigrationLink['lost'];
  readonly #connections: LinkConnections['connections'];
  /** A phase takes what the one before it answered; one that failed has answered nothing. */
  readonly #cookies: Partial<Record<'prepare' | 'perform' | 'finish' | 'confirm', Uint8Array>> = {};
  #begun: Begun | null = null;
  /** Where the source shall send its memory: as the destination wants it, or to ourselves. */
  #migrationUri: string | null = null;
  #relay: MigrationRelay | null = null;

  /** @throws FailureError as opening a host does */
  static async open(
    ...ends: Parameters<typeof openLinkConnections>
  ): Promise<LibvirtMigrationLink> {
    return new LibvirtMigrationLink(await openLinkConnections(...ends));
  }

  private constructor({ connections, lost }: LinkConnections) {
    this.#connections = connections;
    this.lost = lost;
  }

  async begin(call: MigrateCall, signal: AbortSignal): Promise<void> {
    const { flags, params } = toDrivenArguments(call);
    const plain = { peer: 'source', timeoutMs: callTimeoutMs } as const;
    const { domain, reply } = await this.#call(
      { ...plain, effectOfErrorReply: 'none' },
      signal,
      async (connection, options) => {
        const found = await connection.domainLookupByUUID(call.domainUuid, options);
        return {
          domain: found,
          reply: await found.migrateBegin3Params({ flags, params }, options),
        };
      },
    );
    // The source has a job by now, so a refusal no longer means that nothing happened.
    const { state } = await this.#call(
      { ...plain, effectOfErrorReply: 'unknown' },
      signal,
      (_, options) => domain.getState(options),
    );
    this.#begun = {
      domain,
      definition: reply.xml,
      isPaused: state === 'paused' && call.purpose === 'move',
    };
    this.#cookies.prepare = reply.cookie;
  }

  async prepare(call: MigrateCall, signal: AbortSignal): Promise<void> {
    const begun = this.#requireBegun();
    const { flags, params } = toDrivenArguments(call);
    const request = {
      flags: toDestinationFlags(flags, begun),
      params: { ...params, destination_xml: begun.definition },
      cookie: this.#cookies.prepare,
    };
    const { relayUri, tunnelled } = call.options;
    if (tunnelled && relayUri !== null) {
      await this.#prepareTunnel(request, relayUri, signal);
      return;
    }
    const reply = await this.#call(preparation, signal, (connection, options) =>
      connection.migratePrepare3Params(request, options),
    );
    this.#migrationUri = reply.uri ?? call.options.migrationUri;
    if (this.#migrationUri === null && call.purpose !== 'moveOffline') {
      const message = `${this.#connections.destination.uri}: prepared, but did not say where`;
      throw new FailureError({ code: 'protocolError', message, effect: 'unknown' });
    }
    this.#cookies.perform = reply.cookie;
  }

  async perform(call: MigrateCall, signal: AbortSignal): Promise<void> {
    const begun = this.#requireBegun();
    const request = {
      // To the source a tunnel is peer-to-peer by itself; all it sees of ours is where to send to.
      flags: withPaused(toDrivenArguments(call).flags, begun) & ~migrateFlags.TUNNELLED,
      params: this.#params(call, begun),
      cookie: this.#cookies.perform,
    };
    this.#cookies.finish = await this.#carried(() =>
      this.#call(
        { peer: 'source', effectOfErrorReply: 'unknown', timeoutMs: null },
        signal,
        (_, options) => begun.domain.migratePerform3Params(request, options),
      ),
    );
  }

  async finish(
    call: MigrateCall,
    cancelled: boolean,
    signal: AbortSignal,
  ): Promise<'guest' | 'nothing'> {
    const begun = this.#requireBegun();
    const request = {
      flags: toDestinationFlags(toDrivenArguments(call).flags, begun),
      params: {
        ...this.#params(call, begun),
        destination_name: call.options.destinationName ?? begun.domain.name,
      },
      cookie: this.#cookies.finish,
      cancelled,
    };
    if (cancelled) this.#relay?.close();
    try {
      const reply = await this.#carried(() =>
        this.#call(
          { peer: 'destination', effectOfErrorReply: 'unknown', timeoutMs: null },
          signal,
          async (connection, options) => {
            // What the source has sent may still be on its way through us.
            if (this.#relay !== null) await orAborted(this.#relay.carried(), options.signal);
            return connection.migrateFinish3Params(request, options);
          },
        ),
      );
      this.#cookies.confirm = reply.cookie;
      return 'guest';
    } catch (error) {
      if (cancelled && isRefusal(error) && (await this.#holdsNothing(error, signal)))
        return 'nothing';
      throw error;
    }
  }

  async confirm(call: MigrateCall, cancelled: boolean, signal: AbortSignal): Promise<void> {
    const begun = this.#requireBegun();
    const request = {
      flags: withPaused(toDrivenArguments(call).confirmFlags, begun),
      params: this.#params(call, begun),
      cookie: this.#cookies.confirm,
      cancelled,
    };
    await this.#call(
      { peer: 'source', effectOfErrorReply: 'unknown', timeoutMs: callTimeoutMs },
      signal,
      (_, options) => begun.domain.migrateConfirm3Params(request, options),
    );
  }

  async close(): Promise<void> {
    const { source, destination } = this.#connections;
    this.#relay?.close();
    await Promise.allSettled([source.close(), destination.close()]);
  }

  async #prepareTunnel(
    request: MigratePhaseRequest,
    relayUri: string,
    signal: AbortSignal,
  ): Promise<void> {
    const qemu = await this.#call(
      { peer: 'source', effectOfErrorReply: 'none', timeoutMs: callTimeoutMs },
      signal,
      (connection, options) => connection.getVersion(options),
    );
    const relay = await MigrationRelay.listen(relayUri);
    this.#relay = relay;
    const { uuid } = this.#requireBegun().domain;
    const { cookie, stream } = await this.#call(
      preparation,
      signal,
      async (connection, options) => {
        connection.on('qemuMonitorEvent', (event) => {
          if (event.domain.uuid === uuid && isArrival(event)) relay.tellTaken();
        });
        await connection.subscribe('qemuMonitorEvent', { ...options, qemuEvents: ['MIGRATION'] });
        return connection.migratePrepareTunnel3Params(request, options);
      },
    );
    relay.carryInto(stream, { acknowledges: qemu.number >= switchoverAckVersion });
    this.#migrationUri = relayUri;
    this.#cookies.perform = cookie;
  }

  /** A phase that fails because its tunnel broke says so: QEMU knows no more than that it ended. */
  async #carried<T>(phase: () => Promise<T>): Promise<T> {
    try {
      return await phase();
    } catch (error) {
      const broken = this.#relay?.failure ?? null;
      if (broken === null || !(error instanceof FailureError)) throw error;
      const message = `${error.failure.message}; the tunnel broke: ${broken.message}`;
      throw new FailureError({ ...error.failure, message }, { cause: broken });
    }
  }

  /**
   * A cancelled Finish is always an error: number 93 where it worked. Where the QEMU had died before,
   * libvirt answers what that QEMU died of, and only a look shows that nothing is left.
   */
  async #holdsNothing({ failure }: FailureError, signal: AbortSignal): Promise<boolean> {
    if (failure.libvirt?.code === errorCodes.MIGRATE_FINISH_OK) return true;
    const uuid = this.#requireBegun().domain.uuid;
    return this.#call(
      { peer: 'destination', effectOfErrorReply: 'unknown', timeoutMs: callTimeoutMs },
      signal,
      async (connection, options) => {
        const found = await lookUpByUuid(connection, uuid, options);
        const status = found && (await nullWithoutDomain(readStatus(found, options)));
        return status === null || (!isActiveState(status.state) && status.job === null);
      },
    );
  }

  #params(call: MigrateCall, begun: Begun): MigrateParams {
    return {
      ...toDrivenArguments(call).params,
      destination_xml: begun.definition,
      ...(this.#migrationUri !== null && { migrate_uri: this.#migrationUri }),
    };
  }

  #requireBegun(): Begun {
    if (this.#begun !== null) return this.#begun;
    const message = `${this.#connections.source.uri}: the migration has not begun on this connection`;
    throw new FailureError({ code: 'operationInvalid', message, effect: 'none' });
  }

  #call<T>(
    { peer, ...phase }: PhaseCall,
    signal: AbortSignal,
    work: (connection: Connection, options: { readonly signal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    const connection = this.#connections[peer];
    return boundedCall({ uri: connection.uri, signal, ...phase }, (bound) =>
      work(connection, { signal: bound }),
    );
  }
}

/** QEMU has taken the guest in whole. */
function isArrival(event: QemuMonitorEvent): boolean {
  const seen = seenInQemuEvent(event);
  return seen?.kind === 'migrationStatus' && seen.status === 'completed';
}

/** An answer of the daemon, as against one that was lost. */
function isRefusal(error: unknown): error is FailureError {
  return error instanceof FailureError && error.failure.libvirt !== undefined;
}
