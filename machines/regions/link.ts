import { onBoth } from '../policy/domain-on-host.ts';
import { errorOf } from './event-params.ts';

const timeOf = ({ event }: { readonly event: { readonly atEpochMs: number } }) => event;

/**
 * The two connections of a migration that we drive. Each daemon takes the end of its connection for
 * the end of the client, and undoes what it holds for it.
 */
export const link = {
  description: 'Are we still connected to both daemons?',
  initial: 'holding',
  states: {
    holding: {
      description: 'One connection to each daemon, for this migration alone.',
      meta: { call: 'virConnectOpen', source: 'virCloseCallbacks and AUTODESTROY in libvirt' },
      invoke: {
        id: 'link',
        src: 'holdLink',
        input: onBoth,
        onError: {
          target: 'failed',
          actions: { type: 'noteLinkFailure', params: errorOf },
        },
      },
      on: {
        'link.opened': { actions: { type: 'noteLinkOpened', params: timeOf } },
        'link.source.lost': { actions: 'noteSourceLinkLost' },
        'link.destination.lost': { actions: 'noteDestinationLinkLost' },
        // One that is still being opened is left alone.
        'link.wanted': {
          guard: 'hasLinkFailed',
          target: 'holding',
          reenter: true,
          actions: 'noteLinkWanted',
        },
        'link.unwanted': { target: 'released', actions: 'noteLinkReleased' },
      },
    },
    released: {
      description: 'A call went unanswered: without their client both daemons undo what they hold.',
      on: { 'link.wanted': { target: 'holding', actions: 'noteLinkWanted' } },
    },
    failed: {
      description: 'No connection could be opened.',
      on: {
        'link.wanted': { target: 'holding', actions: 'noteLinkWanted' },
        'link.unwanted': { target: 'released', actions: 'noteLinkReleased' },
      },
    },
  },
} as const;
