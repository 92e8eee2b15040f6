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
  | { readonly type: `${Peer}.iteration`; readonly iteration: number }
);

/** What a person or a service may send to a migration. */
export interface MigrationCommand {
  readonly type: 'abort.requested';
}
