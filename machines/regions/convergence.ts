import { onSource } from '../policy/domain-on-host.ts';

/**
 * The region that every protocol chart carries beside its phases: the time budget, what happens
 * when it is used up, and the abort by request. It only ever asks; the phases show what came of it.
 *
 * Slots: effects `abortJob` and `suspendSource`; delay `timeBudget`; guards `hasTimeBudget`,
 * `isAbortable`, `abortsOnTimeout`, `forcesOnTimeout`, `isCopying`; actions `recordAbort`,
 * `recordTimeout`.
 */
export const convergence = {
  description: 'Keep the migration within its time budget; abort or force it when asked.',
  initial: 'choosing',
  states: {
    choosing: {
      description: 'A run without a budget waits for as long as it takes.',
      always: [{ guard: 'hasTimeBudget', target: 'budgeted' }, { target: 'unbounded' }],
    },
    budgeted: {
      description: 'The guest is expected to converge before the budget is used up.',
      on: {
        'abort.requested': { guard: 'isAbortable', target: 'aborting', actions: 'recordAbort' },
      },
      after: {
        timeBudget: [
          { guard: 'abortsOnTimeout', target: 'aborting', actions: 'recordTimeout' },
          { guard: 'forcesOnTimeout', target: 'dueToForce' },
          { target: 'unbounded' },
        ],
      },
    },
    unbounded: {
      description: 'No budget, or it ran out when nothing could be aborted any more.',
      on: {
        'abort.requested': { guard: 'isAbortable', target: 'aborting', actions: 'recordAbort' },
      },
    },
    aborting: {
      description: 'The source daemon is asked to cancel; it answers by failing the migration.',
      tags: ['rollingBack'],
      meta: { call: 'virDomainAbortJob' },
      invoke: {
        id: 'abortJob',
        src: 'abortJob',
        input: onSource,
        onDone: 'abortSent',
        onError: 'unbounded',
      },
    },
    abortSent: {
      description: 'The cancel is on its way; the end of the migration shows whether it won.',
      tags: ['rollingBack'],
      on: { 'abort.requested': { guard: 'isAbortable', target: 'aborting' } },
    },
    dueToForce: {
      description: 'A guest paused before PERFORM3 would stay paused on the destination.',
      meta: { source: 'doPeer2PeerMigrate3 adds PAUSED before Prepare' },
      always: { guard: 'isCopying', target: 'forcing' },
      on: {
        'abort.requested': { guard: 'isAbortable', target: 'aborting', actions: 'recordAbort' },
      },
    },
    forcing: {
      description: 'The guest is paused on the source so that no page is dirtied any more.',
      tags: ['guestPaused'],
      meta: {
        call: 'virDomainSuspend',
        source: 'Nova live_migration_timeout_action=force_complete',
      },
      invoke: {
        id: 'suspendToForce',
        src: 'suspendSource',
        input: onSource,
        onDone: 'forced',
        onError: 'unbounded',
      },
    },
    forced: {
      description: 'What is left is copied with the guest at rest.',
      tags: ['guestPaused'],
      on: {
        'abort.requested': { guard: 'isAbortable', target: 'aborting', actions: 'recordAbort' },
      },
    },
  },
} as const;
