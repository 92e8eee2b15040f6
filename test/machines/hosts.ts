import type { DomainStatus } from '../../src/ports/domain.ts';
import type { PeersView, PeerView } from '../../machines/policy/peers.ts';

export const domain: DomainStatus = {
  uuid: '11111111-2222-3333-4444-555555555555',
  name: 'guest',
  state: 'running',
  reason: 'booted',
  persistent: true,
  job: null,
};

const holds = (status: Partial<DomainStatus> | null): PeerView => ({
  reachable: true,
  domain: status === null ? null : { ...domain, ...status },
});
const unreachable: PeerView = { reachable: false, message: 'connection refused' };

/** What a source may hold after the call has ended, or while it goes on. */
export const sourceHolds = {
  running: holds({ state: 'running', reason: 'migrationCanceled' }),
  paused: holds({ state: 'paused', reason: 'migration' }),
  busy: holds({ state: 'paused', reason: 'migration', job: { operation: 'migrationOut' } }),
  /** It runs, and its daemon holds the job of a migration. */
  runningWithJob: holds({ state: 'running', job: { operation: 'migrationOut' } }),
  shutoff: holds({ state: 'shutoff', reason: 'migrated' }),
  crashed: holds({ state: 'shutoff', reason: 'crashed' }),
  /** Its pages are fetched by the destination. */
  inPostcopy: holds({ state: 'paused', reason: 'postcopy', job: { operation: 'migrationOut' } }),
  /** The same, on a daemon that holds no job any more. */
  leftInPostcopy: holds({ state: 'paused', reason: 'postcopy' }),
  brokenPostcopy: holds({
    state: 'paused',
    reason: 'postcopyFailed',
    job: { operation: 'migrationOut' },
  }),
  absent: holds(null),
  unreachable,
} as const satisfies Record<string, PeerView>;

export const destinationHolds = {
  running: holds({ state: 'running', reason: 'migrated' }),
  /** An empty QEMU that waits for the guest. */
  incoming: holds({ state: 'paused', reason: 'startingUp', job: { operation: 'migrationIn' } }),
  pausedByUser: holds({ state: 'paused', reason: 'user' }),
  pausedByError: holds({ state: 'paused', reason: 'ioerror' }),
  shutoff: holds({ state: 'shutoff', reason: 'failed' }),
  /** It runs, and fetches what it misses. */
  inPostcopy: holds({ state: 'running', reason: 'postcopy', job: { operation: 'migrationIn' } }),
  brokenPostcopy: holds({
    state: 'running',
    reason: 'postcopyFailed',
    job: { operation: 'migrationIn' },
  }),
  absent: holds(null),
  unreachable,
} as const satisfies Record<string, PeerView>;

export type SourceHolding = keyof typeof sourceHolds;
export type DestinationHolding = keyof typeof destinationHolds;

/** One look at both hosts. */
export function look(
  source: SourceHolding,
  destination: DestinationHolding,
  atEpochMs = 1_000,
): PeersView {
  return {
    atEpochMs,
    source: sourceHolds[source],
    destination: destinationHolds[destination],
  };
}
