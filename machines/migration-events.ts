import type { DomainState } from '../src/ports/domain.ts';
import type { QemuMigrationStatus } from '../src/ports/observation.ts';

type Peer = 'source' | 'destination';

/** What the watches on both hosts tell a protocol chart; `atEpochMs` is when it was seen. */
export type MigrationEvent = { readonly atEpochMs: number; readonly detail?: string } & (
  | { readonly type: `${Peer}.job.${'started' | 'completed'}` }
  | { readonly type: `${Peer}.migration.${QemuMigrationStatus}` }
  | { readonly type: `${Peer}.domain.${'started' | 'resumed' | 'suspended' | 'stopped'}` }
  | { readonly type: `${Peer}.domain.seen`; readonly state: DomainState }
  | { readonly type: 'destination.domain.preparing' }
  | { readonly type: `${Peer}.connection.${'lost' | 'regained'}` }
  | { readonly type: `${Peer}.mirror.created` }
  | { readonly type: `${Peer}.mirror.ready`; readonly targetDev: string }
  | {
      readonly type: `${Peer}.iteration`;
      readonly iteration: number;
      readonly remainingBytes: number | null;
    }
  | { readonly type: 'link.opened' | `link.${Peer}.lost` }
);

/** What a person or a service may send to a migration. */
export type MigrationCommand =
  | { readonly type: 'abort.requested' }
  /** virDomainMigrateSetMaxSpeed; 0: unlimited. */
  | { readonly type: 'bandwidth.set'; readonly mibPerS: number }
  /** virDomainMigrateSetMaxDowntime. */
  | { readonly type: 'downtime.set'; readonly downtimeMs: number }
  /** virDomainMigrateStartPostCopy, where post-copy was permitted. */
  | { readonly type: 'postcopy.start' }
  /** Post-copy where it was permitted, else the guest is paused until all is sent. */
  | { readonly type: 'force.complete' }
  /** Try a broken post-copy again now. */
  | { readonly type: 'postcopy.recover' }
  /** Wait no longer for a broken post-copy: an operator takes over. */
  | { readonly type: 'postcopy.giveUp' };

/** What a region of a chart tells the others. */
export type ProtocolNotice = {
  readonly type: 'stall.noticed' | 'link.wanted' | 'link.unwanted' | 'postcopy.hung';
};
