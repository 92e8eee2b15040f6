import { assign, fromCallback, fromPromise, setup } from 'xstate';
import type { EventObject } from 'xstate';
import type { DomainStatus, Failure } from '../../../../src/index.ts';

export interface Order {
  readonly host: string;
  readonly domain: string;
  readonly volume: string;
  readonly name: string;
}

export interface Guest {
  readonly host: string;
  readonly uuid: string;
}

export type OrderEvent = { type: 'abort.requested' } | { type: 'guest.ended' };

interface Context extends Order {
  readonly uuid: string;
  readonly failure: Failure | null;
  readonly artefacts: readonly {
    readonly kind: 'arraySnapshot';
    readonly host: string;
    readonly path: string;
    readonly status: 'expected' | 'made';
  }[];
}

/** What a slot is until a binding fills it. */
const unbound = (): never => {
  throw new Error('slot is not bound');
};

const slots = setup({
  types: {
    input: {} as Order,
    context: {} as Context,
    events: {} as OrderEvent,
    output: {} as { outcome: string; failure: Failure | null; artefacts: Context['artefacts'] },
    tags: {} as 'abortable' | 'guestPaused' | 'rollingBack' | 'waitingForOperator',
    meta: {} as { call: string },
  },
  actors: {
    findGuest: fromPromise<DomainStatus | null, Order>(unbound),
    suspendGuest: fromPromise<void, Guest>(unbound),
    takeSnapshot: fromPromise<void, Order>(unbound),
    findSnapshot: fromPromise<{ found: boolean }, Order>(unbound),
    resumeGuest: fromPromise<void, Guest>(unbound),
    watchGuest: fromCallback<EventObject, Guest, OrderEvent>(unbound),
  },
  actions: {
    noteGuest: assign((_, { guest }: { guest: DomainStatus | null }) => ({
      uuid: guest?.uuid ?? '',
    })),
    noteFailure: assign((_, { error }: { error: unknown }) => ({ failure: error as Failure })),
    noteNoGuest: assign({
      failure: { code: 'notRunning', message: 'no guest runs there', effect: 'none' } as const,
    }),
    noteAbort: assign({
      failure: { code: 'abortRequested', message: 'aborted by request', effect: 'none' } as const,
    }),
    noteSilence: assign({
      failure: {
        code: 'guestPaused',
        message: 'the guest stands paused and its host does not answer: resume it there',
        effect: 'unknown',
      } as const,
    }),
    /** On record before it is made: after a crash somebody knows what to look for. */
    expectSnapshot: assign(({ context: { host, name } }) => ({
      artefacts: [{ kind: 'arraySnapshot', host, path: name, status: 'expected' } as const],
    })),
    noteTaken: assign(({ context }) => ({
      failure: null,
      artefacts: context.artefacts.map((each) => ({ ...each, status: 'made' as const })),
    })),
    noteNotTaken: assign({ artefacts: [] }),
  },
  guards: {
    runs: (_, { guest }: { guest: DomainStatus | null }) => guest?.state === 'running',
    isUnknown: (_, { error }: { error: unknown }) => (error as Failure).effect === 'unknown',
    isThere: (_, { found }: { found: boolean }) => found,
    isTaken: ({ context }) => context.artefacts.some(({ status }) => status === 'made'),
  },
  delays: { askAgain: 1_000, arrayWait: 60_000, hostWait: 120_000 },
});

const withError = ({ event }: { event: { error: unknown } }) => ({ error: event.error });
const failed = { type: 'noteFailure', params: withError } as const;
const all = ({ context }: { context: Context }) => context;
const result = ({ failure, artefacts }: Context) => ({ failure, artefacts });

