import type { peer2peerMigration } from '../../machines/index.ts';
import type { DomainOnHost } from '../../machines/policy/domain-on-host.ts';
import type { MigrationEvent } from '../../machines/migration-events.ts';
import { isActive, isRunning } from '../../machines/policy/peers.ts';
import type { SlotsOf, Tools, WatchSlot } from '../engine/slots.ts';
import { delay } from '../ports/clock.ts';
import type { DomainStatus } from '../ports/domain.ts';
import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';
import { abortJob } from './abort-job.ts';
import { destroyIncoming } from './destroy-incoming.ts';
import { effectOnDomain, effectOnlyWhile } from './effect-on-domain.ts';
import { toMigrationEvent } from './migration-events.ts';
import { inspectPeers } from './peers.ts';

/** No event tells the end of a job on a daemon that was restarted; it is asked for. */
const askForJobMs = 250;

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
        for (;;) {
          const status = await hypervisor.findStatus(domainUuid, signal);
          if (status?.job?.operation !== 'migrationOut' || isBroken(status))
            return { atEpochMs: clock.nowEpochMs() };
          await delay(clock, askForJobMs, signal);
        }
      },
    },
    inspectPeers: {
      kind: 'effect',
      recovery: 'rerun',
      run: (peers, tools) => inspectPeers(hypervisors, peers, tools),
    },
    abortJob: abortJob(hypervisors),
    setMaxDowntime: {
      kind: 'effect',
      recovery: 'rerun',
      run: async ({ host, domainUuid, downtimeMs }, { signal }) => {
        const hypervisor = await hypervisors.open(host, signal);
        await hypervisor.setMigrationMaxDowntime(domainUuid, downtimeMs, signal);
        return { what: 'downtimeMs', value: downtimeMs };
      },
    },
    setBandwidth: {
      kind: 'effect',
      recovery: 'rerun',
      run: async ({ host, domainUuid, mibPerS }, { signal }) => {
        const hypervisor = await hypervisors.open(host, signal);
        await hypervisor.setMigrationBandwidth(domainUuid, mibPerS, signal);
        return { what: 'mibPerS', value: mibPerS };
      },
    },
    startPostcopy: on((host, uuid, signal) => host.startPostcopy(uuid, signal)),
    suspendSource: on((host, uuid, signal) => host.suspend(uuid, signal)),
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

/** The job of a broken post-copy lasts for ever, and does nothing. */
const isBroken = (status: DomainStatus): boolean => status.reason === 'postcopyFailed';

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
  { signal, send, report }: WatchTools,
): Promise<void> {
  const hypervisor = await hypervisors.open(host, signal);
  await hypervisor.watchDomain(
    {
      uuid: domainUuid,
      role,
      observe: (observation) => toMigrationEvent(role, observation).forEach(send),
      progress: report,
    },
    signal,
  );
}
