import { peer2peerMigration } from '../../machines/index.ts';
import type { BoundMachine, SlotsOf } from '../engine/slots.ts';
import { bind } from '../engine/slots.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import { protocolSlots } from './protocol-slots.ts';

/** The chart `peer2peer-migration` over the port `Hypervisor`. */
export function peer2peerMigrationSlots(
  hypervisors: Hypervisors,
): SlotsOf<typeof peer2peerMigration> {
  return {
    ...protocolSlots(hypervisors),
    performMigration: {
      kind: 'effect',
      recovery: 'adopt',
      run: async ({ host, call }, { signal, clock }) => {
        await (await hypervisors.open(host, signal)).migrate(call, signal);
        return { atEpochMs: clock.nowEpochMs() };
      },
    },
  };
}

export function bindPeer2peerMigration(hypervisors: Hypervisors): BoundMachine {
  return bind(peer2peerMigration, peer2peerMigrationSlots(hypervisors));
}
