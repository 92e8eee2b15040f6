import type { BlockJobType } from '../src/ports/block-jobs.ts';
import type { DomainState } from '../src/ports/domain.ts';

/** What the watch tells of a domain that stays on its host; `atEpochMs` is when it was seen. */
export type DomainEvent = { readonly atEpochMs: number } & (
  | { readonly type: 'domain.seen'; readonly state: DomainState; readonly detail: string }
  | {
      readonly type: `domain.${'started' | 'resumed' | 'suspended' | 'stopped'}`;
      readonly detail: string;
    }
  | {
      readonly type: `blockJob.${'running' | 'ready' | 'completed' | 'failed' | 'canceled'}`;
      readonly targetDev: string;
      readonly job: BlockJobType;
    }
  | { readonly type: `device.${'removed' | 'removalFailed'}`; readonly alias: string }
  | { readonly type: `agent.${'connected' | 'disconnected'}` }
  | { readonly type: 'job.completed' }
  | { readonly type: `connection.${'lost' | 'regained'}` }
);

/** What a person or a service may send to every workflow. */
export interface AbortCommand {
  readonly type: 'abort.requested';
}
