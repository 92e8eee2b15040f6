import { onSource } from '../policy/domain-on-host.ts';

const outOfTime = { type: 'recordGivenUp', params: { cause: 'budget' } } as const;

/** What a protocol can do before anything is under way that the daemon could abort. */
export interface Early<
  OnRequest extends readonly object[] = readonly object[],
  WhenOutOfTime extends readonly object[] = readonly object[],
  WhenDueToForce extends readonly object[] = readonly object[],
  States extends Readonly<Record<string, object>> = Readonly<Record<string, object>>,
> {
  readonly onRequest: OnRequest;
  readonly whenOutOfTime: WhenOutOfTime;
  /** The same while a force waits for what it needs. */
  readonly whenDueToForce: WhenDueToForce;
  readonly states: States;
}

const abort = { guard: 'isAbortable', target: 'aborting', actions: 'recordAbort' } as const;
const abortSpent = { guard: 'isOutOfTime', target: 'aborting', actions: outOfTime } as const;
const callOffSpent = {
  guard: 'isOutOfTimeBeforePerform',
  target: 'calledOff',
  actions: outOfTime,
} as const;

/** The source daemon can be asked to abort from the beginning. */
export const nothingEarly = {
  onRequest: [],
  whenOutOfTime: [],
  whenDueToForce: [abortSpent],
  states: {},
} as const;

/**
 * Before PERFORM3 a migration that we drive has nothing that the daemon could abort: the call under
 * way is the last one.
 */
export const callingOff = {
  onRequest: [{ guard: 'isBeforePerform', target: 'calledOff', actions: 'recordAbort' }],
  whenOutOfTime: [callOffSpent],
  // From PERFORM3 on it is forced at once, or it has failed.
  whenDueToForce: [callOffSpent],
  states: {
    calledOff: {
      description: 'No further phase is begun; the call that is under way is the last.',
      tags: ['rollingBack'],
    },
  },
} as const;

/** There is nothing left to cancel: whoever asked died with us, or the guest was faster. */
const ranThere = { type: 'hasReached', params: { milestone: 'finish3' } } as const;

/** What the plan says to do about it, where it still can be done. */
const answers = (cause: 'budget' | 'stall') =>
  [
    {
      guard: { type: 'answersWith', params: { cause, action: 'postcopy' } },
      target: 'dueToPostcopy',
    },
    {
      guard: { type: 'answersWith', params: { cause, action: 'forceComplete' } },
      target: 'dueToForce',
    },
  ] as const;

const byForce = <
  const OnRequest extends readonly object[],
  const WhenOutOfTime extends readonly object[],
  const WhenDue extends readonly object[],
>(
  abortOnRequest: OnRequest,
  abortWhenOutOfTime: WhenOutOfTime,
  abortWhenDue: WhenDue,
) =>
  ({
    dueToForce: {
      description: 'A guest paused before PERFORM3 would stay paused on the destination.',
      meta: { source: 'doPeer2PeerMigrate3 adds PAUSED before Prepare' },
      always: [...abortWhenDue, { guard: 'isCopying', target: 'forcing' }],
      on: { 'abort.requested': abortOnRequest },
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
        onError: 'forceRefused',
      },
    },
    forceRefused: {
      description: 'The source daemon did not pause the guest; it is asked again.',
      always: abortWhenOutOfTime,
      after: { askAgain: { guard: 'isAbortable', target: 'dueToForce' } },
      on: { 'abort.requested': abortOnRequest },
    },
    forced: {
      description: 'What is left is copied with the guest at rest.',
      tags: ['guestPaused'],
      always: abortWhenOutOfTime,
      after: {
        forceWait: {
          guard: 'isAbortable',
          target: 'aborting',
          actions: { type: 'recordGivenUp', params: { cause: 'force' } },
        },
      },
      on: { 'abort.requested': abortOnRequest },
    },
  }) as const;

const byPostcopy = <
  const OnRequest extends readonly object[],
  const WhenOutOfTime extends readonly object[],
