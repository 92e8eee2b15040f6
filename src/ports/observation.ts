import type { BlockJobType } from './block-jobs.ts';
import type { DomainReason, DomainState } from './domain.ts';

/** QEMU's own words for a migration (QMP `MigrationStatus`). */
export type QemuMigrationStatus =
  | 'setup'
  | 'active'
  | 'pre-switchover'
  | 'device'
  | 'postcopy-active'
  | 'postcopy-paused'
  | 'postcopy-recover'
  | 'postcopy-recover-setup'
  | 'completed'
  | 'failed'
  | 'cancelling'
  | 'cancelled';

/**
 * What one host shows of one domain, in the order in which it was seen. `read` marks what came
 * from asking, everything else was told by an event.
 */
export type DomainObservation = { readonly atEpochMs: number } & (
  | { readonly kind: 'state'; readonly state: DomainState; readonly reason: DomainReason }
  | { readonly kind: 'migrationJob'; readonly direction: 'in' | 'out' }
  | { readonly kind: 'started' | 'resumed' | 'suspended' | 'stopped'; readonly detail: string }
  | { readonly kind: 'migrationStatus'; readonly status: QemuMigrationStatus }
  /** `remainingBytes`: what this pass found still to be sent; `null` where nobody could say. */
  | {
      readonly kind: 'iteration';
      readonly iteration: number;
      readonly remainingBytes: number | null;
    }
  | { readonly kind: 'mirrorCreated' }
  | { readonly kind: 'mirrorReady'; readonly targetDev: string }
  | { readonly kind: 'jobCompleted' }
  /** Of a copy, commit or pull on one disk; `running` is told only of one that stands when the watch begins. */
  | {
      readonly kind: 'blockJob';
      readonly targetDev: string;
      readonly job: BlockJobType;
      readonly status: 'running' | 'ready' | 'completed' | 'failed' | 'canceled';
    }
  | { readonly kind: 'deviceRemoved' | 'deviceRemovalFailed'; readonly alias: string }
  | { readonly kind: 'agent'; readonly state: 'connected' | 'disconnected' }
  | { readonly kind: 'connectionLost' | 'connectionRegained' }
);

/** Bytes of one stream; `processedBytes` never goes backwards. */
export interface StreamProgress {
  /** `memory`, or a disk's `<target dev>`. */
  readonly stream: string;
  readonly processedBytes: number;
  readonly totalBytes: number;
  readonly remainingBytes: number;
  /** `null` until a rate is known. */
  readonly bytesPerS: number | null;
}
