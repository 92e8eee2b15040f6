import { claimsToRelease } from '../policy/migration/live-migration-inputs.ts';

const answerOf = ({ event }: { event: { output: { released: readonly string[] } } }) =>
  event.output;

/** The last thing that a run does: others may have the domain. */
export const releasing = {
  description: 'All is done but for the claim: it is taken from the domain, wherever that is now.',
  initial: 'asking',
  after: {
    claimWait: [
      { guard: 'isLate', target: '#liveMigration.releasing', reenter: true },
      { target: 'released', actions: 'recordClaimsLeft' },
    ],
  },
  states: {
    asking: {
      description: 'Each host that may hold the claim is asked to take it away.',
      meta: { call: 'virDomainSetMetadata' },
      invoke: {
        id: 'release',
        src: 'releaseClaims',
        input: claimsToRelease,
        onDone: {
          target: 'deciding',
          actions: { type: 'recordReleased', params: answerOf },
        },
        onError: 'waiting',
      },
    },
    deciding: {
      description: 'A host that did not answer is asked again.',
      always: [{ guard: 'holdsClaim', target: 'waiting' }, { target: '#liveMigration.released' }],
    },
    waiting: {
      description: 'A host does not answer; what is left there then is told.',
      after: { askAgain: 'asking' },
    },
  },
} as const;
