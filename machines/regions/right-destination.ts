import { lookOf, onBoth, onSource } from '../policy/domain-on-host.ts';

/**
 * The URI by which the source daemon reaches the destination need not lead to the host that we
 * watch. A copy that goes on while that host has nothing of it goes elsewhere, and is called off.
 *
 * Slots: effects `inspectPeers`, `abortJob`; guards `isUnseenThere`, `isNothingThere`; actions
 * `noteLook`, `recordWrongDestination`; delay `askAgain`.
 */
export const rightDestination = {
  description: 'Does the guest go to the host that we watch?',
  initial: 'expecting',
  states: {
    expecting: {
      description: 'The destination shows its part before anything is copied.',
      always: { guard: 'isUnseenThere', target: 'looking' },
    },
    looking: {
      description: 'Something is copied, and the destination has shown nothing: it is asked.',
      meta: { call: 'virDomainGetState' },
      invoke: {
        id: 'lookForIncoming',
        src: 'inspectPeers',
        input: onBoth,
        onDone: [
          {
            guard: { type: 'isNothingThere', params: lookOf },
            target: 'callingOff',
            actions: [{ type: 'noteLook', params: lookOf }, 'recordWrongDestination'],
          },
          { target: 'settled', actions: { type: 'noteLook', params: lookOf } },
        ],
        onError: 'settled',
      },
    },
    callingOff: {
      description: 'The guest is being copied to some other host: it stays where it is.',
      tags: ['rollingBack'],
      meta: { call: 'virDomainAbortJob' },
      invoke: {
        id: 'callOff',
        src: 'abortJob',
        input: onSource,
        onDone: 'settled',
        onError: 'tryingAgain',
      },
    },
    tryingAgain: {
      description: 'The source daemon did not take the abort yet.',
      tags: ['rollingBack'],
      after: { askAgain: 'callingOff' },
    },
    settled: { description: 'Nothing is left to find out.' },
  },
} as const;
