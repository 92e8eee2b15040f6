import { lookOf, onBoth } from '../policy/domain-on-host.ts';

/** Guards the first rule of every protocol: never two running copies of one guest. */
export const oneCopy = {
  description: 'Guards the first rule: never two running copies of one guest.',
  initial: 'trusting',
  states: {
    trusting: {
      description: 'By all that was seen, at most one copy runs.',
      always: { guard: 'bothSeemToRun', target: 'doubting' },
    },
    doubting: {
      description: 'Events of two hosts may cross; only a look at both tells.',
      meta: { call: 'virDomainGetState' },
      invoke: {
        id: 'lookForTwo',
        src: 'inspectPeers',
        input: onBoth,
        onDone: [
          {
            guard: { type: 'bothRunIn', params: lookOf },
            target: '#splitBrain',
            actions: { type: 'noteLook', params: lookOf },
          },
          { target: 'stillDoubting', actions: { type: 'noteLook', params: lookOf } },
        ],
        onError: 'stillDoubting',
      },
    },
    stillDoubting: {
      description: 'The look cleared the doubt, or a host did not answer: then asked again.',
      always: { guard: 'atMostOneSeemsToRun', target: 'trusting' },
      after: { askAgain: 'doubting' },
    },
  },
} as const;
