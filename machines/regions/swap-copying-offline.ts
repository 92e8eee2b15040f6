import type { OfflineCopy } from '../policy/volume-swap/requests.ts';
import { offlineCopyRequest } from '../policy/volume-swap/requests.ts';
import { recordsFailure } from './one-host-frame.ts';

const copyOf = ({ event }: { readonly event: { readonly output: OfflineCopy } }) => event.output;

/** The guest is off: nobody writes, and qemu-img's locks keep it so. */
export const copyingOffline = {
  id: 'copyingOffline',
  description:
    'The domain is shut off: qemu-img copies each disk, and holds off a start meanwhile.',
  tags: ['abortable'],
  initial: 'choosing',
  states: {
    choosing: {
      description: 'Disk by disk; a guest that was started meanwhile has its old volumes.',
      always: [
        { guard: 'isOn', target: '#cancelling', actions: 'recordStarted' },
        { guard: 'hasNextToCopy', target: 'converting', actions: 'expectConversion' },
        { target: '#persisting' },
      ],
    },
    converting: {
      description: 'Everything that the guest could read, into its new volume.',
      meta: { call: 'qemu-img convert -n' },
      on: { 'abort.requested': { target: '#cancelling', actions: 'recordAbort' } },
      invoke: {
        id: 'copyOffline',
        src: 'copyOffline',
        input: offlineCopyRequest,
        onDone: { target: 'choosing', actions: { type: 'noteCopied', params: copyOf } },
        onError: { target: '#cancelling', actions: recordsFailure },
      },
    },
  },
} as const;
