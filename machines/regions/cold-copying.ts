import { copiedOf, copyOrder, failsWith, isUnknown } from '../policy/cold-snapshot/orders.ts';

/** Whole images of disks that stand still: the guest is off, or writes to overlays. */
export const copying = {
  id: 'copying',
  description: 'The disks are copied into images under draft names, which then get their own.',
  initial: 'choosing',
  on: {
    'abort.requested': { target: 'copied', actions: 'recordAbort' },
    // Over a base below an overlay it may start as often as it likes.
    'domain.started': {
      guard: 'isDisturbing',
      target: 'copied',
      actions: 'recordStarted',
    },
  },
  states: {
    choosing: {
      description: 'Disk by disk.',
      tags: ['abortable'],
      always: [
        { guard: 'hasFailed', target: '#copied' },
        { guard: 'hasDiskToCopy', target: 'converting', actions: 'expectStaged' },
        { target: '#copied' },
      ],
    },
    converting: {
      description: 'The whole chain of the disk goes into one file.',
      tags: ['abortable'],
      meta: { call: 'qemu-img convert', novaTaskState: 'image_pending_upload' },
      invoke: {
        id: 'copyDisk',
        src: 'copyDisk',
        input: copyOrder,
        onDone: { target: 'naming', actions: { type: 'expectImage', params: copiedOf } },
        onError: { target: '#copied', actions: failsWith },
      },
    },
    naming: {
      description: 'The whole file gets its name, never over one that stands.',
      meta: { call: 'rename' },
      // Whether it has its name decides what is taken away again: the answer is waited for.
      on: {
        'abort.requested': { actions: 'recordAbort' },
        'domain.started': { guard: 'isDisturbing', actions: 'recordStarted' },
      },
      invoke: {
        id: 'nameImage',
        src: 'nameImage',
        input: copyOrder,
        onDone: { target: 'choosing', actions: 'noteImage' },
        onError: [
          { guard: isUnknown, target: '#copied', actions: failsWith },
          { target: '#copied', actions: [failsWith, 'dropImage'] },
        ],
      },
    },
  },
} as const;

export const copied = {
  id: 'copied',
  description: 'The images are whole, or nothing came of them: the guest becomes what it was.',
  always: [
    {
      guard: 'wasActive',
      target: 'returning',
      actions: { type: 'aim', params: { goal: 'asBefore' } },
    },
    { target: 'cleaning' },
  ],
} as const;
