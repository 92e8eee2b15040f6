import { fileOrder } from '../policy/cold-snapshot/orders.ts';
import { noteEnding } from './one-host-frame.ts';

/** The guest comes first: files go when it is safe without them, each on its own. */
export const cleaning = {
  id: 'cleaning',
  description: 'Drafts, overlays that nothing names and images that are worth nothing are removed.',
  initial: 'choosing',
  states: {
    choosing: {
      description: 'File by file; one that cannot be removed keeps no other one.',
      always: [
        { guard: 'hasFileToRemove', target: 'removing' },
        { guard: 'isStuck', target: '#needsOperator' },
        { guard: 'hasLostDevices', target: '#needsOperator' },
        { guard: 'hasFailed', target: '#releasing', actions: noteEnding('rolledBack') },
        { target: '#releasing', actions: noteEnding('completed') },
      ],
    },
    removing: {
      description: 'The file is removed.',
      meta: { call: 'unlink' },
      invoke: {
        id: 'removeFile',
        src: 'removeFile',
        input: fileOrder,
        onDone: { target: 'choosing', actions: 'noteRemoved' },
        onError: [
          { guard: 'mayRemoveYet', target: 'waiting', actions: 'noteRemovalFailed' },
          { target: 'choosing', actions: 'noteLeft' },
        ],
      },
    },
    waiting: {
      description: 'The host does not let it be removed yet, or does not answer.',
      after: { askAgain: 'choosing' },
    },
  },
} as const;
