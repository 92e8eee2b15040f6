import type { peer2peerMigration } from '../../machines/index.ts';
import type { DomainOnHost } from '../../machines/policy/domain-on-host.ts';
import type { MigrationEvent } from '../../machines/migration-events.ts';
import { isActive, isRunning } from '../../machines/policy/peers.ts';
import type { SlotsOf, Tools, WatchSlot } from '../engine/slots.ts';
import type { DomainStatus } from '../ports/domain.ts';
import { FailureError } from '../ports/failure.ts';
import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';
import { abortJob } from './abort-job.ts';
import { destroyIncoming } from './destroy-incoming.ts';
import { doneAgain } from './done-again.ts';
import { effectOnDomain, effectOnlyWhile } from './effect-on-domain.ts';
import { untilJobEnds } from './follow-job.ts';
import { toMigrationEvent } from './migration-events.ts';
import { openToWatch } from './open-host.ts';
import { inspectPeers } from './peers.ts';

/** What every protocol chart asks of the world, whoever drives. */
export type ProtocolSlots = Omit<SlotsOf<typeof peer2peerMigration>, 'performMigration'>;

export function protocolSlots(hypervisors: Hypervisors): ProtocolSlots {
  const on = (act: (host: Hypervisor, uuid: string, signal: AbortSignal) => Promise<void>) =>
    effectOnDomain(hypervisors, act);

  return {
    followMigration: {
      kind: 'effect',
      recovery: 'rerun',
      run: async ({ host, domainUuid }, { signal, clock }) => {
        const hypervisor = await hypervisors.open(host, signal);
        await untilJobEnds(hypervisor, domainUuid, { signal, clock });
        return { atEpochMs: clock.nowEpochMs() };
      },
    },
    inspectPeers: doneAgain(hypervisors, inspectPeers),
    abortJob: abortJob(hypervisors),
    setMaxDowntime: {
      kind: 'effect',
      recovery: 'rerun',
      run: async ({ host, domainUuid, downtimeMs }, { resumed, signal }) => {
        const hypervisor = await hypervisors.open(host, signal);
        if (resumed === true) await requireJob(hypervisor, domainUuid, signal);
        await hypervisor.setMigrationMaxDowntime(domainUuid, downtimeMs, signal);
        return { what: 'downtimeMs', value: downtimeMs };
      },
    },
    setBandwidth: {
      kind: 'effect',
      recovery: 'rerun',
      run: async ({ host, domainUuid, mibPerS }, { resumed, signal }) => {
        const hypervisor = await hypervisors.open(host, signal);
        if (resumed === true) await requireJob(hypervisor, domainUuid, signal);
        await hypervisor.setMigrationBandwidth(domainUuid, mibPerS, signal);
        return { what: 'mibPerS', value: mibPerS };
      },
    },
    startPostcopy: on((host, uuid, signal) => host.startPostcopy(uuid, signal)),
    // Only what was just seen is reason to stop a guest; after a crash it may be the only copy left.
    suspendSource: effectOnDomain(
      hypervisors,
      (host, uuid, signal) => host.suspend(uuid, signal),
      'unknown',
    ),
    resumeSource: effectOnlyWhile(isAtRest, hypervisors, (host, uuid, signal) =>
      host.resume(uuid, signal),
    ),
    destroyIncoming: destroyIncoming(hypervisors),
    destroySource: effectOnlyWhile(isAtRest, hypervisors, (host, uuid, signal) =>
      host.destroy(uuid, signal),
    ),
    watchSource: watching(hypervisors, 'source'),
    watchDestination: watching(hypervisors, 'destination'),
  };
}

/** A whole copy that stands still and that no migration of its host is busy with. */
const isAtRest = (status: DomainStatus): boolean =>
  isActive(status) &&
  !isRunning(status) &&
  !status.reason.startsWith('postcopy') &&
  status.job?.operation !== 'migrationOut';

type Role = 'source' | 'destination';
type WatchTools = Tools & { send: (event: MigrationEvent) => void };

export function watching(
  hypervisors: Hypervisors,
  role: Role,
): WatchSlot<DomainOnHost, MigrationEvent> {
  return { kind: 'watch', run: (input, tools) => watchPeer(hypervisors, role, input, tools) };
}

async function watchPeer(
  hypervisors: Hypervisors,
  role: Role,
  { host, domainUuid }: DomainOnHost,
  tools: WatchTools,
): Promise<void> {
  const { clock, report, send, signal } = tools;
  const resumed = tools.resumed === true;
  // Nobody watched since the process before us died.
  if (resumed) send({ type: `${role}.connection.lost`, atEpochMs: clock.nowEpochMs() });
  const hypervisor = await openToWatch(hypervisors, host, tools);
  await hypervisor.watchDomain(
    {
      uuid: domainUuid,
      role,
      resumed,
      observe: (observation) => toMigrationEvent(role, observation).forEach(send),
      progress: report,
    },
    signal,
  );
}

/**
 * QEMU and libvirt keep a migration's limits for the next one when they are given outside of one. After
 * a crash it may be over.
 *
 * @throws FailureError `noJob`
 */
async function requireJob(
  hypervisor: Hypervisor,
  domainUuid: string,
  signal: AbortSignal,
): Promise<void> {
  const status = await hypervisor.findStatus(domainUuid, signal);
  if (status?.job?.operation === 'migrationOut') return;
  const message = `${hypervisor.uri}: the domain is not being migrated`;
  throw new FailureError({ code: 'noJob', message, effect: 'none' });
}
