import { randomUUID } from 'node:crypto';
import type { InputFrom, OutputFrom } from 'xstate';

import type {
  coldSnapshot,
  domainSnapshot,
  instanceSnapshot,
  liveMigration,
  liveSnapshot,
  managedSave,
  snapshotDelete,
  snapshotRevert,
  volumeSwap,
} from '../machines/index.ts';
import { createImageStores } from './adapters/images/index.ts';
import { bindMigrations } from './bindings/migrations.ts';
import { bindSnapshots } from './bindings/snapshots.ts';
import { bindVolumeSwap } from './bindings/volume-swap.ts';
import type { Limits, StartOptions } from './engine/admission.ts';
import { Engine } from './engine/engine.ts';
import type { Inspect } from './engine/inspection/inspection.ts';
import type { Run } from './engine/run.ts';
import { systemClock } from './engine/system-clock.ts';
import type { Clock } from './ports/clock.ts';
import type { Hypervisors } from './ports/hypervisor.ts';
import type { ImageStores } from './ports/image-store.ts';
import type { Log } from './ports/log.ts';
import { noLog } from './ports/log.ts';
import type { RunStore } from './ports/run-store.ts';

/** What can be started, by the name of its machine's file. */
export interface Workflows {
  readonly 'cold-snapshot': typeof coldSnapshot;
  readonly 'domain-snapshot': typeof domainSnapshot;
  readonly 'instance-snapshot': typeof instanceSnapshot;
  readonly 'live-migration': typeof liveMigration;
  readonly 'live-snapshot': typeof liveSnapshot;
  readonly 'managed-save': typeof managedSave;
  readonly 'snapshot-delete': typeof snapshotDelete;
  readonly 'snapshot-revert': typeof snapshotRevert;
  readonly 'volume-swap': typeof volumeSwap;
}

export type WorkflowName = keyof Workflows;
export type WorkflowInput<Name extends WorkflowName> = InputFrom<Workflows[Name]>;
export type WorkflowOutput<Name extends WorkflowName> = OutputFrom<Workflows[Name]>;

export interface CreateEngineOptions {
  /** Of this engine alone; the caller closes it after the engine. */
  readonly store: RunStore;
  readonly hypervisors: Hypervisors;
  /** Where whole images are kept; by default directories of the hosts. */
  readonly imageStores?: ImageStores;
  /** Winston's logger fits; by default nothing is logged. */
  readonly logger?: Log;
  /** By default 4 runs a host, and as many as there are in all. */
  readonly limits?: Partial<Limits>;
  /** `false`: what earlier processes left unfinished stays so until {@link Engine.recover}. */
  readonly recover?: boolean;
  /** Told of every step when it is on record, in the messages of `@statelyai/inspect`. */
  readonly inspect?: Inspect;
  readonly clock?: Clock;
  readonly newRunId?: () => string;
}

/** An engine that knows every workflow of this package, by name. */
export class WorkflowEngine extends Engine {
  /**
   * @throws EngineError badInput, closed; BusyError when another run holds its locks and it does not
   *   wait; the reason of an aborted signal; StoreError
   */
  override start<Name extends WorkflowName>(
    workflow: Name,
    input: WorkflowInput<Name>,
    options?: StartOptions,
  ): Promise<Run<WorkflowOutput<Name>>>;
  override start(workflow: string, input: unknown, options?: StartOptions): Promise<Run> {
    return super.start(toMachineId(workflow), input, options);
  }
}

/**
 * An engine with everything that this package can do, on a store and on hosts. What earlier processes
 * left unfinished goes on at once, unless `recover` is false.
 *
 * @throws StoreError
 */
export async function createEngine(options: CreateEngineOptions): Promise<WorkflowEngine> {
  const { store, hypervisors, inspect, limits, logger = noLog, recover = true } = options;
  const imageStores = options.imageStores ?? createImageStores(hypervisors);
  const engine = new WorkflowEngine({
    store,
    machines: [
      ...bindMigrations(hypervisors),
      ...bindSnapshots(hypervisors, imageStores),
      bindVolumeSwap(hypervisors),
    ],
    clock: options.clock ?? systemClock,
    log: logger,
    newRunId: options.newRunId ?? randomUUID,
    ...(limits === undefined ? {} : { limits }),
    ...(inspect === undefined ? {} : { inspect }),
  });
  if (recover) await engine.recover();
  return engine;
}

/** `live-migration` has the id `liveMigration`. */
function toMachineId(workflow: string): string {
  return workflow.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
