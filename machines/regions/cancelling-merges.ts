import type { MergeLook } from '../policy/snapshot-delete/looks.ts';
import { lookRequest, ownMerges } from '../policy/snapshot-delete/requests.ts';

const lookOf = ({ event }: { readonly event: { readonly output: MergeLook } }) => ({
  look: event.output,
});
const notesLook = { type: 'noteLook', params: lookOf } as const;

/** Jobs that this run began, and no others. */
export const cancelling = {
  id: 'cancelling',
  description:
    'Every merge of ours that is not finalised is called off; the guest keeps its layers.',
  tags: ['rollingBack'],
  initial: 'ending',
  after: {
    peerWait: [{ guard: 'isLate', target: 'cancelling', reenter: true }, { target: '#concluding' }],
  },
  states: {
    ending: {
      description: 'QEMU is asked to drop them.',
      meta: { call: 'virDomainBlockJobAbort' },
      invoke: {
        id: 'cancelMerges',
        src: 'cancelMerges',
        input: ownMerges,
        onDone: 'looking',
        onError: 'waiting',
      },
    },
    looking: {
      description: 'What came of it; one may have ended whole at the last moment.',
      meta: { call: 'virDomainGetXMLDesc, virDomainGetBlockJobInfo' },
      invoke: {
        id: 'lookCancelled',
        src: 'lookAtMerges',
        input: lookRequest,
        onDone: { target: 'deciding', actions: notesLook },
        onError: 'waiting',
      },
    },
    deciding: {
      description: 'Is anything of ours left, and has anything been merged?',
      always: [
        { guard: 'isAstray', target: '#securing', actions: 'recordAstray' },
        { guard: 'holdsJobs', target: 'waiting' },
        { guard: 'mustGoOn', target: '#finalising', actions: 'dropFailure' },
        { target: '#concluding' },
      ],
    },
    waiting: {
      description: 'A job that is being dropped stays for a while.',
      after: { askAgain: 'ending' },
    },
  },
} as const;
