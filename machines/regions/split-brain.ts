import { lookOf, onBoth, onSource } from '../policy/domain-on-host.ts';

/** Two copies run: the older one is stopped, and the operator is told. */
export const splitBrain = {
  id: 'splitBrain',
  description: 'Two copies run. Both may have written; no program can merge them.',
  initial: 'choosing',
  entry: 'noteSplitBrain',
  after: {
    peerWait: [
      { guard: 'isLate', target: '#lookingAfterSplit', reenter: true },
      { target: '#needsOperator' },
    ],
  },
  states: {
    choosing: {
      description: 'Whoever asked only for a report decides without us.',
      always: [
        { guard: 'onlyReportsSplitBrain', target: '#needsOperator' },
        { target: 'suspendingSource' },
      ],
    },
    suspendingSource: {
      description: "The source's copy is stopped: the destination's state is the newer one.",
      tags: ['pointOfNoReturn'],
      meta: { call: 'virDomainSuspend' },
      invoke: {
        id: 'suspendOlderCopy',
        src: 'suspendSource',
        input: onSource,
        onDone: 'looking',
        onError: 'looking',
      },
    },
    looking: {
      id: 'lookingAfterSplit',
      description: 'What the operator is told is what both hosts show now.',
      tags: ['pointOfNoReturn'],
      meta: { call: 'virDomainGetState on both hosts' },
      invoke: {
        id: 'lookAfterSplit',
        src: 'inspectPeers',
        input: onBoth,
        onDone: [
          {
            guard: { type: 'mayBothRun', params: lookOf },
            target: 'stillTwo',
            actions: { type: 'noteLook', params: lookOf },
          },
          { target: '#needsOperator', actions: { type: 'noteLook', params: lookOf } },
        ],
        onError: 'stillTwo',
      },
    },
    stillTwo: {
      description: 'The source could not be stopped yet; it is tried again.',
      tags: ['pointOfNoReturn'],
      after: { askAgain: 'suspendingSource' },
    },
  },
} as const;
