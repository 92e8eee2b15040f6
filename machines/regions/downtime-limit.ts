import type { DomainOnHost } from '../policy/domain-on-host.ts';

interface HasLimit {
  readonly context: {
    readonly source: string;
    readonly domain: { readonly uuid: string };
    readonly call: { readonly options: { readonly maxDowntimeMs: number | null } };
  };
}

const limitOnSource = ({ context }: HasLimit): DomainOnHost & { downtimeMs: number } => ({
  host: context.source,
  domainUuid: context.domain.uuid,
  downtimeMs: context.call.options.maxDowntimeMs ?? 0,
});

/**
 * libvirt takes the longest pause that the guest may suffer by a call of its own, and only while
 * the migration's job runs.
 *
 * Slots: effect `setMaxDowntime`; guards `hasDowntimeLimit`, `hasReached`.
 */
export const downtimeLimit = {
  description: 'Tell QEMU how long the guest may be paused at the switchover.',
  initial: 'choosing',
  states: {
    choosing: {
      description: "Without a limit of its own the run takes QEMU's, 300 ms.",
      always: [{ guard: 'hasDowntimeLimit', target: 'awaitingJob' }, { target: 'settled' }],
    },
    awaitingJob: {
      description: 'There is no job yet that the limit could belong to.',
      always: {
        guard: { type: 'hasReached', params: { milestone: 'begin3' } },
        target: 'setting',
      },
    },
    setting: {
      description: 'The limit is given to the source daemon.',
      meta: { call: 'virDomainMigrateSetMaxDowntime' },
      invoke: {
        id: 'setMaxDowntime',
        src: 'setMaxDowntime',
        input: limitOnSource,
        onDone: 'settled',
        onError: 'failed',
      },
    },
    failed: {
      description: 'The source daemon did not take it yet; it is asked again.',
      after: { askAgain: 'setting' },
    },
    settled: { description: 'Nothing is left to set.' },
  },
} as const;
