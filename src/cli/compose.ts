import { randomUUID } from 'node:crypto';

import { createImageStores } from '../adapters/images/index.ts';
import type { SimulatedWorld, SimulatedWorldOptions } from '../adapters/simulated/index.ts';
import { createSimulatedWorld } from '../adapters/simulated/index.ts';
import { bindMigrations } from '../bindings/migrations.ts';
import { bindSnapshots } from '../bindings/snapshots.ts';
import { bindVolumeSwap } from '../bindings/volume-swap.ts';
import type { Config } from '../config/index.ts';
import { credentialsOf } from '../config/index.ts';
import type { Limits } from '../engine/admission.ts';
import { Engine } from '../engine/engine.ts';
import { connectInspector } from '../inspection/inspection-socket.ts';
import { systemClock } from '../engine/system-clock.ts';
import type { Clock } from '../ports/clock.ts';
import { toFailure } from '../ports/failure.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import type { ImageStores } from '../ports/image-store.ts';
import type { Log } from '../ports/log.ts';
import type { RunStore } from '../ports/run-store.ts';
import { MemoryStore } from '../store/memory/index.ts';
import { demoDomains, demoHosts, demoLink } from './demo-world.ts';

/** Everything that a command works with, put together. */
export interface Composition {
  readonly engine: Engine;
  readonly hypervisors: Hypervisors;
  readonly imageStores: ImageStores;
  readonly clock: Clock;
  close(): Promise<void>;
}

export interface ComposeOptions {
  readonly log: Log;
  /** Where runs are kept, and closed with it; in memory where it is left out. */
  readonly store?: RunStore;
  /** What befalls the simulated world; by default nothing does. */
  readonly faults?: SimulatedWorldOptions['faults'];
  /** Of the configuration: limits, and who logs in where. */
  readonly config?: Pick<Config, 'hosts' | 'limits'> | undefined;
  /** Whoever inspects is told of every step. */
  readonly inspectUri?: string | undefined;
}

/** The only place that knows every part: `simulated:` URIs go to a world of our own, all else to libvirt. */
export function compose({
  log,
  store = new MemoryStore(),
  faults = [],
  config,
  inspectUri,
}: ComposeOptions): Composition {
  const clock = systemClock;
  const hypervisors = routeByScheme(clock, faults, config);
  const imageStores = createImageStores(hypervisors);
  const inspector = inspectUri === undefined ? null : connectInspector(inspectUri, log);
  const engine = new Engine({
    store,
    machines: [
      ...bindMigrations(hypervisors),
      ...bindSnapshots(hypervisors, imageStores),
      bindVolumeSwap(hypervisors),
    ],
    clock,
    log,
    newRunId: randomUUID,
    ...(config === undefined ? {} : { limits: limitsOf(config) }),
    ...(inspector === null ? {} : { inspect: inspector.inspect }),
  });
  return {
    engine,
    hypervisors,
    imageStores,
    clock,
    close: async () => {
      try {
        await engine.close();
        await inspector?.close();
        await store.close();
      } catch (error) {
        // Whatever it was has been told by the run that met it; the process's end gives its runs up.
        log.info('the store could not be left', { failure: toFailure(error) });
      } finally {
        await hypervisors.close();
      }
    },
  };
}

/**
 * The store of all processes of this machine. SQLite is loaded when it is asked for: most of what is
 * quick needs none.
 *
 * @throws StoreError
 */
export async function openStore(path: string): Promise<RunStore> {
  const { openSqliteStore } = await import('../store/sqlite/index.ts');
  return openSqliteStore(path);
}

function limitsOf({ limits: { perHost, total } }: Pick<Config, 'limits'>): Partial<Limits> {
  return {
    ...(perHost === undefined ? {} : { perHost }),
    ...(total === undefined ? {} : { total }),
  };
}

const isSimulated = (uri: string): boolean => uri.startsWith('simulated:');

/** Each side is made when the first URI asks for it. */
function routeByScheme(
  clock: Clock,
  faults: SimulatedWorldOptions['faults'],
  config: ComposeOptions['config'],
): Hypervisors {
  let world: SimulatedWorld | null = null;
  let real: Promise<Hypervisors> | null = null;
  const credentials = (uri: string) =>
    config === undefined ? null : credentialsOf(config, process.env, uri);
  const simulated = (): SimulatedWorld =>
    (world ??= createSimulatedWorld({
      seed: 1,
      clock,
      hosts: demoHosts,
      domains: demoDomains,
      link: demoLink,
      faults,
    }));
  const openLibvirt = async (): Promise<Hypervisors> => {
    const { createLibvirtHypervisors } = await import('../adapters/libvirt/index.ts');
    return createLibvirtHypervisors({ clock, credentials });
  };
  return {
    open: async (uri, signal) => {
      if (isSimulated(uri)) return simulated().hypervisors.open(uri, signal);
      return (await (real ??= openLibvirt())).open(uri, signal);
    },
    linkMigration: async (ends, signal) => {
      if (isSimulated(ends.source)) return simulated().hypervisors.linkMigration(ends, signal);
      return (await (real ??= openLibvirt())).linkMigration(ends, signal);
    },
    close: async () => {
      await world?.hypervisors.close();
      await (await real)?.close();
    },
  };
}
