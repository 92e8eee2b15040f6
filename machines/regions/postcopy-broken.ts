import { lookOf, onBoth } from '../policy/domain-on-host.ts';

/** While a call hangs because the destination has not noticed: the call is left to itself. */
export const leftWhenBroken = {
  'postcopy.hung': { target: 'uncertain', actions: 'recordBreak' },
  'postcopy.recover': {
    guard: { type: 'postcopyIs', params: { postcopy: 'paused' } },
    target: 'uncertain',
    actions: 'recordBreak',
  },
} as const;

/**
 * The stream of post-copy has ended in the middle: it is taken up again until it works, the time for
 * it is over, or an operator takes it in hand. `recovering` is the protocol's own way to do that; it
 * ends in `#completed` or in `looking`.
 */
export const postcopyBroken = <const Recovering extends object>(recovering: Recovering) =>
  ({
    id: 'postcopyBroken',
    description: 'Half of the memory is here, half there: only going on makes it whole again.',
    tags: ['pointOfNoReturn', 'guestPaused'],
    initial: 'waiting',
    on: { 'postcopy.giveUp': '#needsOperator', 'postcopy.hung': '.looking' },
    states: {
      waiting: {
        description: 'The network may come back; an operator may say when, or give it up.',
        after: { recoverAgain: 'recovering' },
        always: { guard: 'isGivenUp', target: '#needsOperator' },
        on: { 'postcopy.recover': 'recovering' },
      },
      recovering,
      looking: {
        id: 'lookingAtPostcopy',
        description: 'Is it still broken?',
        meta: { call: 'virDomainGetState on both hosts' },
        invoke: {
          id: 'lookAtPostcopy',
          src: 'inspectPeers',
          input: onBoth,
          onDone: [
            {
              guard: { type: 'isMendedIn', params: lookOf },
              target: '#uncertain',
              actions: [{ type: 'noteLook', params: lookOf }, 'waitAnew'],
            },
            { target: 'waiting', actions: { type: 'noteLook', params: lookOf } },
          ],
          onError: 'waiting',
        },
      },
    },
    after: {
      postcopyWait: [
        { guard: 'isLate', target: '.recovering', actions: 'giveUp' },
        { actions: 'giveUp' },
      ],
    },
  }) as const;
