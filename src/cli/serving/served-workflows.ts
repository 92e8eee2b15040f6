import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { z } from 'zod';

import {
  coldSnapshot,
  domainSnapshot,
  instanceSnapshot,
  liveMigration,
  liveSnapshot,
  managedSave,
  snapshotDelete,
  snapshotRevert,
  volumeSwap,
} from '../../../machines/index.ts';
import type { Config } from '../../config/index.ts';
import { findHost } from '../../config/index.ts';
import type { FindHost } from '../../requests/index.ts';
import { workflowRequests } from '../../requests/index.ts';
import type { ServedWorkflow } from '../../service/index.ts';
import { UsageError } from '../options/usage-error.ts';
import { judgeSnapshotDelete } from '../workflows/judge-snapshot-delete.ts';
import { judgeVolumeSwap } from '../workflows/judge-volume-swap.ts';
import type { Judge, Judging } from '../workflows/judges.ts';
import {
  judgeColdSnapshot,
  judgeDomainSnapshot,
  judgeInstanceSnapshot,
  judgeLiveMigration,
  judgeLiveSnapshot,
  judgeManagedSave,
  judgeSnapshotRevert,
} from '../workflows/judges.ts';
import { withDefaults } from './with-defaults.ts';

/**
 * Every workflow that a request may name.
 *
 * @throws UsageError where the configuration has defaults for none of them
 */
export function servedWorkflows(judging: Judging, config: Config): ServedWorkflow[] {
  const find: FindHost = (name) => findHost(config, name);
  const requests = workflowRequests(find);
  const { workflows: defaults } = config.defaults;
  const serve = <Schema extends z.ZodType>(
    name: keyof typeof requests,
    { judge, machine, request }: Serving<Schema>,
  ): ServedWorkflow => ({
    name,
    machine: machine.id,
    version: machine.version ?? '0',
    description: machine.root.description ?? '',
    states: countOf(machine.root),
    request,
    read: (asked) => {
      const parsed = request.safeParse(withDefaults(asked, defaults[name] ?? {}));
      if (!parsed.success) return { fits: false, issues: parsed.error.issues };
      const input = parsed.data;
      return { fits: true, input, judge: (signal) => judge(judging, input, signal) };
    },
  });
  const served = [
    serve('live-migration', {
      machine: liveMigration,
      request: requests['live-migration'],
      judge: judgeLiveMigration,
    }),
    ...onOneHost(serve, requests),
  ];
  refuseUnknown(Object.keys(defaults), served, config);
  return served;
}

type Requests = ReturnType<typeof workflowRequests>;
type Serve = <Schema extends z.ZodType>(
  name: keyof Requests,
  serving: Serving<Schema>,
) => ServedWorkflow;

function onOneHost(serve: Serve, requests: Requests): ServedWorkflow[] {
  return [
    serve('live-snapshot', {
      machine: liveSnapshot,
      request: requests['live-snapshot'],
      judge: judgeLiveSnapshot,
    }),
    serve('cold-snapshot', {
      machine: coldSnapshot,
      request: requests['cold-snapshot'],
      judge: judgeColdSnapshot,
    }),
    serve('instance-snapshot', {
      machine: instanceSnapshot,
      request: requests['instance-snapshot'],
      judge: judgeInstanceSnapshot,
    }),
    serve('domain-snapshot', {
      machine: domainSnapshot,
      request: requests['domain-snapshot'],
      judge: judgeDomainSnapshot,
    }),
    serve('snapshot-revert', {
      machine: snapshotRevert,
      request: requests['snapshot-revert'],
      judge: judgeSnapshotRevert,
    }),
    serve('snapshot-delete', {
      machine: snapshotDelete,
      request: requests['snapshot-delete'],
      judge: judgeSnapshotDelete,
    }),
    serve('managed-save', {
      machine: managedSave,
      request: requests['managed-save'],
      judge: judgeManagedSave,
    }),
    serve('volume-swap', {
      machine: volumeSwap,
      request: requests['volume-swap'],
      judge: judgeVolumeSwap,
    }),
  ];
}

interface Serving<Schema extends z.ZodType> {
  readonly machine: AnyStateMachine;
  readonly request: Schema;
  readonly judge: Judge<z.output<Schema>>;
}

function refuseUnknown(names: readonly string[], served: ServedWorkflow[], { path }: Config): void {
  const known = served.map(({ name }) => name);
  const other = names.find((name) => !known.includes(name));
  if (other !== undefined)
    throw new UsageError(
      `${path}: defaults.workflows.${other} is no workflow; there is ${known.join(', ')}`,
    );
}

function countOf(node: AnyStateNode): number {
  return Object.values(node.states).reduce((sum, inner) => sum + 1 + countOf(inner), 0);
}
