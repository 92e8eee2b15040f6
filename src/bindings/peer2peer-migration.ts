import { peer2peerMigration } from '../../machines/index.ts';
import type { DomainOnHost } from '../../machines/policy/domain-on-host.ts';
import type { MigrationEvent } from '../../machines/migration-events.ts';
import { isActive, isRunning } from '../../machines/policy/peers.ts';
import type { BoundMachine, SlotsOf, Tools, WatchSlot } from '../engine/slots.ts';
import { bind } from '../engine/slots.ts';
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

/** The chart `peer2peer-migration` over the port `Hypervisor`. */
export function peer2peerMigrationSlots(
  hypervisors: Hypervisors,
): SlotsOf<typeof peer2peerMigration> {
  const on = (act: (host: Hypervisor, uuid: string, signal: AbortSignal) => Promise<void>) =>
    effectOnDomain(hypervisors, act);
  const watching = (role: Role): WatchSlot<DomainOnHost, MigrationEvent> => ({
    kind: 'watch',
    run: (input, tools) => watchPeer(hypervisors, role, input, tools),
  });

  return {
    performMigration: {
      kind: 'effect',
      recovery: 'adopt',
      run: async ({ host, call }, { signal, clock }) => {
        await (await hypervisors.open(host, signal)).migrate(call, signal);
        return { atEpochMs: clock.nowEpochMs() };
      },
    },
    followMigration: {
      kind: 'effect',
      recovery: 'rerun',
      run: async ({ host, domainUuid }, { signal, clock }) => {
        const hypervisor = await hypervisors.open(host, signal);
        for (;;) {
          const status = await hypervisor.findStatus(domainUuid, signal);
          if (status?.job?.operation !== 'migrationOut') return { atEpochMs: clock.nowEpochMs() };
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
      },
    },
    suspendSource: on((host, uuid, signal) => host.suspend(uuid, signal)),
    resumeSource: effectOnlyWhile(isAtRest, hypervisors, (host, uuid, signal) =>
      host.resume(uuid, signal),
    ),
    destroyIncoming: destroyIncoming(hypervisors),
    destroySource: effectOnlyWhile(isAtRest, hypervisors, (host, uuid, signal) =>
      host.destroy(uuid, signal),
    ),
    watchSource: watching('source'),
    watchDestination: watching('destination'),
  };
}

export function bindPeer2peerMigration(hypervisors: Hypervisors): BoundMachine {
  return bind(peer2peerMigration, peer2peerMigrationSlots(hypervisors));
}

/** A copy that stands still and that no migration of its host is busy with. */
const isAtRest = (status: DomainStatus): boolean =>
  isActive(status) && !isRunning(status) && status.job?.operation !== 'migrationOut';

type Role = 'source' | 'destination';
type WatchTools = Tools & { send: (event: MigrationEvent) => void };

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
