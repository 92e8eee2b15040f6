import type { RemovedFiles } from '../policy/domain-snapshot/requests.ts';

interface Removed {
  readonly event: { readonly output: RemovedFiles };
}

export const removedOf = ({ event }: Removed) => event.output;

/** Only files of this run, and only those that nothing uses; then `#concluding`. */
export const tidyingFiles = <Input, Actions>(
  description: string,
  input: Input,
  whenRemoved: Actions,
) =>
  ({
    id: 'tidying',
    description,
    tags: ['rollingBack'],
    initial: 'choosing',
    after: {
      peerWait: [
        { guard: 'isLate', target: '#tidying', reenter: true },
        { target: '#concluding', actions: 'noteFilesLeft' },
      ],
    },
    states: {
      choosing: {
        description: 'Is anything left?',
        always: [{ guard: 'hasFilesLeft', target: 'removing' }, { target: '#concluding' }],
      },
      removing: {
        description:
          'What nothing uses is removed, after QEMU has let go of what it was left open; what is in use is told.',
        meta: { call: 'blockdev-del, unlink, virStorageVolDelete' },
        invoke: {
          id: 'removeSnapshotFiles',
          src: 'removeSnapshotFiles',
          input,
          onDone: { target: '#concluding', actions: whenRemoved },
          onError: 'waiting',
        },
      },
      waiting: {
        description: 'The host does not answer; it is asked again.',
        after: { askAgain: 'removing' },
      },
    },
  }) as const;
