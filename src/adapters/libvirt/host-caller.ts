import type { Connection, Domain } from 'node-libvirt';
import { boundedCall, callTimeoutMs, type BoundedCall } from './bounded-call.ts';
import { lookUpByUuid, nullWithoutDomain } from './domain-reads.ts';
import type { HostConnection } from './host-connection.ts';

/** What a call goes with: the signal that carries its bound. */
export interface Bounded {
  readonly signal: AbortSignal;
}

/** Calls of one host on the connection that all its users share; each bounded, each failing as a `FailureError`. */
export class HostCaller {
  readonly #host: HostConnection;

  constructor(host: HostConnection) {
    this.#host = host;
  }

  get uri(): string {
    return this.#host.uri;
  }

  ask<T>(
    signal: AbortSignal,
    work: (connection: Connection, options: Bounded) => Promise<T>,
  ): Promise<T> {
    return boundedCall(this.call(signal), async (bound) =>
      work(await this.#host.acquire(bound), { signal: bound }),
    );
  }

  /** `null` where the host knows no such domain, also when it vanishes under the call. */
  askDomain<T>(
    uuid: string,
    signal: AbortSignal,
    work: (domain: Domain, options: Bounded) => Promise<T>,
  ): Promise<T | null> {
    return this.ask(signal, async (connection, options) => {
      const domain = await lookUpByUuid(connection, uuid, options);
      return domain && nullWithoutDomain(work(domain, options));
    });
  }

  /** @throws FailureError `noDomain` */
  withDomain<T>(
    uuid: string,
    signal: AbortSignal,
    work: (domain: Domain, options: Bounded) => Promise<T>,
  ): Promise<T> {
    return this.ask(signal, async (connection, options) =>
      work(await connection.domainLookupByUUID(uuid, options), options),
    );
  }

  /** A call that lasts as long as its work, on a connection of its own; its error may come after its effect. */
  async workOnDomain<T>(
    uuid: string,
    signal: AbortSignal,
    work: (domain: Domain, options: Bounded) => Promise<T>,
  ): Promise<T> {
    const domain = await this.withDomain(uuid, signal, (found) => Promise.resolve(found));
    return this.work(signal, (_, options) => work(domain, options));
  }

  /** As {@link workOnDomain}, where there need not be a domain yet. */
  async work<T>(
    signal: AbortSignal,
    work: (connection: Connection, options: Bounded) => Promise<T>,
  ): Promise<T> {
    const connection = await this.ask(signal, (found) => Promise.resolve(found));
    const unbounded = { effectOfErrorReply: 'unknown', timeoutMs: null } as const;
    return boundedCall({ ...this.call(signal), ...unbounded }, (bound) =>
      work(connection, { signal: bound }),
    );
  }

  call(signal: AbortSignal): BoundedCall {
    const onTimeout = (): void => void this.#host.suspect();
    return {
      uri: this.uri,
      effectOfErrorReply: 'none',
      signal,
      timeoutMs: callTimeoutMs,
      onTimeout,
    };
  }
}
