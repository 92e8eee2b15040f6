import {
  askedDevice,
  failsWith,
  isThis,
  lookOf,
  lookOrder,
} from '../policy/cold-snapshot/orders.ts';

const notReleased = (answer: 'refused' | 'silent') =>
  ({ type: 'recordNotReleased', params: { answer } }) as const;

/** Devices that cannot be saved leave the guest, one by one, each on record before it is asked for. */
export const detaching = {
  description: 'Devices that cannot be saved with the memory are taken out, one by one.',
  initial: 'choosing',
  on: {
    'abort.requested': { target: 'returning', actions: 'recordAbort' },
    'device.removed': { guard: { type: 'isAwaited', params: isThis }, target: '.looking' },
    'device.removalFailed': {
      guard: { type: 'isAwaited', params: isThis },
      target: 'returning',
      actions: notReleased('refused'),
    },
    'domain.stopped': { target: 'returning', actions: 'recordEnded' },
    'connection.regained': '.choosing',
  },
  states: {
    choosing: {
      description: 'Which device is the next?',
      tags: ['abortable'],
      always: [
        { guard: 'awaitsDevice', target: 'looking' },
        { guard: 'hasNextDevice', target: 'asking', actions: 'noteAsked' },
        { target: '#saving' },
      ],
    },
    asking: {
      description: 'The guest is asked to let go of it.',
      tags: ['abortable'],
      meta: { call: 'virDomainDetachDeviceAlias' },
      invoke: {
        id: 'detach',
        src: 'detachDevice',
        input: askedDevice,
        onDone: 'looking',
        onError: { target: '#returning', actions: failsWith },
      },
    },
    looking: {
      description: 'Is it still in the live definition?',
      tags: ['abortable'],
      meta: { call: 'virDomainGetXMLDesc' },
      invoke: {
        id: 'lookAtDevice',
        src: 'inspectGuest',
        input: lookOrder,
        onDone: [
          {
            guard: { type: 'isOut', params: lookOf },
            target: 'choosing',
            actions: { type: 'noteOut', params: lookOf },
          },
          { target: 'awaiting' },
        ],
        onError: { target: '#returning', actions: failsWith },
      },
    },
    awaiting: {
      description: 'The guest takes its time; an event tells that it has let go, or refuses.',
      tags: ['abortable'],
      after: { deviceWait: 'lookingLast' },
    },
    lookingLast: {
      description: 'Its time is over: whether it is gone is looked at once more.',
      tags: ['abortable'],
      meta: { call: 'virDomainGetXMLDesc' },
      invoke: {
        id: 'lookAtDeviceLast',
        src: 'inspectGuest',
        input: lookOrder,
        onDone: [
          {
            guard: { type: 'isOut', params: lookOf },
            target: 'choosing',
            actions: { type: 'noteOut', params: lookOf },
          },
          { target: '#returning', actions: notReleased('silent') },
        ],
        onError: { target: '#returning', actions: failsWith },
      },
    },
  },
} as const;