/** The guest is paused while the storage array takes a snapshot of its volume, and runs again whatever comes. */
export const arraySnapshot = slots.createMachine({
  id: 'arraySnapshot',
  version: '1',
  description: 'The guest stands still while the array takes a snapshot of its volume.',
  context: ({ input }) => ({ ...input, uuid: '', failure: null, artefacts: [] }),
  output: ({ event }) => event.output as { outcome: string } & ReturnType<typeof result>,
  initial: 'gathering',
  states: {
    gathering: {
      description: 'Only a guest that runs is paused: another one needs no care.',
      tags: ['abortable'],
      meta: { call: 'virDomainGetState' },
      on: { 'abort.requested': { target: 'rolledBack', actions: 'noteAbort' } },
      invoke: {
        id: 'find',
        src: 'findGuest',
        input: all,
        onDone: [
          {
            guard: { type: 'runs', params: ({ event }) => ({ guest: event.output }) },
            target: 'working',
            actions: { type: 'noteGuest', params: ({ event }) => ({ guest: event.output }) },
          },
          { target: 'refused', actions: 'noteNoGuest' },
        ],
        onError: { target: 'refused', actions: failed },
      },
    },
    working: {
      description: 'Somebody watches: a guest that ends meanwhile needs nobody to resume it.',
      initial: 'suspending',
      on: { 'guest.ended': '.looking' },
      invoke: { id: 'watch', src: 'watchGuest', input: all, onError: { actions: failed } },
      states: {
        suspending: {
          description: 'From here on the volume stands still.',
          tags: ['guestPaused'],
          meta: { call: 'virDomainSuspend' },
          invoke: {
            id: 'suspend',
            src: 'suspendGuest',
            input: all,
            onDone: { target: 'taking', actions: 'expectSnapshot' },
            // Whatever became of it: resuming a guest that runs does nothing.
            onError: { target: '#returning', actions: failed },
          },
        },
        taking: {
          description: 'The array is asked once: asked twice, it would take two.',
          tags: ['guestPaused'],
          after: { arrayWait: 'looking' },
          invoke: {
            id: 'take',
            src: 'takeSnapshot',
            input: all,
            onDone: { target: '#returning', actions: 'noteTaken' },
            onError: [
              {
                guard: { type: 'isUnknown', params: withError },
                target: 'looking',
                actions: failed,
              },
              { target: '#returning', actions: [failed, 'noteNotTaken'] },
            ],
          },
        },
        looking: {
          description: 'The reply is lost: the array itself says whether it has the snapshot.',
          tags: ['guestPaused'],
          invoke: {
            id: 'look',
            src: 'findSnapshot',
            input: all,
            onDone: [
              {
                guard: { type: 'isThere', params: ({ event }) => event.output },
                target: '#returning',
                actions: 'noteTaken',
              },
              { target: '#returning', actions: 'noteNotTaken' },
            ],
            // It stays on record as expected: whoever reads the result is told.
            onError: { target: '#returning', actions: failed },
          },
        },
      },
    },
    returning: {
      id: 'returning',
      description: 'The guest runs again, whatever became of the snapshot.',
      tags: ['rollingBack'],
      initial: 'resuming',
      after: { hostWait: { target: 'needsOperator', actions: 'noteSilence' } },
      states: {
        resuming: {
          description: 'Only one that is paused is resumed: it may have ended.',
          meta: { call: 'virDomainResume' },
          invoke: {
            id: 'resume',
            src: 'resumeGuest',
            input: all,
            onDone: '#deciding',
            onError: 'waiting',
          },
        },
        waiting: { description: 'The host does not answer.', after: { askAgain: 'resuming' } },
      },
    },
    deciding: {
      id: 'deciding',
      description: 'What is on record decides.',
      always: [{ guard: 'isTaken', target: 'completed' }, { target: 'rolledBack' }],
    },
    completed: {
      description: 'The array has the snapshot, and the guest runs.',
      type: 'final',
      output: ({ context }) => ({ outcome: 'completed', ...result(context) }),
    },
    refused: {
      description: 'Nothing was touched.',
      type: 'final',
      output: ({ context }) => ({ outcome: 'refused', ...result(context) }),
    },
    rolledBack: {
      description: 'There is no snapshot, and the guest runs.',
      type: 'final',
      output: ({ context }) => ({ outcome: 'rolledBack', ...result(context) }),
    },
    needsOperator: {
      description: 'Only somebody at the host can let the guest run.',
      tags: ['waitingForOperator'],
      type: 'final',
      output: ({ context }) => ({ outcome: 'needsOperator', ...result(context) }),
    },
  },
});
