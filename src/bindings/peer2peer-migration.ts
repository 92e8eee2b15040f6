import { peer2peerMigration } from '../../machines/index.ts';
import type { DomainOnHost } from '../../machines/policy/domain-on-host.ts';
import type { MigrationEvent } from '../../machines/migration-events.ts';
import type { BoundMachine, SlotsOf, Tools, WatchSlot } from '../engine/slots.ts';
import { bind } from '../engine/slots.ts';
import { delay } from '../ports/clock.ts';
import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';
import { destroyIncoming } from './destroy-incoming.ts';
import { effectOnDomain } from './effect-on-domain.ts';
import { toMigrationEvent } from './migration-events.ts';
import { inspectPeers } from './peers.ts';

/** No event tells that a job has begun, so an abort that came too early is tried again. */
const retryAbortMs = 50;
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
    abortJob: {
      kind: 'effect',
      recovery: 'rerun',
      run: async ({ host, domainUuid }, { signal, clock }) => {
        const hypervisor = await hypervisors.open(host, signal);
        const isMigrating = async (): Promise<boolean> => {
          const status = await hypervisor.findStatus(domainUuid, signal);
          return status?.job?.operation === 'migrationOut';
        };
        // virDomainAbortJob ends any job: a save or a backup of somebody else's is not ours to end.
        while (
          !(await isMigrating()) ||
          (await hypervisor.abortJob(domainUuid, signal)) === 'noJob'
        )
          await delay(clock, retryAbortMs, signal);
      },
    },
    setMaxDowntime: {
      kind: 'effect',
      recovery: 'rerun',
      run: async ({ host, domainUuid, downtimeMs }, { signal }) => {
        const hypervisor = await hypervisors.open(host, signal);
        await hypervisor.setMigrationMaxDowntime(domainUuid, downtimeMs, signal);
      },
    },
    suspendSource: on((host, uuid, signal) => host.suspend(uuid, signal)),
    resumeSource: on((host, uuid, signal) => host.resume(uuid, signal)),
    destroyIncoming: destroyIncoming(hypervisors),
    destroySource: on((host, uuid, signal) => host.destroy(uuid, signal)),
    watchSource: watching('source'),
    watchDestination: watching('destination'),
  };
}

export function bindPeer2peerMigration(hypervisors: Hypervisors): BoundMachine {
  return bind(peer2peerMigration, peer2peerMigrationSlots(hypervisors));
}

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
