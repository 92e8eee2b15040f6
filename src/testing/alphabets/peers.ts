import type { PeersView, PeerView } from '../../../machines/policy/peers.ts';
import type { DomainStatus } from '../../ports/domain.ts';

/** The guest of every migration, as it was found. */
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
const silent: PeerView = { reachable: false, message: 'connection refused' };
const gone = holds(null);
const running = holds({ state: 'running', reason: 'migrationCanceled' });
const moved = holds({ state: 'running', reason: 'migrated' });
const paused = holds({ state: 'paused', reason: 'migration' });
const outgoing = { operation: 'migrationOut' } as const;
const pausedHeld = holds({ state: 'paused', reason: 'migration', job: outgoing });
const incoming = holds({
  state: 'paused',
  reason: 'startingUp',
  job: { operation: 'migrationIn' },
});

const seen = (source: PeerView, destination: PeerView): PeersView => ({
  atEpochMs: 1_000,
  source,
  destination,
});

/** What both hosts may show of a guest that is being moved: for each verdict a look that leads to it. */
export const looks = {
  unchanged: seen(running, gone),
  incomingLeft: seen(running, incoming),
  sourceToResume: seen(paused, gone),
  switchedOver: seen(gone, moved),
  sourceStale: seen(paused, moved),
  bothRun: seen(running, moved),
  jobActive: seen(holds({ job: outgoing }), incoming),
  goesElsewhere: seen(holds({ job: outgoing }), gone),
  postcopyActive: seen(
    holds({ state: 'paused', reason: 'postcopy', job: outgoing }),
    holds({ state: 'running', reason: 'postcopy', job: { operation: 'migrationIn' } }),
  ),
  /** The same, on a source whose daemon holds no job any more. */
  postcopyAlone: seen(
    holds({ state: 'paused', reason: 'postcopy' }),
    holds({ state: 'running', reason: 'postcopy', job: { operation: 'migrationIn' } }),
  ),
  postcopyBroken: seen(
    holds({ state: 'paused', reason: 'postcopyFailed', job: outgoing }),
    holds({ state: 'paused', reason: 'postcopyFailed', job: { operation: 'migrationIn' } }),
  ),
  halfLeft: seen(holds({ state: 'paused', reason: 'postcopyFailed' }), moved),
  /** The same as without `Held`, while the source's job waits for a Confirm. */
  sourceToResumeHeld: seen(pausedHeld, gone),
  sourceStaleHeld: seen(pausedHeld, moved),
  overtaken: seen(running, holds({ state: 'paused', reason: 'ioerror' })),
  guestGone: seen(holds({ state: 'shutoff', reason: 'crashed' }), gone),
  silent: seen(silent, silent),
} as const satisfies Record<string, PeersView>;