>(
  abortOnRequest: OnRequest,
  abortWhenOutOfTime: WhenOutOfTime,
) =>
  ({
    dueToPostcopy: {
      description: 'Post-copy begins as soon as QEMU sends memory.',
      always: [...abortWhenOutOfTime, { guard: 'isPrecopying', target: 'startingPostcopy' }],
      on: { 'abort.requested': abortOnRequest },
    },
    startingPostcopy: {
      description: 'The guest goes over now; what is missing there is fetched page by page.',
      meta: { call: 'virDomainMigrateStartPostCopy' },
      invoke: {
        id: 'startPostcopy',
        src: 'startPostcopy',
        input: onSource,
        onDone: 'postcopyStarted',
        onError: 'postcopyRefused',
      },
      always: abortWhenOutOfTime,
      on: { 'abort.requested': abortOnRequest },
    },
    postcopyStarted: {
      description: 'Post-copy is on its way; the region postcopy shows what comes of it.',
      always: abortWhenOutOfTime,
      on: { 'abort.requested': abortOnRequest },
    },
    postcopyRefused: {
      description: 'The source daemon did not start post-copy; it is asked again.',
      always: abortWhenOutOfTime,
      after: { askAgain: { guard: 'mayPostcopy', target: 'dueToPostcopy' } },
      on: { 'abort.requested': abortOnRequest },
    },
  }) as const;

/**
 * The measures that end a migration one way or the other: abort, force to complete, post-copy. It
 * only ever asks; the phases show what came of it.
 */
export const measures = <
  const OnRequest extends readonly object[],
  const WhenOutOfTime extends readonly object[],
  const WhenDueToForce extends readonly object[],
  const States extends Readonly<Record<string, object>>,
>(
  early: Early<OnRequest, WhenOutOfTime, WhenDueToForce, States>,
) => {
  const abortOnRequest = [...early.onRequest, abort] as const;
  /** A budget that ends in an abort holds whatever is being done by then. */
  const abortWhenOutOfTime = [...early.whenOutOfTime, abortSpent] as const;
  return {
    description: 'Abort it, force it or go over to post-copy, when asked or when the plan says so.',
    initial: 'letting',
    states: {
      letting: {
        description: 'The migration takes its course.',
        always: [
          ...abortWhenOutOfTime,
          ...answers('budget'),
          { guard: 'isPostcopyDue', target: 'dueToPostcopy' },
        ],
        on: {
          'abort.requested': abortOnRequest,
          'postcopy.start': { guard: 'mayPostcopy', target: 'dueToPostcopy' },
          'force.complete': [
            { guard: 'mayPostcopy', target: 'dueToPostcopy' },
            { guard: 'isAbortable', target: 'dueToForce' },
          ],
          'stall.noticed': [
            {
              guard: { type: 'answersWith', params: { cause: 'stall', action: 'abort' } },
              target: 'aborting',
              actions: { type: 'recordGivenUp', params: { cause: 'stall' } },
            },
            ...answers('stall'),
          ],
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
          onDone: [{ guard: ranThere, target: 'abortLate' }, { target: 'abortSent' }],
          onError: [{ guard: ranThere, target: 'abortLate' }, { target: 'abortRefused' }],
        },
      },
      abortLate: { description: 'The guest had gone over before anything was cancelled.' },
      abortSent: {
        description: 'The cancel is on its way; the end of the migration shows whether it won.',
        tags: ['rollingBack'],
        on: { 'abort.requested': { guard: 'isAbortable', target: 'aborting' } },
      },
      abortRefused: {
        description: 'The source daemon did not take the abort; it is asked again.',
        tags: ['rollingBack'],
        after: { askAgain: { guard: 'isAbortable', target: 'aborting' } },
        on: { 'abort.requested': { guard: 'isAbortable', target: 'aborting' } },
      },
      ...byForce(abortOnRequest, abortWhenOutOfTime, early.whenDueToForce),
      ...byPostcopy(abortOnRequest, abortWhenOutOfTime),
      ...early.states,
    },
  } as const;
};
