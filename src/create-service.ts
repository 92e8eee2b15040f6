import { createImageStores } from './adapters/images/index.ts';
import { ownVersion } from './cli/own-version.ts';
import { loadInspector } from './cli/serving/load-inspector.ts';
import { createRunTeller } from './cli/serving/run-teller.ts';
import { servedWorkflows } from './cli/serving/served-workflows.ts';
import type { Config } from './config/index.ts';
import { noConfig } from './config/index.ts';
import type { WorkflowEngine } from './create-engine.ts';
import { systemClock } from './engine/system-clock.ts';
import type { Clock } from './ports/clock.ts';
import type { Hypervisors } from './ports/hypervisor.ts';
import type { ImageStores } from './ports/image-store.ts';
import type { Log } from './ports/log.ts';
import { noLog } from './ports/log.ts';
import type { RunStore } from './ports/run-store.ts';
import type { DrivingService, ServiceToken } from './service/index.ts';
import { createService as serviceOf } from './service/index.ts';

export type { DrivingService, ServiceToken } from './service/index.ts';

export interface CreateServiceOptions {
  /** The caller stops the service before it closes the engine. */
  readonly engine: WorkflowEngine;
  /** The engine's. */
  readonly store: RunStore;
  /** The engine's: requests are checked on them. */
  readonly hypervisors: Hypervisors;
  readonly imageStores?: ImageStores;
  /** Names that requests may give for hosts, as in the configuration file. */
  readonly hosts?: Config['hosts'];
  /** None: whoever reaches the address may do everything, and only as localhost. */
  readonly tokens?: readonly ServiceToken[];
  /** PEM texts; left out: plain HTTP. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** From one address. */
  readonly requestsPerMinute?: number;
  /** Of one request. */
  readonly bodyBytes?: number;
  /** Winston's logger fits; by default nothing is logged. */
  readonly logger?: Log;
  readonly clock?: Clock;
}

/**
 * What `virtstate serve` serves, on an engine of the caller's, not yet listening: `service.app` is a Fastify server.
 *
 * @example
 * const service = await createService({ engine, store, hypervisors });
 * await service.app.listen({ host: '127.0.0.1', port: 7480 });
 */
export async function createService(options: CreateServiceOptions): Promise<DrivingService> {
  const { clock = systemClock, engine, hypervisors, logger = noLog, store, tls } = options;
  const imageStores = options.imageStores ?? createImageStores(hypervisors);
  const config = { ...noConfig, hosts: options.hosts ?? {} };
  const { bodyBytes, requestsPerMinute } = noConfig.serve;
  return serviceOf({
    engine,
    store,
    clock,
    log: logger,
    workflows: servedWorkflows({ clock, hypervisors, imageStores }, config),
    teller: createRunTeller(store),
    inspector: await loadInspector(),
    tokens: options.tokens ?? [],
    tls: tls ?? null,
    requestsPerMinute: options.requestsPerMinute ?? requestsPerMinute,
    bodyBytes: options.bodyBytes ?? bodyBytes,
    version: ownVersion(),
  });
}
